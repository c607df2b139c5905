import { isStowageError } from '@stowage/types';
import type { Bytes, ErrorCode } from '@stowage/types';
import { scanTar } from '../tar/scan-tar.ts';
import type { TarLimits } from '../tar/scan-tar.ts';
import type { TarHeader } from '../tar/tar-header.ts';
import { join } from './bytes.ts';

export { join } from './bytes.ts';

// Tar archives made by hand, so that what no good writer writes can be tried too.

const encoder = new TextEncoder();

/** The magic of GNU's own layout. */
export const GNU = 'ustar  \0';
/** The end of an archive. */
export const END: Bytes = new Uint8Array(1024);

/** The fields of a header block, as they are written. */
export interface RawBlock {
  readonly name?: string | Bytes;
  readonly flag?: string;
  readonly size?: string | Bytes | number;
  readonly mode?: string;
  readonly mtime?: string | Bytes;
  readonly uid?: string | Bytes;
  readonly linkname?: string;
  readonly magic?: string;
  readonly owners?: readonly [string, string];
  readonly devices?: readonly [string, string];
  readonly prefix?: string;
  /** Anything else, by its place. */
  readonly more?: Readonly<Record<number, string | Bytes>>;
  /** Whether the checksum is that of signed bytes. */
  readonly signed?: boolean;
}

/** A header block with a checksum that is right. */
export function block(raw: RawBlock = {}): Bytes {
  const bytes = new Uint8Array(512);
  const put = (at: number, value: string | Bytes): void => {
    bytes.set(typeof value === 'string' ? encoder.encode(value) : value, at);
  };
  const [uname, gname] = raw.owners ?? ['', ''];
  const [major, minor] = raw.devices ?? ['', ''];
  put(0, raw.name ?? 'file');
  put(100, raw.mode ?? '0000644\0');
  put(108, raw.uid ?? '0000000\0');
  put(116, '0000000\0');
  put(124, typeof raw.size === 'number' ? octal(raw.size) : (raw.size ?? octal(0)));
  put(136, raw.mtime ?? octal(0));
  put(148, '        ');
  put(156, raw.flag ?? '0');
  put(157, raw.linkname ?? '');
  put(257, raw.magic ?? 'ustar\x0000');
  put(265, uname);
  put(297, gname);
  put(329, major);
  put(337, minor);
  put(345, raw.prefix ?? '');
  for (const [at, value] of Object.entries(raw.more ?? {})) put(Number(at), value);
  const sum = bytes.reduce((all, byte) => all + (raw.signed === true && byte > 127 ? byte - 256 : byte), 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return bytes;
}

/** A number as most fields of twelve bytes have it. */
export function octal(value: number): string {
  return `${value.toString(8).padStart(11, '0')}\0`;
}

/** Content and the zeros after it. */
export function padded(content: string | Bytes): Bytes {
  const bytes = typeof content === 'string' ? encoder.encode(content) : content;
  const all = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
  all.set(bytes);
  return all;
}

/** An extension header of any kind. */
export function extension(flag: string, data: string | Bytes): Bytes {
  const content = typeof data === 'string' ? encoder.encode(data) : data;
  return join(block({ name: 'extension', flag, size: content.length }), padded(content));
}

/** Records of a pax header. */
export function pax(...records: readonly (readonly [string, string | Bytes])[]): Bytes {
  return join(
    ...records.map(([key, value]) => {
      const content = typeof value === 'string' ? encoder.encode(value) : value;
      const rest = encoder.encode(key).length + content.length + 3;
      let length = rest + 1;
      while (String(length).length + rest !== length) length = String(length).length + rest;
      return join(encoder.encode(`${String(length)} ${key}=`), content, encoder.encode('\n'));
    }),
  );
}

/** A pax header for the next entry. */
export function paxHeader(...records: readonly (readonly [string, string | Bytes])[]): Bytes {
  return extension('x', pax(...records));
}

/** Segments as the old GNU format writes them. */
function gnuSegments(pairs: readonly (readonly [number, number])[]): string {
  return pairs.map(([offset, size]) => octal(offset) + octal(size)).join('');
}

/** The fields of an old GNU sparse header. */
export function gnuSparse(
  realSize: number,
  pairs: readonly (readonly [number, number])[],
  isExtended = false,
): Readonly<Record<number, string>> {
  return { 386: gnuSegments(pairs), 482: isExtended ? '\x01' : '\0', 483: octal(realSize) };
}

/** A block of an old GNU sparse map. */
export function gnuSparseBlock(pairs: readonly (readonly [number, number])[], isExtended = false): Bytes {
  const bytes = join(new TextEncoder().encode(gnuSegments(pairs).padEnd(512, '\0')));
  bytes[504] = isExtended ? 1 : 0;
  return bytes;
}

/** Every entry, and its stored content as Latin-1. */
export function scan(
  archive: Bytes,
  limits?: TarLimits,
  pieces: readonly number[] = [],
): [TarHeader, string][] {
  const found: [TarHeader, string][] = [];
  const decoder = new TextDecoder('latin1');
  const scanner = scanTar({
    onEntry: (header) => found.push([header, '']),
    onContent: (bytes, header) => {
      const last = found.at(-1);
      if (last?.[0] !== header) throw new Error('content of another entry');
      last[1] += decoder.decode(bytes);
    },
    limits,
  });
  let at = 0;
  for (const piece of pieces) {
    scanner.write(archive.subarray(at, at + piece));
    at += piece;
  }
  scanner.write(archive.subarray(at));
  scanner.end();
  return found;
}

/** Every header. */
export function headers(archive: Bytes): TarHeader[] {
  return scan(archive).map(([header]) => header);
}

/** The code that work fails with; `undefined` where it does not, or with something else. */
export function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work();
  } catch (error) {
    return isStowageError(error) ? error.code : undefined;
  }
  return undefined;
}
