// Finds what a block repeats of itself and of the window before it. The first match is taken; two tables know where
// the same eight and the same five bytes were last.

import {
  INPUT,
  LITERALS,
  LONG_BITS,
  LONG_HASHES,
  SEQUENCES,
  SHORT_BITS,
  SHORT_HASHES,
  WINDOW_SIZE,
} from './zstd-encode-layout';

const PRIME_8: u64 = 0xcf1bbcdcb7a56463;
const PRIME_5: u64 = 0x9e3779b185ebca87;
const LEAST_MATCH: usize = 4;
/** So many bytes are read at once; near the end of a block nothing is looked for. */
const TAIL: usize = 16;
/** What is passed over between two looks grows by one for each 2^n bytes without a match. */
const PATIENCE: usize = 7;

/** The last two offsets (RFC 8878, section 3.1.1.5). The third is never used here. */
export class Offsets {
  static repeat1: usize = 1;
  static repeat2: usize = 4;
}

/** What was found: where SEQUENCES and LITERALS have their ends. */
export let sequencesEnd: usize = SEQUENCES;
export let literalsEnd: usize = LITERALS;

@inline
function longPlace(word: u64): usize {
  return LONG_HASHES + (<usize>((word * PRIME_8) >> (64 - LONG_BITS)) << 2);
}

@inline
function shortPlace(word: u64): usize {
  return SHORT_HASHES + (<usize>(((word << 24) * PRIME_5) >> (64 - SHORT_BITS)) << 2);
}

/** How many bytes are the same at two places, up to an end. */
function sameLength(at: usize, other: usize, end: usize): usize {
  const begin = at;
  for (; at + 8 <= end; at += 8, other += 8) {
    const difference = load<u64>(at) ^ load<u64>(other);
    if (difference != 0) return at - begin + <usize>(ctz(difference) >> 3);
  }
  while (at < end && load<u8>(at) == load<u8>(other)) {
    at++;
    other++;
  }
  return at - begin;
}

/** Takes over literals; up to 15 bytes behind them are written too. */
@inline
function copyLiterals(from: usize, to: usize): void {
  let out = literalsEnd;
  literalsEnd += to - from;
  for (; from < to; from += 16, out += 16) {
    store<u64>(out, load<u64>(from));
    store<u64>(out, load<u64>(from, 8), 8);
  }
}

@inline
function addSequence(offset: usize, literals: usize, match: usize): void {
  store<u64>(sequencesEnd, <u64>offset | (<u64>literals << 24) | (<u64>(match - 3) << 44));
  sequencesEnd += 8;
}

/** Makes sequences and literals of a block. */
export function findMatches(from: usize, end: usize): void {
  sequencesEnd = SEQUENCES;
  literalsEnd = LITERALS;
  const lowest = end - INPUT > WINDOW_SIZE ? end - WINDOW_SIZE : INPUT;
  const last = end - from > TAIL ? end - TAIL : from;
  let repeat1 = Offsets.repeat1;
  let repeat2 = Offsets.repeat2;
  let anchor = from;
  let at = from;
  while (at < last) {
    const word = load<u64>(at);
    const longAt = longPlace(word);
    const shortAt = shortPlace(word);
    let other = <usize>load<u32>(longAt);
    const short = <usize>load<u32>(shortAt);
    store<u32>(longAt, at);
    store<u32>(shortAt, at);
    let length: usize;
    let offset: usize;
    const repeated = at + 1 - repeat1;
    if (repeated >= lowest && load<u32>(repeated) == <u32>(word >> 8)) {
      at++;
      length = LEAST_MATCH + sameLength(at + LEAST_MATCH, repeated + LEAST_MATCH, end);
      offset = repeat1;
    } else {
      if (other >= lowest && load<u64>(other) == word) length = 8 + sameLength(at + 8, other + 8, end);
      else if (short >= lowest && load<u32>(short) == <u32>word) {
        // A longer one may begin with the next byte.
        const next = load<u64>(at + 1);
        const nextAt = longPlace(next);
        other = <usize>load<u32>(nextAt);
        store<u32>(nextAt, at + 1);
        if (other >= lowest && load<u64>(other) == next) {
          at++;
          length = 8 + sameLength(at + 8, other + 8, end);
        } else {
          other = short;
          length = LEAST_MATCH + sameLength(at + LEAST_MATCH, other + LEAST_MATCH, end);
        }
      } else {
        at += 1 + ((at - anchor) >> PATIENCE);
        continue;
      }
      offset = at - other;
      while (at > anchor && other > lowest && load<u8>(at - 1) == load<u8>(other - 1)) {
        at--;
        other--;
        length++;
      }
    }
    copyLiterals(anchor, at);
    if (offset == repeat1 && at > anchor) addSequence(1, at - anchor, length);
    else {
      addSequence(offset + 3, at - anchor, length);
      repeat2 = repeat1;
      repeat1 = offset;
    }
    const begun = at;
    at += length;
    anchor = at;
    if (at >= last) break;
    const early = load<u64>(begun + 2);
    store<u32>(longPlace(early), begun + 2);
    store<u32>(shortPlace(early), begun + 2);
    store<u32>(longPlace(load<u64>(at - 2)), at - 2);
    store<u32>(shortPlace(load<u64>(at - 1)), at - 1);
    // Without literals between, the first number stands for the second last offset.
    while (at < last && at - repeat2 >= lowest && load<u32>(at) == load<u32>(at - repeat2)) {
      length = LEAST_MATCH + sameLength(at + LEAST_MATCH, at - repeat2 + LEAST_MATCH, end);
      const swapped = repeat2;
      repeat2 = repeat1;
      repeat1 = swapped;
      addSequence(1, 0, length);
      const here = load<u64>(at);
      store<u32>(longPlace(here), at);
      store<u32>(shortPlace(here), at);
      at += length;
      anchor = at;
    }
  }
  copyLiterals(anchor, end);
  Offsets.repeat1 = repeat1;
  Offsets.repeat2 = repeat2;
}

/** The input moves towards the front: so do the addresses of it, and what falls out of the window is forgotten. */
export function moveHashes(distance: usize): void {
  for (let place = LONG_HASHES; place < SEQUENCES; place += 4) {
    const at = <usize>load<u32>(place);
    store<u32>(place, at >= INPUT + distance ? at - distance : 0);
  }
}
