// Bitstreams that are read from their end (RFC 8878, section 4.1): a position is how many bits are left.

/** How many bits a stream has, its final marker left out, or -1 where there is no marker. */
export function bitsOf(at: usize, end: usize): i32 {
  if (at >= end) return -1;
  const last = <u32>load<u8>(end - 1);
  return last == 0 ? -1 : (<i32>(end - at - 1) << 3) + 31 - clz(last);
}

/**
 * Up to 56 bits from `position` on, lowest first. A position below zero reads what is before the stream: the caller
 * looks at where its own position has come to before it uses any of it.
 */
@inline
export function bitsAt(base: usize, position: i32): u64 {
  return load<u64>(base + <usize>(position >> 3)) >> (position & 7);
}

@inline
export function lowBits(bits: u64, width: u64): u32 {
  return <u32>(bits & ~(<u64>-1 << width));
}
