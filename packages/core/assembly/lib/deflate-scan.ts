// Goes through the input and turns it into tokens.

import { clearChains, find, insert, insertLongOnly, Match } from './deflate-chains';
import { CHUNK_COUNTS, INPUT, LENGTH_SYMBOLS, LITERALS, MAX_LENGTH } from './deflate-layout';
import { distanceSymbol } from './deflate-symbols';
import { endChunk, Tokens } from './deflate-tokens';

export class Scan {
  static at: usize = INPUT;
  static end: usize = INPUT;
  /** A match at the byte before, which is taken unless there is a better one. */
  static pending: Match = 0;
  /** How many earlier places are looked at. */
  static depth: i32 = 0;
  /** A match as long as this is taken at once. */
  static nice: i32 = 0;
}

export function beginScan(dictionary: i32, length: i32, depth: i32, nice: i32, lazy: bool): void {
  Scan.at = INPUT;
  Scan.end = INPUT + length;
  Scan.pending = 0;
  Scan.depth = depth;
  Scan.nice = nice;
  clearChains();
  const from = INPUT - dictionary;
  // A place with fewer than four bytes before the end is not looked at.
  const to = min(INPUT, Scan.end - 3);
  if (lazy) insert(from, to);
  else insertLongOnly(from, to, 1);
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

/** Takes the first match that there is at a place. */
export function scanGreedy(to: usize): void {
  const stop = min(to, Scan.end - 3);
  const depth = Scan.depth;
  let at = Scan.at;
  while (at < stop) {
    let token = Tokens.at;
    const full = Tokens.chunkEnd;
    while (at < stop && token < full) {
      const limit = min(MAX_LENGTH, <i32>(Scan.end - at));
      const match = find(at, 3, depth, min(Scan.nice, limit), limit, false);
      if (match == 0) {
        token = literalToken(token, load<u8>(at));
        at++;
        continue;
      }
      token = matchToken(token, match);
      const next = at + (match >> 16);
      insertLongOnly(at + 1, min(next, Scan.end - 3), 1);
      at = next;
    }
    Tokens.at = token;
    if (token >= full) endChunk(at);
  }
  Scan.at = at;
}

/** Takes a match only where there is no better one at the next place. */
export function scanLazy(to: usize): void {
  const stop = min(to, Scan.end - 3);
  const depth = Scan.depth;
  const nice = Scan.nice;
  let at = Scan.at;
  let pending = Scan.pending;
  while (at < stop) {
    let token = Tokens.at;
    const full = Tokens.chunkEnd;
    while (at < stop && token < full) {
      const limit = min(MAX_LENGTH, <i32>(Scan.end - at));
      const length = <i32>(pending >> 16);
      const match = find(at, length - 1, length > 0 ? depth >> 1 : depth, min(nice, limit), limit, true);
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
      token = matchToken(token, pending);
      const next = at - 1 + length;
      insert(at + 1, min(next, Scan.end - 3));
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
