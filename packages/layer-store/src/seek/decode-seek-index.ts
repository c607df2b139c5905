import { crc32, createInflater, DEFAULT_TAR_LIMITS, decodeCheckpoints } from '@stowage/core';
import type { Checkpoint } from '@stowage/core';
import { asDigest, isDigest, isStowageError, StowageError } from '@stowage/types';
import type { Bytes, Digest, DiffID, LayerEntry } from '@stowage/types';
import { ByteReader, invalidIndex } from './byte-reader.ts';
import { LEAST_ENTRY } from './entry-form.ts';
import { EntryReader } from './entry-reader.ts';
import type { DecodeSeekIndexOptions, SeekIndex, SeekPoints } from './seek-index.ts';
import { CHECK_LENGTH, FORMATS, MAGIC, MAX_DIGEST_LENGTH, VERSION } from './seek-index-form.ts';

/** Of inflated entries: what the most names that a layer may have take, at three bytes for a character. */
const DEFAULT_MAX_ENTRY_BYTES = 1 << 30;
const DEFAULT_MAX_CHECKPOINT_BYTES = 128 * 1024 * 1024;

/** An index of which only the head has been looked at, and which is whole. */
export interface OpenSeekIndex extends Omit<SeekIndex, 'entries' | 'checkpoints'> {
  readEntries(): Promise<LayerEntry[]>;
  readCheckpoints(): Promise<readonly Checkpoint[]>;
}

/**
 * Reads what `encodeSeekIndex` wrote. That an index is whole says nothing about who made it: paths pass the same gate
 * as those of a layer, and what it points at is inside of the layer, but only the tar stream tells whether it is true.
 *
 * @param bytes all of it
 * @param options how much there may be
 * @throws `INVALID_ARCHIVE` for bytes that are damaged or no seek index, `UNSUPPORTED` for one of a later version,
 *   `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { createMemoryStorage } from '@stowage/storage';
 * import { buildSeekIndex, decodeSeekIndex, EMPTY_LAYER } from '@stowage/layer-store';
 *
 * const content = { open: () => EMPTY_LAYER.tarStream() };
 * const bytes = await buildSeekIndex({ content, descriptor: EMPTY_LAYER.descriptor });
 * console.log((await decodeSeekIndex(bytes)).entries); // []
 * ```
 */
export async function decodeSeekIndex(
  bytes: Bytes,
  options: DecodeSeekIndexOptions = {},
): Promise<SeekIndex> {
  const open = openSeekIndex(bytes, options);
  const { diffId, diffSize, blob, format } = open;
  const entries = await open.readEntries();
  return { diffId, diffSize, blob, format, entries, checkpoints: await open.readCheckpoints() };
}

/** As {@link decodeSeekIndex}, entries and checkpoints only when they are asked for. */
export function openSeekIndex(bytes: Bytes, options: DecodeSeekIndexOptions = {}): OpenSeekIndex {
  const input = new ByteReader(checked(bytes));
  const diffId = readDigest(input) as DiffID;
  const diffSize = input.count();
  const digest = readDigest(input);
  const size = input.count();
  const format = FORMATS[input.count()];
  if (format === undefined) throw invalidIndex('the layer is of no known format');
  const entryCount = input.count();
  const entryBytes = input.count();
  const [packedLength, pointsLength] = [input.count(), input.count()];
  const packed = input.raw(packedLength);
  const points = input.raw(pointsLength);
  if (input.left > 0) throw invalidIndex('there is more than it says');
  const { maxEntries = DEFAULT_TAR_LIMITS.maxEntries, maxCheckpointBytes } = options;
  const { maxEntryBytes = DEFAULT_MAX_ENTRY_BYTES } = options;
  if (entryCount > maxEntries || entryBytes > maxEntryBytes) {
    const words = `${String(entryCount)} entries of ${String(entryBytes)} bytes`;
    throw new StowageError('LIMIT_EXCEEDED', `a seek index of ${words}`);
  }
  if (entryCount * LEAST_ENTRY > entryBytes) throw invalidIndex('it has fewer entries than it says');
  const head = { diffId, diffSize, blob: { digest, size }, format };
  return {
    ...head,
    readEntries: async () => entriesOf(await inflated(packed, entryBytes), entryCount, diffSize),
    readCheckpoints: () => checkpointsOf(points, head, maxCheckpointBytes),
  };
}

/** What is before the CRC, without magic and version. */
function checked(bytes: Bytes): Bytes {
  const start = MAGIC.length + 1;
  if (bytes.length < start + CHECK_LENGTH || MAGIC.some((byte, at) => bytes[at] !== byte))
    throw invalidIndex('it is none');
  const version = bytes[MAGIC.length];
  if (version !== VERSION)
    throw new StowageError('UNSUPPORTED', `cannot read a seek index of version ${String(version)}`);
  const end = bytes.length - CHECK_LENGTH;
  const check = new DataView(bytes.buffer, bytes.byteOffset + end, CHECK_LENGTH).getUint32(0, true);
  if (crc32(bytes.subarray(0, end)) !== check) throw invalidIndex('it is damaged');
  return bytes.subarray(start, end);
}

function readDigest(input: ByteReader): Digest {
  const length = input.count();
  if (length > MAX_DIGEST_LENGTH) throw invalidIndex('a digest is too long');
  const text = String.fromCharCode(...input.raw(length));
  if (!isDigest(text)) throw invalidIndex('a digest is none');
  return asDigest(text);
}

async function inflated(packed: Bytes, length: number): Promise<Bytes> {
  // Nothing is reserved for what it only says it has.
  const pieces: Bytes[] = [];
  const inflater = await createInflater({
    maxBytes: length,
    onOutput: (piece) => pieces.push(piece.slice()),
  });
  try {
    inflater.write(packed);
    inflater.end();
  } catch (error) {
    inflater.free();
    throw isStowageError(error) ? invalidIndex('its entries cannot be inflated', error) : error;
  }
  if (inflater.bytesOut !== length) throw invalidIndex('its entries are not as long as it says');
  const bytes = new Uint8Array(length);
  pieces.reduce((at, piece) => (bytes.set(piece, at), at + piece.length), 0);
  return bytes;
}

function entriesOf(bytes: Bytes, count: number, diffSize: number): LayerEntry[] {
  const { maxNameLength, maxTotalText } = DEFAULT_TAR_LIMITS;
  const reader = new EntryReader(bytes, { maxPathBytes: 3 * maxNameLength, maxTotalText, diffSize });
  const entries: LayerEntry[] = [];
  while (entries.length < count) entries.push(reader.next());
  if (reader.left > 0) throw invalidIndex('it has more entries than it says');
  return entries;
}

/** Checkpoints of a blob; within it, and within its layer. */
async function checkpointsOf(
  bytes: Bytes,
  { blob, format, diffSize }: Omit<SeekPoints, 'checkpoints'>,
  maxBytes = DEFAULT_MAX_CHECKPOINT_BYTES,
): Promise<readonly Checkpoint[]> {
  if (bytes.length === 0) return [];
  const checkpoints = await decodeCheckpoints(bytes, { maxBytes });
  const last = checkpoints.at(-1);
  const sound =
    last === undefined ||
    (format !== 'plain' &&
      last.in <= blob.size &&
      last.out <= diffSize &&
      (format === 'gzip' || checkpoints.every(({ bits, window }) => bits === 0 && window.length === 0)));
  if (!sound) throw invalidIndex('its checkpoints are not in the layer');
  return checkpoints;
}
