// The symbols of lengths and distances and their extra bits (RFC 1951, section 3.2.5).

import { LENGTH_SYMBOLS } from './deflate-layout';

/** Extra bits of a length symbol, counted from 257. */
export function lengthExtra(symbol: i32): i32 {
  return symbol < 8 || symbol == 28 ? 0 : (symbol >> 2) - 1;
}

/** The shortest length, less 3, of a length symbol, counted from 257. */
export function lengthBase(symbol: i32): i32 {
  if (symbol == 28) return 255;
  return symbol < 8 ? symbol : (4 + (symbol & 3)) << lengthExtra(symbol);
}

@inline
export function distanceExtra(symbol: i32): i32 {
  return max(symbol >> 1, 1) - 1;
}

/** The symbol of a distance, less 1. */
@inline
export function distanceSymbol(distance: i32): i32 {
  if (distance < 2) return distance;
  const top = 31 - clz(distance);
  return (top << 1) + ((distance >> (top - 1)) & 1);
}

export function makeLengthSymbols(): void {
  for (let symbol = 0; symbol < 29; symbol++) {
    const base = lengthBase(symbol);
    // The last length has a symbol of its own, although the one before it reaches as far.
    memory.fill(LENGTH_SYMBOLS + base, <u8>symbol, 1 << lengthExtra(symbol));
  }
}
