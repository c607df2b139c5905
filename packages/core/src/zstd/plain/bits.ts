// Bits of the streams of zstd (RFC 8878, section 4.1), which are read from their end: a position is how many bits are left.

/** What arrays must have before a stream: as much of it may be read, not used, where a stream ends early. */
export const BEFORE_STREAM = 32;

/** How many bits a stream has, its final marker left out, or -1 where there is no marker. */
export function bitsOf(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  const last = bytes[end - 1] as number;
  return last === 0 ? -1 : (end - at - 1) * 8 + 31 - Math.clz32(last);
}

/**
 * Up to 25 bits from `position` on, lowest first. A position below zero reads what is before the stream: the caller looks
 * at where its own position has come to before it uses any of it.
 */
export function bitsAt(bytes: Uint8Array, base: number, position: number, width: number): number {
  return (wordAt(bytes, base + (position >> 3)) >>> (position & 7)) & ((1 << width) - 1);
}

/** As {@link bitsAt}, for up to 32 bits. */
export function manyBitsAt(bytes: Uint8Array, base: number, position: number, width: number): number {
  if (width <= 25) return bitsAt(bytes, base, position, width);
  const upper = bitsAt(bytes, base, position + 16, width - 16);
  return bitsAt(bytes, base, position, 16) + upper * 65_536;
}

/** Four bytes as a number, the lowest first. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
