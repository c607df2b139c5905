// Where the same bytes were before: a table of hashes of five or six bytes has the latest place of each, and chains lead on
// to earlier ones. Of three and of four bytes only the latest place is known: it is the one that is told in the fewest
// bits, and chains of so few bytes are long.

import {
  CHAIN,
  HEAD_BITS,
  HEADS,
  MAX_LENGTH,
  MIDDLE_HEADS,
  SHORT_HEAD_BITS,
  SHORT_HEADS,
  TOKENS,
  WINDOW_SIZE,
} from './deflate-layout';

/** A place with fewer bytes before the end is not looked at. */
export const LEAST_LEFT: usize = 6;

const FACTOR: u32 = 0x9e3779b1;
const WIDE_FACTOR: u64 = 0x9e3779b185ebca87;
/** A match of three bytes that is farther away costs more than three literals. */
const SHORT_REACH: u32 = 0x1000;

/** A match as one number: its distance, from bit 16 on its length. 0 for none. */
export type Match = u32;

/** How far eight bytes are shifted so that five are left, or six. Five find more; chains of six lead on to longer matches. */
const FIVE: u64 = 24;
const SIX: u64 = 16;

/** Forgets every place. */
export function clearChains(): void {
  // No address is so low that it would be in reach of one in the window.
  memory.fill(HEADS, 0, CHAIN - HEADS);
  memory.fill(CHAIN, 0xff, TOKENS - CHAIN);
}

@inline
function head(bytes: u64, left: u64): usize {
  return HEADS + (<usize>(((bytes << left) * WIDE_FACTOR) >> (64 - HEAD_BITS)) << 2);
}

@inline
function shortSlot(heads: usize, word: u32): usize {
  return heads + ((<usize>(word * FACTOR) >> (32 - SHORT_HEAD_BITS)) << 2);
}

/** Puts a place into a slot; answers how far before it the one is that was there. */
@inline
function replace(slot: usize, at: usize): u32 {
  const distance = <u32>at - load<u32>(slot);
  store<u32>(slot, at);
  return distance;
}

@inline
function link(at: usize): usize {
  return CHAIN + ((at & (WINDOW_SIZE - 1)) << 1);
}

/** Puts a place at the head of its chain; answers how far before it the next one is. */
@inline
function insertLink(at: usize, bytes: u64): u32 {
  const distance = replace(head(bytes, SIX), at);
  store<u16>(link(at), min(distance, 0xffff));
  return distance;
}

/** Notes places for `find`. */
export function insert(at: usize, end: usize): void {
  for (; at < end; at++) {
    const bytes = load<u64>(at);
    insertLink(at, bytes);
    store<u32>(shortSlot(SHORT_HEADS, <u32>bytes << 8), at);
    store<u32>(shortSlot(MIDDLE_HEADS, <u32>bytes), at);
  }
}

/** Notes places for `findLatest`. */
export function insertHeads(at: usize, end: usize, step: usize): void {
  for (; at < end; at += step) store<u32>(head(load<u64>(at), FIVE), at);
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

/** Notes a place and looks for a match at the latest one with the same hash, up to an end. */
@inline
export function findLatest(at: usize, end: usize): Match {
  const bytes = load<u64>(at);
  const distance = replace(head(bytes, FIVE), at);
  if (distance > <u32>WINDOW_SIZE || load<u32>(at - distance) != <u32>bytes) return 0;
  return (<u32>extend(at, at - distance, 4, min(MAX_LENGTH, <i32>(end - at))) << 16) | distance;
}

/**
 * Notes a place and looks for the longest match there, longer than `best`: at the latest places of three and of four bytes,
 * then at `depth` places of its chain at most, until one is as long as `nice`.
 */
export function find(at: usize, best: i32, depth: i32, nice: i32, limit: i32): Match {
  const bytes = load<u64>(at);
  const word = <u32>bytes;
  const short = replace(shortSlot(SHORT_HEADS, word << 8), at);
  const middle = replace(shortSlot(MIDDLE_HEADS, word), at);
  let distance = insertLink(at, bytes);
  let match: Match = 0;
  if (best < 4) {
    if (middle <= <u32>WINDOW_SIZE && load<u32>(at - middle) == word) {
      best = extend(at, at - middle, 4, limit);
      match = (<u32>best << 16) | middle;
      if (best >= nice) return match;
    } else {
      if (best < 3 && short <= SHORT_REACH && (load<u32>(at - short) ^ word) << 8 == 0) match = (3 << 16) | short;
      best = 3;
    }
  }
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
