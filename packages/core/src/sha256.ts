// SHA-256 in plain TypeScript, for where there is neither node:crypto nor WebAssembly, and for the short strings of
// a ChainID where waiting for WebAssembly is not possible. FIPS 180-4, sections 4.1.2, 4.2.2, 5.1.1 and 6.2.

const ROUND_CONSTANTS = Uint32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2,
);

const INITIAL_HASH = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
] as const;

const BLOCK = 64;
/** Hash, count of bytes, and the block being filled. */
const STATE_LENGTH = 32 + 8 + BLOCK;

/** A running SHA-256. */
export class Sha256 {
  readonly #hash = Uint32Array.from(INITIAL_HASH);
  readonly #block = new Uint8Array(BLOCK);
  readonly #words = new Uint32Array(BLOCK);
  /** Bytes taken so far; exact to 2^53. */
  #count = 0;

  /** Takes more bytes. */
  update(bytes: Uint8Array): void {
    const filled = this.#count % BLOCK;
    this.#count += bytes.length;
    let at = 0;
    if (filled > 0) {
      at = Math.min(BLOCK - filled, bytes.length);
      this.#block.set(bytes.subarray(0, at), filled);
      if (filled + at < BLOCK) return;
      this.#compress(this.#block, 0);
    }
    for (; at + BLOCK <= bytes.length; at += BLOCK) this.#compress(bytes, at);
    this.#block.set(bytes.subarray(at));
  }

  /** Pads and answers the hash in hexadecimal. The object is spent: only {@link restore} may follow. */
  digest(): string {
    const count = this.#count;
    const padding = new Uint8Array(((119 - (count % BLOCK)) % BLOCK) + 9);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(count / 2 ** 29));
    view.setUint32(padding.length - 4, count << 3);
    this.update(padding);
    return Array.from(this.#hash, (word) => word.toString(16).padStart(8, '0')).join('');
  }

  /** The running state, for {@link restore}. */
  save(): Uint8Array {
    const state = new Uint8Array(STATE_LENGTH);
    const view = new DataView(state.buffer);
    this.#hash.forEach((word, index) => {
      view.setUint32(index * 4, word);
    });
    view.setFloat64(32, this.#count);
    state.set(this.#block, 40);
    return state;
  }

  /** Goes on from a state of {@link save}. Throws, and changes nothing, where it is none. */
  restore(state: Uint8Array): void {
    if (state.length !== STATE_LENGTH) throw new RangeError(`expected ${STATE_LENGTH} bytes`);
    const view = new DataView(state.buffer, state.byteOffset, state.length);
    const count = view.getFloat64(32);
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError('expected a count of bytes');
    for (let index = 0; index < 8; index += 1) this.#hash[index] = view.getUint32(index * 4);
    this.#count = count;
    this.#block.set(state.subarray(40));
  }

  #compress(bytes: Uint8Array, offset: number): void {
    const w = this.#words;
    for (let i = 0, at = offset; i < 16; i += 1, at += 4) {
      w[i] =
        (byte(bytes, at) << 24) |
        (byte(bytes, at + 1) << 16) |
        (byte(bytes, at + 2) << 8) |
        byte(bytes, at + 3);
    }
    for (let i = 16; i < BLOCK; i += 1) {
      const early = word(w, i - 15);
      const late = word(w, i - 2);
      const sigma0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
      const sigma1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
      w[i] = word(w, i - 16) + sigma0 + word(w, i - 7) + sigma1;
    }
    const hash = this.#hash;
    let a = word(hash, 0);
    let b = word(hash, 1);
    let c = word(hash, 2);
    let d = word(hash, 3);
    let e = word(hash, 4);
    let f = word(hash, 5);
    let g = word(hash, 6);
    let h = word(hash, 7);
    for (let i = 0; i < BLOCK; i += 1) {
      const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const choice = (e & f) ^ (~e & g);
      const t1 = (h + sum1 + choice + word(ROUND_CONSTANTS, i) + word(w, i)) | 0;
      const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const majority = (a & b) ^ (a & c) ^ (b & c);
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + sum0 + majority) | 0;
    }
    hash[0] = word(hash, 0) + a;
    hash[1] = word(hash, 1) + b;
    hash[2] = word(hash, 2) + c;
    hash[3] = word(hash, 3) + d;
    hash[4] = word(hash, 4) + e;
    hash[5] = word(hash, 5) + f;
    hash[6] = word(hash, 6) + g;
    hash[7] = word(hash, 7) + h;
  }
}

function rotate(value: number, by: number): number {
  return (value >>> by) | (value << (32 - by));
}

function word(words: Uint32Array, index: number): number {
  return words[index] as number;
}

function byte(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}
