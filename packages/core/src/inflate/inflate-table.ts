// Decoding tables of deflate's codes (RFC 1951, section 3.2) for the engine in plain TypeScript.

/** What symbols of a code mean. */
export type CodeKind = 'codeLengths' | 'literals' | 'distances';

// An entry of a table.
//   bits 0-4   how many bits of input it uses up
//   bits 5-8   how many extra bits follow; of a subtable, its width
//   bits 9-11  what it is; none of them: a length or a distance
//   bits 12-   the byte, the base that extra bits add to, or where the subtable begins
export const WIDTH_MASK = 31;
export const EXTRA_SHIFT = 5;
export const EXTRA_MASK = 15;
export const VALUE_SHIFT = 12;
export const LITERAL: number = 1 << 9;
export const SUBTABLE: number = 1 << 10;
/** The end of the block if its value is 0, else no code at all. */
export const SPECIAL: number = 1 << 11;
const INVALID = (1 << VALUE_SHIFT) | SPECIAL;

const LONGEST_CODE = 15;

/** Tables are looked up by as many bits as this; longer codes are in subtables. */
export const TABLE_BITS: Readonly<Record<CodeKind, number>> = {
  codeLengths: 7,
  literals: 11,
  distances: 9,
};

/** Room for every code: each subtable holds two codes or more, and is as wide as the longest code needs. */
export const TABLE_SIZE: Readonly<Record<CodeKind, number>> = {
  codeLengths: 1 << 7,
  literals: (1 << 11) + (288 >> 1) * (1 << 4),
  distances: (1 << 9) + (32 >> 1) * (1 << 6),
};

/**
 * Fills `table` for the code whose lengths are given. Answers whether it is a code: too many codes never are, and too
 * few only where there is no code at all, or, but for code lengths, a single one of one bit.
 */
export function buildTable(table: Int32Array, lengths: Uint8Array, kind: CodeKind): boolean {
  const counts = new Uint16Array(LONGEST_CODE + 1);
  for (const length of lengths) counts[length] = at(counts, length) + 1;
  const starts = new Uint16Array(LONGEST_CODE + 2);
  let longest = 0;
  let room = 1;
  for (let length = 1; length <= LONGEST_CODE; length += 1) {
    const codes = at(counts, length);
    if (codes > 0) longest = length;
    room = room * 2 - codes;
    if (room < 0) return false;
    starts[length + 1] = at(starts, length) + codes;
  }
  if (room > 0 && longest > 0 && (kind === 'codeLengths' || longest > 1)) return false;
  const ordered = new Uint16Array(lengths.length);
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue;
    ordered[at(starts, length)] = symbol;
    starts[length] = at(starts, length) + 1;
  }

  const width = TABLE_BITS[kind];
  const size = 1 << width;
  // zlib takes an empty code of code lengths for one of all zeros.
  if (room > 0) table.fill(kind === 'codeLengths' ? 1 : INVALID | 1, 0, size);
  const subWidth = Math.max(longest - width, 0);
  let subtable = size - (1 << subWidth);
  let prefix = -1;
  let next = 0;
  /** The next code, its first bit lowest. */
  let code = 0;
  for (let length = 1; length <= longest; length += 1) {
    for (let codes = at(counts, length); codes > 0; codes -= 1) {
      const entry = entryOf(kind, at(ordered, next), length > width ? length - width : length);
      if (length <= width) {
        for (let index = code; index < size; index += 1 << length) table[index] = entry;
      } else {
        if ((code & (size - 1)) !== prefix) {
          prefix = code & (size - 1);
          subtable += 1 << subWidth;
          table[prefix] = (subtable << VALUE_SHIFT) | SUBTABLE | (subWidth << EXTRA_SHIFT) | width;
        }
        for (let index = code >> width; index < 1 << subWidth; index += 1 << (length - width)) {
          table[subtable + index] = entry;
        }
      }
      next += 1;
      code = increment(code, length);
    }
  }
  return true;
}

/** The code after this one of `length` bits, both with their first bit lowest. */
function increment(code: number, length: number): number {
  let bit = 1 << (length - 1);
  while ((code & bit) !== 0) bit >>= 1;
  return bit === 0 ? 0 : (code & (bit - 1)) | bit;
}

/** What a symbol with a code of `length` bits, those of a subtable alone, is in a table. */
function entryOf(kind: CodeKind, symbol: number, length: number): number {
  if (kind === 'codeLengths') return (symbol << VALUE_SHIFT) | length;
  let base: number;
  let extra = 0;
  if (kind === 'literals') {
    if (symbol < 256) return (symbol << VALUE_SHIFT) | LITERAL | length;
    if (symbol === 256) return SPECIAL | length;
    if (symbol > 285) return INVALID | length;
    const step = symbol - 257;
    if (step === 28) base = 258;
    else if (step < 8) base = step + 3;
    else {
      extra = (step >> 2) - 1;
      base = ((4 | (step & 3)) << extra) + 3;
    }
  } else {
    if (symbol > 29) return INVALID | length;
    if (symbol < 4) base = symbol + 1;
    else {
      extra = (symbol >> 1) - 1;
      base = ((2 | (symbol & 1)) << extra) + 1;
    }
  }
  return (base << VALUE_SHIFT) | (extra << EXTRA_SHIFT) | length;
}

function at(list: Uint16Array, index: number): number {
  return list[index] as number;
}
