import { createTarWriter, streamOf } from '@stowage/core';
import type { AbortOptions, Bytes, ByteStream } from '@stowage/types';

/** A file of an archive that is to be written. */
export interface FileEntry {
  readonly type: 'file';
  readonly name: string;
  readonly size: number;
  /** Seconds since the epoch. Default 0. */
  readonly mtime?: number;
  /** The content; it is called once, when its turn has come. */
  readonly open: (options: AbortOptions) => Promise<ByteStream>;
}

/** Anything that stands in an archive. */
export type ArchiveEntry =
  | FileEntry
  | { readonly type: 'dir'; readonly name: string; readonly mtime?: number }
  | { readonly type: 'symlink'; readonly name: string; readonly linkname: string; readonly mtime?: number };

/** A file whose content is here. */
export function fileOf(name: string, bytes: Bytes, mtime = 0): FileEntry {
  return { type: 'file', name, size: bytes.length, mtime, open: () => Promise.resolve(streamOf(bytes)) };
}

/** Writes an archive, its entries in the order in which a walk through its folders meets them. */
export async function* writeEntries(
  entries: Iterable<ArchiveEntry>,
  options: AbortOptions,
): AsyncGenerator<Bytes, void, undefined> {
  const writer = createTarWriter();
  // A folder comes before what is in it, and before whatever only begins with its name.
  const byPath = [...entries].map((entry) => [entry.name.replaceAll('/', '\0'), entry] as const);
  byPath.sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [, entry] of byPath) {
    options.signal?.throwIfAborted();
    const { type, name, mtime = 0 } = entry;
    if (entry.type === 'file')
      yield* writer.stream({ name, size: entry.size, mtime }, await entry.open(options));
    else if (entry.type === 'symlink') yield* writer.entry({ name, type, linkname: entry.linkname, mtime });
    else yield* writer.entry({ name, type, mtime });
  }
  yield writer.end();
}
