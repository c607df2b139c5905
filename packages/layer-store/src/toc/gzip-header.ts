import type { AbortOptions } from '@stowage/types';
import { readPart } from './blob-range.ts';
import type { Blob } from './blob-range.ts';
import { invalidToc } from './toc-error.ts';

/** More than any header has: the fields of variable length are names and an extra field of 64 KiB at most. */
const MOST = 128 * 1024;

const FLAG = { headerCheck: 2, extra: 4, name: 8, comment: 16 } as const;

/** How long the header of a gzip member is that a blob begins with (RFC 1952, section 2.3). */
export async function gzipHeaderLength(blob: Blob, options: AbortOptions): Promise<number> {
  const bytes = await readPart(blob, 0, Math.min(MOST, blob.descriptor.size), options);
  const flags = bytes[3] ?? 0;
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8)
    throw invalidToc('the layer is not compressed with gzip');
  let at = 10;
  if ((flags & FLAG.extra) !== 0) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const text of [FLAG.name, FLAG.comment]) {
    if ((flags & text) === 0) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) throw invalidToc('the layer is not compressed with gzip');
    at = end + 1;
  }
  return (flags & FLAG.headerCheck) === 0 ? at : at + 2;
}
