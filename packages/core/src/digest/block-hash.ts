import type { DigestAlgorithm } from '@stowage/types';
import { HASH_PARAMETERS } from './hash-parameters.ts';
import { decodeHashState, encodeHashState, wordsToBytes } from './hash-state.ts';
import { toHex } from './hex.ts';
import type { ResumableHash } from './running-hash.ts';

/** Takes blocks of bytes, from the first byte on, into the words of a running hash. */
export type Compress = (words: Uint32Array, bytes: Uint8Array, blocks: number) => void;

/**
 * A running hash of the SHA-2 family around its compression function: cuts bytes into blocks, counts and pads (FIPS
 * 180-4, section 5). Between calls the whole state is here, so that compression functions can be shared.
 */
export class BlockHash implements ResumableHash {
  readonly #algorithm: DigestAlgorithm;
  readonly #compress: Compress;
  readonly #words: Uint32Array;
  /** The block being filled. */
  readonly #block: Uint8Array;
  /** Bytes taken so far; exact to 2^53. */
  #count = 0;

  constructor(algorithm: DigestAlgorithm, compress: Compress) {
    const { block, initial } = HASH_PARAMETERS[algorithm];
    this.#algorithm = algorithm;
    this.#compress = compress;
    this.#words = Uint32Array.from(initial);
    this.#block = new Uint8Array(block);
  }

  update(bytes: Uint8Array): void {
    const size = this.#block.length;
    const filled = this.#count % size;
    this.#count += bytes.length;
    let at = 0;
    if (filled > 0) {
      at = Math.min(size - filled, bytes.length);
      this.#block.set(bytes.subarray(0, at), filled);
      if (filled + at < size) return;
      this.#compress(this.#words, this.#block, 1);
    }
    const blocks = Math.floor((bytes.length - at) / size);
    if (blocks > 0) this.#compress(this.#words, at === 0 ? bytes : bytes.subarray(at), blocks);
    at += blocks * size;
    if (at < bytes.length) this.#block.set(bytes.subarray(at));
  }

  /** Pads and answers the hash. The object is spent: only {@link restore} may follow. */
  digest(): string {
    const { block, length, word } = HASH_PARAMETERS[this.#algorithm];
    const count = this.#count;
    const filled = count % block;
    // A one bit, zeros, and the count of bits in as many bytes as two words have.
    const padding = new Uint8Array((filled + 1 + 2 * word > block ? 2 * block : block) - filled);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(count / 2 ** 29));
    view.setUint32(padding.length - 4, count << 3);
    this.update(padding);
    return toHex(wordsToBytes(this.#algorithm, this.#words).subarray(0, length));
  }

  save(): Uint8Array {
    const partial = this.#block.subarray(0, this.#count % this.#block.length);
    return encodeHashState(this.#algorithm, { words: this.#words, count: this.#count, partial });
  }

  restore(state: Uint8Array): void {
    const { words, count, partial } = decodeHashState(this.#algorithm, state);
    this.#words.set(words);
    this.#count = count;
    this.#block.set(partial);
  }
}
