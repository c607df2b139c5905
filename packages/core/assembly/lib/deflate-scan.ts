// Goes through the input and turns it into tokens.

import {
  clearChains,
  find,
  findLatest,
  insert,
  insertHeads,
  LEAST_LEFT,
  Match,
} from './deflate-chains';
import { CHUNK_COUNTS, INPUT, LENGTH_SYMBOLS, LITERALS, MAX_LENGTH } from './deflate-layout';
import { distanceSymbol } from './deflate-symbols';
import { endChunk, Tokens } from './deflate-tokens';

/** Of the bytes of a match, every n-th is noted where it is gone through quickly. */
const QUICK_STEP: usize = 3;
/** What is passed over between two looks grows by one for each 2^n bytes without a match. */
const PATIENCE: usize = 8;
/** A match as long as this is good already. */
const GOOD_LENGTH: i32 = 8;

export class Scan {
  static at: usize = INPUT;
  static end: usize = INPUT;
  /** From here on no matches are looked for. */
  static last: usize = INPUT;
  /** A match at the byte before, which is taken unless there is a better one. */
  static pending: Match = 0;
  /** How many earlier places are looked at. */
  static depth: i32 = 0;
  /** No longer match is looked for than one of this length. */
  static nice: i32 = 0;
  /** A match as long as this is taken without a look at the next place; with 0, only the latest place is looked at. */
  static lazy: i32 = 0;
}

export function beginScan(dictionary: i32, length: i32, depth: i32, nice: i32, lazy: i32): void {
  Scan.at = INPUT;
  Scan.end = INPUT + length;
  Scan.last = Scan.end - LEAST_LEFT + 1;
  Scan.pending = 0;
  Scan.depth = depth;
  Scan.nice = nice;
  Scan.lazy = lazy;
  clearChains();
  const from = INPUT - dictionary;
  const to = min(INPUT, Scan.last);
  if (lazy > 0) insert(from, to);
  else insertHeads(from, to, QUICK_STEP);
}

/** Goes through input up to an address, or a little farther. */
export function scan(to: usize): void {
  to = min(to, Scan.last);
  if (Scan.lazy > 0) scanLazy(to);
  else scanQuick(to);
}

@inline
function count(symbol: i32): void {
  const at = CHUNK_COUNTS + (symbol << 2);
  store<u32>(at, load<u32>(at) + 1);
}

@inline
function literalToken(token: usize, byte: i32): usize {
  store<u32>(token, byte);
  count(byte);
  return token + 4;
}

@inline
function matchToken(token: usize, match: Match): usize {
  const length = (match >> 16) - 3;
  const distance = (match & 0xffff) - 1;
  const symbol = distanceSymbol(distance);
  store<u32>(token, 0x80000000 | distance | (length << 15) | (<u32>symbol << 23));
  count(257 + <i32>load<u8>(LENGTH_SYMBOLS + length));
  count(LITERALS + symbol);
  return token + 4;
}

function scanQuick(stop: usize): void {
  const end = Scan.end;
  let at = Scan.at;
  let anchor = at;
  while (at < stop) {
    let token = Tokens.at;
    const full = Tokens.chunkEnd;
    while (at < stop && token < full) {
      const match = findLatest(at, end);
      if (match == 0) {
        const next = min(stop, at + 1 + ((at - anchor) >> PATIENCE));
        for (; at < next; at++) token = literalToken(token, load<u8>(at));
        continue;
      }
      token = matchToken(token, match);
      anchor = at + (match >> 16);
      insertHeads(at + 1, min(anchor, Scan.last), QUICK_STEP);
      at = anchor;
    }
    Tokens.at = token;
    if (token >= full) endChunk(at);
  }
  Scan.at = at;
}

function scanLazy(stop: usize): void {
  const depth = Scan.depth;
  const nice = Scan.nice;
  const lazy = Scan.lazy;
  let at = Scan.at;
  let pending = Scan.pending;
  while (at < stop) {
    let token = Tokens.at;
    const full = Tokens.chunkEnd;
    while (at < stop && token < full) {
      const length = <i32>(pending >> 16);
      let noted = at;
      if (length < lazy) {
        noted++;
        const limit = min(MAX_LENGTH, <i32>(Scan.end - at));
        const looks = length == 0 ? depth : length < GOOD_LENGTH ? depth >> 2 : depth >> 4;
        const match = find(at, length - 1, looks, min(nice, limit), limit);
        if (pending == 0) {
          if (match == 0) token = literalToken(token, load<u8>(at));
          else pending = match;
          at++;
          continue;
        }
        if (match != 0 && isBetter(match, pending)) {
          token = literalToken(token, load<u8>(at - 1));
          pending = match;
          at++;
          continue;
        }
      }
      token = matchToken(token, pending);
      const next = at - 1 + length;
      insert(noted, min(next, Scan.last));
      at = next;
      pending = 0;
    }
    Tokens.at = token;
    if (token >= full) endChunk(pending == 0 ? at : at - 1);
  }
  Scan.at = at;
  Scan.pending = pending;
}

/** Whether a match at one place is worth a literal and leaving the match at the place before. */
@inline
function isBetter(match: Match, before: Match): bool {
  const longer = <i32>(match >> 16) - <i32>(before >> 16);
  return (longer << 2) + <i32>clz(match & 0xffff) - <i32>clz(before & 0xffff) > 2;
}

/** The last bytes, which have no matches of their own. Answers where the input ends. */
export function scanTail(): usize {
  if (Scan.pending != 0) {
    Tokens.at = matchToken(Tokens.at, Scan.pending);
    Scan.at += (Scan.pending >> 16) - 1;
  }
  for (; Scan.at < Scan.end; Scan.at++) Tokens.at = literalToken(Tokens.at, load<u8>(Scan.at));
  return Scan.end;
}
