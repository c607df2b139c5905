/** With more bits than these at hand no byte is read, so that they stay a small integer. */
export const ENOUGH_BITS = 22;

/** Reads the bits of a slice of input, the lowest bit of each byte first. The fields are open for loops that are hot. */
export class BitReader {
  input: Uint8Array = new Uint8Array(0);
  /** Where in the input to go on. */
  next = 0;
  /** Bits that were read and not used yet, the next one lowest, and how many. */
  bits = 0;
  count = 0;

  /** Reads bytes while few bits are at hand. Answers whether there are `need` bits, 23 at most. */
  pull(need: number): boolean {
    while (this.count <= ENOUGH_BITS && this.next < this.input.length) {
      this.bits |= (this.input[this.next] as number) << this.count;
      this.next += 1;
      this.count += 8;
    }
    return this.count >= need;
  }

  /** Uses up bits that are at hand. */
  take(width: number): number {
    const value = this.bits & ((1 << width) - 1);
    this.bits >>= width;
    this.count -= width;
    return value;
  }
}
