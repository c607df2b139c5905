import { createDigester, encodeTarText } from '@stowage/core';
import type { Checkpoint } from '@stowage/core';
import { formatGoTime, StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, ContentReader, Descriptor, Digest, LayerEntry } from '@stowage/types';
import { BlobRange } from './blob-range.ts';
import { FlatWriter } from './flat-writer.ts';
import type { FlatField, FlatReference } from './flat-writer.ts';
import { gzipHeaderLength } from './gzip-header.ts';
import { encodeCheckpoints, wholeByte } from './ztoc-spans.ts';

/** What {@link writeZtoc} takes. */
export interface WriteZtocInit {
  /** Has the layer, which is read once, to hash what lies between checkpoints. */
  readonly content: Pick<ContentReader, 'open'>;
  /** A layer compressed with gzip. */
  readonly descriptor: Descriptor;
  /** Bytes of its tar. */
  readonly diffSize: number;
  /** Its entries in the order of the tar, each with its offset in it. */
  readonly entries: Iterable<LayerEntry> | AsyncIterable<LayerEntry>;
  /** Of its gzip stream, in order, as `createInflater` of `@stowage/core` takes them. One for each 4 MiB is usual. */
  readonly checkpoints: readonly Checkpoint[];
}

const VERSION = '0.9';
const TOOL = 'stowage';
const GZIP = 1;
const MAX_ID = 2 ** 32 - 1;

/**
 * Writes SOCI's table of contents for a layer, for `openTocLayer` and for the SOCI snapshotter, which reads layers of one
 * gzip member only. The form has no sparse files, so that a layer with any is refused.
 *
 * @param init the layer, its entries and its checkpoints
 * @param options a signal
 * @returns a blob of the media type `application/octet-stream`
 * @throws `INVALID_ARCHIVE` for a layer that is not compressed with gzip, `INVALID_ARGUMENT` for checkpoints that are not in
 *   order, `UNSUPPORTED` for a sparse file and for owners beyond 2^32, `NOT_FOUND`, `DATA_LOSS`
 *
 * @example
 * ```ts
 * import { collect, createTarWriter, gzip, streamOf } from '@stowage/core';
 * import { openLayerStore, openTocLayer, writeZtoc } from '@stowage/layer-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const storage = createMemoryStorage();
 * const { content } = storage;
 * const layers = await openLayerStore({ storage });
 * const tar = createTarWriter();
 * const parts = [...tar.entry({ name: 'motd' }, new TextEncoder().encode('hello')), tar.end()];
 * const stored = await layers.register(streamOf(...parts).pipeThrough(gzip()));
 *
 * const { descriptor, diffId, diffSize } = stored;
 * const entries = stored.entries();
 * const ztoc = await writeZtoc({ content, descriptor, diffSize, entries, checkpoints: [] });
 * const layer = await openTocLayer({ content, descriptor, diffId, ztoc });
 * const motd = await collect(await layer.readFile('motd'), { maxBytes: 1024 });
 * console.log(new TextDecoder().decode(motd)); // hello
 * ```
 */
export async function writeZtoc(init: WriteZtocInit, options: AbortOptions = {}): Promise<Bytes> {
  options.signal?.throwIfAborted();
  const { content, descriptor, diffSize } = init;
  const start = await gzipHeaderLength({ content, descriptor }, options);
  const first: Checkpoint = { in: start, bits: 0, out: 0, window: new Uint8Array(0) };
  const checkpoints = [first, ...init.checkpoints];
  checkOrder(checkpoints, descriptor.size);
  const digests = await spanDigests(init, checkpoints, options);
  const files: FlatReference[] = [];
  for await (const entry of init.entries) files.push({ table: fieldsOf(entry) });
  return new FlatWriter().write([
    textOf(VERSION),
    textOf(TOOL),
    longOf(descriptor.size),
    longOf(diffSize),
    { table: [{ list: files }] },
    {
      table: [
        { int: 1, value: GZIP },
        { int: 4, value: digests.length - 1 },
        { list: digests.map(textOf) },
        { bytes: encodeCheckpoints(checkpoints), text: false },
      ],
    },
  ]);
}

function checkOrder(checkpoints: readonly Checkpoint[], size: number): void {
  checkpoints.reduce((before, checkpoint) => {
    if (checkpoint.in <= before.in || checkpoint.out <= before.out || wholeByte(checkpoint) > size) {
      throw new StowageError('INVALID_ARGUMENT', 'not checkpoints of the layer in order');
    }
    return checkpoint;
  });
}

/** Hashes what lies between checkpoints; a byte that two of them share belongs to both. */
async function spanDigests(
  { content, descriptor }: WriteZtocInit,
  checkpoints: readonly Checkpoint[],
  options: AbortOptions,
): Promise<Digest[]> {
  const digests: Digest[] = [];
  const start = checkpoints[0]?.in ?? 0;
  const range = await BlobRange.open({ content, descriptor }, start, descriptor.size, options);
  try {
    let at = start;
    let shared: Bytes = new Uint8Array(0);
    for (const [index, checkpoint] of checkpoints.entries()) {
      const next = checkpoints[index + 1];
      const end = next === undefined ? descriptor.size : wholeByte(next);
      const digester = await createDigester();
      digester.update(shared.subarray(shared.length - (at - checkpoint.in)));
      for await (const bytes of range.take(at, end)) {
        digester.update(bytes);
        shared = bytes.slice(-1);
      }
      digests.push(digester.digest());
      at = end;
    }
  } finally {
    await range.cancel();
  }
  return digests;
}

function fieldsOf(entry: LayerEntry): FlatField[] {
  if ('sparse' in entry) throw new StowageError('UNSUPPORTED', `a ztoc of a sparse file: ${entry.path}`);
  const { path, type, size, linkname, mode, uid, gid, mtime, devmajor, devminor, xattrs } = entry;
  if (uid > MAX_ID || gid > MAX_ID) throw new StowageError('UNSUPPORTED', `a ztoc with the owner of ${path}`);
  const seconds = Math.floor(mtime);
  const nanoseconds = Math.min(999_999_999, Math.round((mtime - seconds) * 1e9));
  return [
    textOf(type === 'dir' ? `${path === '' ? '.' : path}/` : path),
    // The other types have one name in both.
    textOf(type === 'file' ? 'reg' : type),
    longOf(entry.offset),
    longOf(size),
    textOf(linkname ?? ''),
    longOf(mode),
    { int: 4, value: uid },
    { int: 4, value: gid },
    textOf(''),
    textOf(''),
    textOf(formatGoTime({ seconds, nanoseconds, offset: 0 })),
    longOf(devmajor ?? 0),
    longOf(devminor ?? 0),
    {
      list: Object.entries(xattrs ?? {})
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => ({ table: [textOf(`SCHILY.xattr.${key}`), textOf(value)] })),
    },
  ];
}

function textOf(text: string): FlatReference {
  return { bytes: encodeTarText(text), text: true };
}

function longOf(value: number): FlatField {
  return { int: 8, value };
}
