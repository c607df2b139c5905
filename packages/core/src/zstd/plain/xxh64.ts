// XXH64, the content checksum of zstd frames, with a seed of 0. Numbers of 64 bits are two of 32: BigInt is far slower.

type Pair = readonly [low: number, high: number];

const PRIME_1: Pair = [0x85ebca87, 0x9e3779b1];
const PRIME_2: Pair = [0x27d4eb4f, 0xc2b2ae3d];
const PRIME_3: Pair = [0x9e3779f9, 0x165667b1];
const PRIME_4: Pair = [0xc2b2ae63, 0x85ebca77];
const PRIME_5: Pair = [0x165667c5, 0x27d4eb2f];

/** A number of 64 bits that changes. */
class Word {
  low = 0;
  high = 0;

  set(low: number, high: number): this {
    this.low = low | 0;
    this.high = high | 0;
    return this;
  }

  add(low: number, high: number): this {
    const sum = (this.low + low) | 0;
    this.high = (this.high + high + (sum >>> 0 < low >>> 0 ? 1 : 0)) | 0;
    this.low = sum;
    return this;
  }

  multiply([low, high]: Pair): this {
    const [a, b, c, d] = [this.low & 0xffff, this.low >>> 16, low & 0xffff, low >>> 16];
    const middle = Math.imul(b, c) + (Math.imul(a, c) >>> 16);
    const cross = Math.imul(a, d) + (middle & 0xffff);
    const carried = Math.imul(b, d) + (middle >>> 16) + (cross >>> 16);
    this.high = (carried + Math.imul(this.low, high) + Math.imul(this.high, low)) | 0;
    this.low = Math.imul(this.low, low);
    return this;
  }

  xor(low: number, high: number): this {
    this.low ^= low;
    this.high ^= high;
    return this;
  }

  /** By less than 32 bits. */
  rotate(bits: number): this {
    const { low, high } = this;
    this.low = (low << bits) | (high >>> (32 - bits));
    this.high = (high << bits) | (low >>> (32 - bits));
    return this;
  }
}

const scratch = new Word();

function round(lane: Word, low: number, high: number): void {
  scratch.set(low, high).multiply(PRIME_2);
  lane.add(scratch.low, scratch.high).rotate(31).multiply(PRIME_1);
}

/** The hash of what it is given. */
export class Xxh64 {
  readonly #first = new Word();
  readonly #second = new Word();
  readonly #third = new Word();
  readonly #fourth = new Word();
  /** The bytes behind the last whole stripe. */
  readonly #rest = new Uint8Array(32);
  readonly #restView = new DataView(this.#rest.buffer);
  #length = 0;

  begin(): void {
    this.#first.set(...PRIME_1).add(...PRIME_2);
    this.#second.set(...PRIME_2);
    this.#third.set(0, 0);
    this.#fourth.set(-PRIME_1[0], ~PRIME_1[1]);
    this.#length = 0;
  }

  update(bytes: Uint8Array): void {
    let at = 0;
    const filled = this.#length % 32;
    this.#length += bytes.length;
    if (filled > 0) {
      at = Math.min(32 - filled, bytes.length);
      this.#rest.set(bytes.subarray(0, at), filled);
      if (filled + at < 32) return;
      this.#stripe(this.#restView, 0);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (; at + 32 <= bytes.length; at += 32) this.#stripe(view, at);
    this.#rest.set(bytes.subarray(at));
  }

  #stripe(view: DataView, at: number): void {
    round(this.#first, view.getInt32(at, true), view.getInt32(at + 4, true));
    round(this.#second, view.getInt32(at + 8, true), view.getInt32(at + 12, true));
    round(this.#third, view.getInt32(at + 16, true), view.getInt32(at + 20, true));
    round(this.#fourth, view.getInt32(at + 24, true), view.getInt32(at + 28, true));
  }

  /** The low 32 bits of the hash so far. */
  digest(): number {
    const hash = new Word();
    if (this.#length < 32) hash.set(...PRIME_5);
    else this.#join(hash);
    hash.add(this.#length >>> 0, Math.floor(this.#length / 2 ** 32));
    const view = this.#restView;
    const end = this.#length % 32;
    let at = 0;
    const taken = new Word();
    for (; at + 8 <= end; at += 8) {
      round(taken.set(0, 0), view.getInt32(at, true), view.getInt32(at + 4, true));
      hash
        .xor(taken.low, taken.high)
        .rotate(27)
        .multiply(PRIME_1)
        .add(...PRIME_4);
    }
    if (at + 4 <= end) {
      taken.set(view.getInt32(at, true), 0).multiply(PRIME_1);
      hash
        .xor(taken.low, taken.high)
        .rotate(23)
        .multiply(PRIME_2)
        .add(...PRIME_3);
      at += 4;
    }
    for (; at < end; at += 1) {
      taken.set(view.getUint8(at), 0).multiply(PRIME_5);
      hash.xor(taken.low, taken.high).rotate(11).multiply(PRIME_1);
    }
    // Shifted right by 33, 29 and 32 bits.
    hash.xor(hash.high >>> 1, 0).multiply(PRIME_2);
    hash.xor((hash.low >>> 29) | (hash.high << 3), hash.high >>> 29).multiply(PRIME_3);
    return (hash.low ^ hash.high) >>> 0;
  }

  #join(hash: Word): void {
    const lanes = [this.#first, this.#second, this.#third, this.#fourth];
    const part = new Word();
    for (const [index, lane] of lanes.entries()) {
      part.set(lane.low, lane.high).rotate([1, 7, 12, 18][index] as number);
      hash.add(part.low, part.high);
    }
    for (const { low, high } of lanes) {
      round(part.set(0, 0), low, high);
      hash
        .xor(part.low, part.high)
        .multiply(PRIME_1)
        .add(...PRIME_4);
    }
  }
}
