import type { DigestAlgorithm } from '@stowage/types';
import { HASH_PARAMETERS } from './hash-parameters.ts';

/** A hash under way. */
export interface HashState {
  /** Eight words, as {@link HashParameters.initial}. */
  readonly words: Uint32Array;
  /** Bytes taken so far. */
  readonly count: number;
  /** The bytes of the last block, which is not full yet: `count` modulo the size of a block. */
  readonly partial: Uint8Array;
}

// A saved state is the same for all backends, so that a hash begun by one goes on with another, in another process or
// runtime: the version of this format, the number of the algorithm, the count of bytes in 8 bytes, the eight words of
// the running hash, the bytes of the last block. All numbers are big-endian.

const VERSION = 1;
const NUMBERS: Readonly<Record<DigestAlgorithm, number>> = { sha256: 1, sha384: 2, sha512: 3 };
const HEADER = 2 + 8;

/** Writes a state so that {@link decodeHashState} can read it. */
export function encodeHashState(algorithm: DigestAlgorithm, state: HashState): Uint8Array {
  const words = wordsToBytes(algorithm, state.words);
  const bytes = new Uint8Array(HEADER + words.length + state.partial.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, NUMBERS[algorithm]);
  view.setBigUint64(2, BigInt(state.count));
  bytes.set(words, HEADER);
  bytes.set(state.partial, HEADER + words.length);
  return bytes;
}

/**
 * Reads a saved state; the bytes are copied.
 *
 * @throws `RangeError` when it is none, is of another algorithm or another version, or cannot have come about
 */
export function decodeHashState(algorithm: DigestAlgorithm, bytes: Uint8Array): HashState {
  const { block, word, initial } = HASH_PARAMETERS[algorithm];
  const rest = HEADER + 8 * word;
  if (bytes.length < rest) throw new RangeError('the state is too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint8(0) !== VERSION) throw new RangeError('the state is of another version');
  if (view.getUint8(1) !== NUMBERS[algorithm]) throw new RangeError('the state is of another algorithm');
  const count = Number(view.getBigUint64(2));
  if (!Number.isSafeInteger(count)) throw new RangeError('the state counts too many bytes');
  if (bytes.length !== rest + (count % block)) throw new RangeError('the state has a wrong length');
  const words = new Uint32Array(initial.length);
  for (let index = 0; index < words.length; index += 1) {
    words[index] = view.getUint32(HEADER + 4 * positionOf(index, word));
  }
  if (count < block && words.some((value, index) => value !== initial[index])) {
    throw new RangeError('the state has a hash before its first block');
  }
  return { words, count, partial: bytes.slice(rest) };
}

/** The eight words as FIPS 180-4 writes them: big-endian. Their first bytes are the hash once all is taken. */
export function wordsToBytes(algorithm: DigestAlgorithm, words: Uint32Array): Uint8Array {
  const { word } = HASH_PARAMETERS[algorithm];
  const bytes = new Uint8Array(8 * word);
  const view = new DataView(bytes.buffer);
  words.forEach((value, index) => {
    view.setUint32(4 * positionOf(index, word), value);
  });
  return bytes;
}

/** Where in big-endian order a number of the state stands: halves of a 64-bit word change places. */
function positionOf(index: number, word: number): number {
  return word === 8 ? index ^ 1 : index;
}
