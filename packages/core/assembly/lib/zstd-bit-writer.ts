// Bitstreams that are read from their end (RFC 8878, section 4.1), and those that are read from their beginning.

export class Bits {
  static at: usize = 0;
  static word: u64 = 0;
  static count: u64 = 0;
}

export function beginBits(at: usize): void {
  Bits.at = at;
  Bits.word = 0;
  Bits.count = 0;
}

/** Adds bits; no more than 56 may wait. */
@inline
export function addBits(bits: u64, width: u64): void {
  Bits.word |= bits << Bits.count;
  Bits.count += width;
}

/** Writes whole bytes. */
@inline
export function flushBits(): void {
  store<u64>(Bits.at, Bits.word);
  Bits.at += <usize>(Bits.count >> 3);
  Bits.word >>= Bits.count & 56;
  Bits.count &= 7;
}

/** Writes what is left of a byte and answers the end. */
export function endBits(): usize {
  flushBits();
  return Bits.at + (Bits.count > 0 ? 1 : 0);
}

/** Ends a stream that is read from its end: a bit marks it. */
export function markEnd(): usize {
  addBits(1, 1);
  return endBits();
}
