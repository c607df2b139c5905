// Where the same bytes were before: a table of hashes has the latest place of each, and chains lead on to earlier ones.

import {
  CHAIN,
  HEAD_BITS,
  HEADS,
  SHORT_HEAD_BITS,
  SHORT_HEADS,
  TOKENS,
  WINDOW_SIZE,
} from './deflate-layout';

const FACTOR: u32 = 0x9e3779b1;
/** A match of three bytes that is farther away costs more than three literals. */
const SHORT_REACH: u32 = 0x1000;

/** A match as one number: its distance, from bit 16 on its length. 0 for none. */
export type Match = u32;

export function clearChains(): void {
  // No address is so low that it would be in reach of one in the window.
  memory.fill(HEADS, 0, CHAIN - HEADS);
  memory.fill(CHAIN, 0xff, TOKENS - CHAIN);
}

@inline
function head(word: u32): usize {
  return HEADS + ((<usize>(word * FACTOR) >> (32 - HEAD_BITS)) << 2);
}

@inline
function shortHead(word: u32): usize {
  return SHORT_HEADS + ((<usize>((word << 8) * FACTOR) >> (32 - SHORT_HEAD_BITS)) << 2);
}

@inline
function link(at: usize): usize {
  return CHAIN + ((at & (WINDOW_SIZE - 1)) << 1);
}

/** Notes a place. Four bytes of it must be there. */
@inline
function insertLong(at: usize, word: u32): u32 {
  const slot = head(word);
  const distance = <u32>at - load<u32>(slot);
  store<u32>(slot, at);
  store<u16>(link(at), min(distance, 0xffff));
  return distance;
}

export function insert(at: usize, end: usize): void {
  for (; at < end; at++) {
    const word = load<u32>(at);
    insertLong(at, word);
    store<u32>(shortHead(word), at);
  }
}

export function insertLongOnly(at: usize, end: usize, step: usize): void {
  for (; at < end; at += step) insertLong(at, load<u32>(at));
}

/** How many bytes are the same, `length` of which are known to be. */
@inline
function extend(one: usize, other: usize, length: i32, limit: i32): i32 {
  while (length < limit) {
    const difference = load<u64>(one + length) ^ load<u64>(other + length);
    if (difference != 0) return min(length + <i32>(ctz(difference) >> 3), limit);
    length += 8;
  }
  return limit;
}

/**
 * Notes a place and looks for the longest match there, longer than `best`: at `depth` earlier places at most, until one
 * is as long as `nice`. `short` is for matches of three bytes.
 */
@inline
export function find(at: usize, best: i32, depth: i32, nice: i32, limit: i32, short: bool): Match {
  const word = load<u32>(at);
  let match: Match = 0;
  if (short) {
    const slot = shortHead(word);
    const distance = <u32>at - load<u32>(slot);
    store<u32>(slot, at);
    if (best < 3 && distance <= SHORT_REACH && (load<u32>(at - distance) ^ word) << 8 == 0) {
      match = (3 << 16) | distance;
    }
  }
  let distance = insertLong(at, word);
  best = max(best, 3);
  let tail = load<u32>(at + best - 3);
  while (distance <= <u32>WINDOW_SIZE) {
    const candidate = at - distance;
    if (load<u32>(candidate + best - 3) == tail && load<u32>(candidate) == word) {
      const length = extend(at, candidate, 4, limit);
      if (length > best) {
        best = length;
        match = (<u32>length << 16) | distance;
        if (length >= nice) break;
        tail = load<u32>(at + best - 3);
      }
    }
    if (--depth <= 0) break;
    distance += load<u16>(link(candidate));
  }
  return match;
}
