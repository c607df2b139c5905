import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import type { Checkpoint } from './checkpoint.ts';
import { crc32 } from './crc32.ts';
import { deflateRaw } from './deflate-raw.ts';
import { WINDOW_SIZE } from './inflate-engine.ts';
import { createInflater } from './inflater.ts';

// Loaded on demand, as a file of its own.

// The form of a list of checkpoints: three letters and a version; then, deflated, how many there are, for each by how
// much its `in` and `out` are more than those of the one before, its `bits` and the length of its window, and after all
// of them the windows; then the CRC-32 of what was deflated, lowest byte first. Numbers are in groups of seven bits,
// lowest first, with the eighth bit set in all but the last one.

const MAGIC = [0x53, 0x57, 0x43] as const;
const VERSION = 1;
const HEAD_LENGTH = MAGIC.length + 1;
const CRC_LENGTH = 4;
/** The least that a checkpoint takes: four numbers of one byte. */
const LEAST_LENGTH = 4;

/** 256 MiB: that many windows in full are 8192, enough for 8 GiB of output at one checkpoint for each MiB. */
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/** See `encodeCheckpoints`. */
export async function writeCheckpoints(checkpoints: readonly Checkpoint[]): Promise<Bytes> {
  const numbers: number[] = [];
  const write = (value: number): void => {
    for (; value > 127; value = Math.floor(value / 128)) numbers.push((value % 128) + 128);
    numbers.push(value);
  };
  write(checkpoints.length);
  let before = { in: 0, out: 0 };
  for (const checkpoint of checkpoints) {
    const { bits, window } = checkpoint;
    if (!follows(checkpoint, before)) throw new StowageError('INVALID_ARGUMENT', 'not checkpoints in order');
    write(checkpoint.in - before.in);
    write(checkpoint.out - before.out);
    write(bits);
    write(window.length);
    before = checkpoint;
  }
  const content = new Uint8Array(
    checkpoints.reduce((length, { window }) => length + window.length, numbers.length),
  );
  content.set(numbers);
  let at = numbers.length;
  for (const { window } of checkpoints) {
    content.set(window, at);
    at += window.length;
  }
  const deflated = await deflateRaw(content);
  const encoded = new Uint8Array(HEAD_LENGTH + deflated.length + CRC_LENGTH);
  encoded.set([...MAGIC, VERSION]);
  encoded.set(deflated, HEAD_LENGTH);
  new DataView(encoded.buffer).setUint32(encoded.length - CRC_LENGTH, crc32(content), true);
  return encoded;
}

/** See `decodeCheckpoints`. */
export async function readCheckpoints(
  bytes: Bytes,
  maxBytes: number = DEFAULT_MAX_BYTES,
): Promise<Checkpoint[]> {
  if (MAGIC.some((byte, index) => bytes[index] !== byte) || bytes.length < HEAD_LENGTH + CRC_LENGTH) {
    throw invalid('they are none');
  }
  if (bytes[MAGIC.length] !== VERSION) {
    throw new StowageError(
      'UNSUPPORTED',
      `cannot read checkpoints of version ${String(bytes[MAGIC.length])}`,
    );
  }
  const content = await inflate(bytes.subarray(HEAD_LENGTH, -CRC_LENGTH), maxBytes);
  const { buffer, byteOffset, length } = bytes;
  const check = new DataView(buffer, byteOffset, length).getUint32(length - CRC_LENGTH, true);
  if (crc32(content) !== check) throw invalid('they are damaged');
  return parse(content);
}

async function inflate(deflated: Bytes, maxBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const inflater = await createInflater({
    format: 'raw',
    maxBytes,
    onOutput: (piece) => pieces.push(piece.slice()),
  });
  inflater.write(deflated);
  inflater.end();
  const content = new Uint8Array(inflater.bytesOut);
  let at = 0;
  for (const piece of pieces) {
    content.set(piece, at);
    at += piece.length;
  }
  return content;
}

function parse(content: Uint8Array): Checkpoint[] {
  let at = 0;
  const read = (): number => {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = content[at] ?? 0xff;
      at += 1;
      value += (byte & 127) * unit;
      if (!Number.isSafeInteger(value) || at > content.length) throw invalid('a number has no end');
      if (byte < 128) return value;
    }
  };
  const count = read();
  if (count * LEAST_LENGTH > content.length) throw invalid('there are fewer than they say');
  const heads: (Omit<Checkpoint, 'window'> & { readonly length: number })[] = [];
  let before = { in: 0, out: 0 };
  while (heads.length < count) {
    before = { in: before.in + read(), out: before.out + read() };
    heads.push({ ...before, bits: read(), length: read() });
  }
  before = { in: 0, out: 0 };
  const checkpoints = heads.map(({ length, ...head }) => {
    const checkpoint = { ...head, window: content.subarray(at, at + length) };
    at += length;
    if (!follows(checkpoint, before) || at > content.length) throw invalid('they are not in order');
    before = head;
    return checkpoint;
  });
  if (at !== content.length) throw invalid('there is more than they say');
  return checkpoints;
}

/** Whether a checkpoint is one, and lies behind another. */
function follows(
  { in: offset, out, bits, window }: Checkpoint,
  before: { readonly in: number; readonly out: number },
): boolean {
  return (
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(out) &&
    offset > before.in &&
    out > before.out &&
    [0, 1, 2, 3, 4, 5, 6, 7].includes(bits) &&
    window.length <= Math.min(WINDOW_SIZE, out)
  );
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARCHIVE', `invalid checkpoints: ${message}`);
}
