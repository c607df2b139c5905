import { decodeTarText } from '@stowage/core';
import { isDigest, StowageError } from '@stowage/types';
import type { Bytes, Digest, LayerEntry } from '@stowage/types';
import { ATTRIBUTE_TEXT, countOf, EntryGate } from './entry-gate.ts';
import { FlatBuffer } from './flat-buffer.ts';
import type { FlatTable } from './flat-buffer.ts';
import { invalidToc } from './toc-error.ts';
import type { ResolvedTocLimits } from './toc.ts';
import { parseSpans, WINDOW_BYTES } from './ztoc-spans.ts';
import type { Span } from './ztoc-spans.ts';

// The schema of SOCI's tables (soci-snapshotter, `ztoc/fbs/ztoc.fbs`): the number of a field is its place in a table.

const ZTOC = { compressedSize: 2, uncompressedSize: 3, toc: 4, compression: 5 } as const;
const TOC = { metadata: 0 } as const;
const COMPRESSION = { algorithm: 0, maxSpan: 1, digests: 2, checkpoints: 3 } as const;
const FILE = {
  ...{ name: 0, type: 1, offset: 2, size: 3, linkname: 4, mode: 5, uid: 6, gid: 7 },
  ...{ mtime: 10, devmajor: 11, devminor: 12, xattrs: 13 },
} as const;
const ATTRIBUTE = { key: 0, value: 1 } as const;
const GZIP = 1;

/** What pax records of extended attributes begin with: all pax records of an entry are listed. */
const PAX_ATTRIBUTE = 'SCHILY.xattr.';
/** Tables of old have attributes under their own names: those of Linux begin like this. */
const LINUX_ATTRIBUTE = /^(?:user|security|trusted|system)\./;

/** What a ztoc tells of a layer. */
export interface Ztoc {
  readonly entries: readonly LayerEntry[];
  readonly spans: readonly Span[];
  /** Of the tar. */
  readonly uncompressedSize: number;
}

/**
 * Reads a ztoc. What SOCI puts after it, a list of files to fetch first, is passed over. `INVALID_ARCHIVE`,
 * `LIMIT_EXCEEDED`, `UNSUPPORTED` for one of a layer that is not compressed with gzip.
 *
 * @param compressedSize of the layer
 */
export function parseZtoc(bytes: Bytes, compressedSize: number, limits: ResolvedTocLimits): Ztoc {
  const { root } = new FlatBuffer(bytes);
  const [toc, compression] = [root.table(ZTOC.toc), root.table(ZTOC.compression)];
  if (toc === undefined || compression === undefined) throw invalidToc('it is no ztoc');
  const uncompressedSize = countOf(root.int64(ZTOC.uncompressedSize), 'the size of the layer');
  if (root.int64(ZTOC.compressedSize) !== compressedSize)
    throw invalidToc('it is that of a layer of another size');
  const algorithm = compression.int8(COMPRESSION.algorithm, GZIP);
  if (algorithm !== GZIP) throw new StowageError('UNSUPPORTED', `ztoc of compression ${algorithm}`);
  const checkpoints = compression.bytes(COMPRESSION.checkpoints);
  const digests: Digest[] = [];
  for (const digest of compression.texts(COMPRESSION.digests)) {
    // A checkpoint takes more than 32 KiB, a digest no more than an offset to one that was there before.
    if (digests.length * WINDOW_BYTES > checkpoints.length + WINDOW_BYTES) {
      throw invalidToc('more digests than checkpoints');
    }
    digests.push(digestOf(digest));
  }
  if (compression.int32(COMPRESSION.maxSpan) !== digests.length - 1) {
    throw invalidToc('another number of digests than of spans');
  }
  const spans = parseSpans({ checkpoints, digests, compressedSize, uncompressedSize }, limits);
  const gate = new EntryGate(limits.tar);
  const entries: LayerEntry[] = [];
  for (const file of toc.tables(TOC.metadata)) entries.push(entryOf(file, gate));
  checkOffsets(entries, uncompressedSize);
  return { entries, spans, uncompressedSize };
}

function entryOf(file: FlatTable, gate: EntryGate): LayerEntry {
  const text = (table: FlatTable, field: number): string => {
    const bytes = table.bytes(field);
    // Many fields may lead to one text.
    gate.expectText(bytes.length);
    return decodeTarText(bytes);
  };
  const xattrs: [string, string][] = [];
  for (const attribute of file.tables(FILE.xattrs)) {
    gate.expectText(ATTRIBUTE_TEXT);
    const key = text(attribute, ATTRIBUTE.key);
    const isPax = key.startsWith(PAX_ATTRIBUTE);
    if (!isPax && !LINUX_ATTRIBUTE.test(key)) continue;
    xattrs.push([isPax ? key.slice(PAX_ATTRIBUTE.length) : key, text(attribute, ATTRIBUTE.value)]);
  }
  return gate.admit({
    name: text(file, FILE.name),
    type: text(file, FILE.type),
    size: countOf(file.int64(FILE.size), 'a size'),
    mode: countOf(file.int64(FILE.mode), 'a mode'),
    uid: file.uint32(FILE.uid),
    gid: file.uint32(FILE.gid),
    mtime: text(file, FILE.mtime),
    linkname: text(file, FILE.linkname),
    devmajor: countOf(file.int64(FILE.devmajor), 'a device'),
    devminor: countOf(file.int64(FILE.devminor), 'a device'),
    xattrs,
    offset: countOf(file.int64(FILE.offset), 'an offset'),
  });
}

/** Contents lie one after the other in a tar. */
function checkOffsets(entries: readonly LayerEntry[], size: number): void {
  let end = 0;
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
    if (entry.offset < end) throw invalidToc('files that overlap');
    end = entry.offset + entry.size;
  }
  if (end > size) throw invalidToc('files beyond the end of the layer');
}

function digestOf(bytes: Bytes): Digest {
  const digest = decodeTarText(bytes.subarray(0, 200));
  if (!isDigest(digest)) throw invalidToc(`the digest of a span is ${JSON.stringify(digest.slice(0, 100))}`);
  return digest;
}
