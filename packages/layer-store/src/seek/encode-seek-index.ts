import { crc32, createCompressor, encodeCheckpoints } from '@stowage/core';
import type { Checkpoint } from '@stowage/core';
import type { Bytes } from '@stowage/types';
import { ByteWriter } from './byte-writer.ts';
import { EntryWriter } from './entry-writer.ts';
import type { SeekIndex } from './seek-index.ts';
import { FORMATS, MAGIC, VERSION } from './seek-index-form.ts';

/**
 * Writes a seek index in its compact form, version 1, to be kept beside a layer or to travel with it. The form is
 * described in `docs/seek-index.md`.
 *
 * @param index of a layer
 * @returns bytes for {@link decodeSeekIndex}; they may differ from runtime to runtime
 * @throws `INVALID_ARGUMENT` for entries or checkpoints that are not in order
 *
 * @example
 * ```ts
 * import { decodeSeekIndex, EMPTY_LAYER, encodeSeekIndex } from '@stowage/layer-store';
 *
 * const { diffId, diffSize, descriptor: blob } = EMPTY_LAYER;
 * const bytes = await encodeSeekIndex({ diffId, diffSize, blob, format: 'plain', entries: [], checkpoints: [] });
 * console.log((await decodeSeekIndex(bytes)).diffId === diffId); // true
 * ```
 */
export async function encodeSeekIndex(index: SeekIndex): Promise<Bytes> {
  const entries = new EntryWriter();
  for (const entry of index.entries) entries.add(entry);
  return assembleSeekIndex(index, entries);
}

/** As {@link encodeSeekIndex}, of entries that are written already. */
export async function assembleSeekIndex(
  { diffId, diffSize, blob, format, checkpoints }: Omit<SeekIndex, 'entries'>,
  entries: EntryWriter,
): Promise<Bytes> {
  const plain = entries.bytes();
  const packed = await gzipped(plain);
  const points = await encodedCheckpoints(checkpoints);
  const out = new ByteWriter();
  out.raw(Uint8Array.of(...MAGIC, VERSION));
  out.text(diffId);
  out.count(diffSize);
  out.text(blob.digest);
  out.count(blob.size);
  out.count(FORMATS.indexOf(format));
  out.count(entries.count);
  out.count(plain.length);
  out.count(packed.length);
  out.count(points.length);
  out.raw(packed);
  out.raw(points);
  const check = new DataView(new ArrayBuffer(4));
  check.setUint32(0, crc32(out.bytes()), true);
  out.raw(new Uint8Array(check.buffer));
  return out.bytes();
}

async function encodedCheckpoints(checkpoints: readonly Checkpoint[]): Promise<Bytes> {
  return checkpoints.length === 0 ? new Uint8Array(0) : encodeCheckpoints(checkpoints);
}

async function gzipped(bytes: Bytes): Promise<Bytes> {
  const out = new ByteWriter();
  const compressor = await createCompressor({
    onOutput: (piece) => {
      out.raw(piece);
    },
  });
  await compressor.write(bytes);
  await compressor.end();
  return out.bytes();
}
