// One block of deflate (RFC 1951, section 3.2.3), in whichever of the three ways is shortest.

import { alignToByte, Output, writeBits } from './deflate-bits';
import { buildHeader, writeHeader } from './deflate-header';
import {
  BLOCK_COUNTS,
  CODE_LENGTHS,
  CODES,
  DISTANCES,
  END_OF_BLOCK,
  LENGTH_CODES,
  LENGTH_SYMBOLS,
  LITERALS,
} from './deflate-layout';
import { distanceExtra, lengthBase, lengthExtra } from './deflate-symbols';

const MAX_STORED: i32 = 0xffff;

/** Writes a block of the tokens from one address to another, which stand for the input from `from` to `to`. */
export function writeBlock(tokens: usize, tokensEnd: usize, from: usize, to: usize, last: i32): void {
  countOf(END_OF_BLOCK, 1);
  const extra = extraBits();
  const fixed = 3 + fixedBits() + extra;
  const dynamic = buildHeader() + codeBits() + extra;
  const stored = storedBits(<i32>(to - from));
  if (stored <= min(fixed, dynamic)) {
    writeStored(from, to, last);
    return;
  }
  if (fixed <= dynamic) {
    writeBits(last | 2, 3);
    makeFixedCodes();
  } else writeHeader(last);
  makeLengthCodes();
  writeTokens(tokens, tokensEnd);
  const end = load<u32>(CODES + (END_OF_BLOCK << 2));
  writeBits(end & 0xffff, end >> 16);
}

function countOf(symbol: i32, added: i32): void {
  const at = BLOCK_COUNTS + (symbol << 2);
  store<i32>(at, load<i32>(at) + added);
}

/** The bits that codes leave out. */
function extraBits(): i32 {
  let bits = 0;
  for (let symbol = 8; symbol < 28; symbol++) {
    bits += load<i32>(BLOCK_COUNTS + ((symbol + 257) << 2)) * lengthExtra(symbol);
  }
  for (let symbol = 4; symbol < 30; symbol++) {
    bits += load<i32>(BLOCK_COUNTS + ((symbol + LITERALS) << 2)) * distanceExtra(symbol);
  }
  return bits;
}

function codeBits(): i32 {
  let bits = 0;
  for (let symbol = 0; symbol < LITERALS + DISTANCES; symbol++) {
    bits += load<i32>(BLOCK_COUNTS + (symbol << 2)) * <i32>load<u8>(CODE_LENGTHS + symbol);
  }
  return bits;
}

function fixedBits(): i32 {
  let bits = 0;
  for (let symbol = 0; symbol < LITERALS + DISTANCES; symbol++) {
    bits += load<i32>(BLOCK_COUNTS + (symbol << 2)) * fixedLength(symbol);
  }
  return bits;
}

/** The length of a fixed code (RFC 1951, section 3.2.6). */
function fixedLength(symbol: i32): i32 {
  if (symbol >= LITERALS) return 5;
  if (symbol < 144 || symbol >= 280) return 8;
  return symbol < 256 ? 9 : 7;
}

function storedBits(length: i32): i32 {
  const pieces = max(1, (length + MAX_STORED - 1) / MAX_STORED);
  const padding = -(Output.count + 3) & 7;
  return 3 + padding + 32 + (pieces - 1) * 40 + (length << 3);
}

function writeStored(from: usize, to: usize, last: i32): void {
  do {
    const length = min(<i32>(to - from), MAX_STORED);
    writeBits(from + length == to ? last : 0, 3);
    alignToByte();
    writeBits(length | (~length << 16), 32);
    memory.copy(Output.at, from, length);
    Output.at += length;
    from += length;
  } while (from < to);
}

/** An empty stored block, after which the output ends at a byte. */
export function writeSync(): void {
  if (Output.count > 0) writeStored(0, 0, 0);
}

function makeFixedCodes(): void {
  for (let symbol = 0; symbol < LITERALS + DISTANCES; symbol++) {
    let code = symbol;
    if (symbol >= LITERALS) code = symbol - LITERALS;
    else if (symbol < 144) code = 0x30 + symbol;
    else if (symbol < 256) code = 0x190 + symbol - 144;
    else if (symbol < 280) code = symbol - 256;
    else code = 0xc0 + symbol - 280;
    const length = fixedLength(symbol);
    let reversed = 0;
    for (let bit = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit);
    store<u32>(CODES + (symbol << 2), (length << 16) | reversed);
  }
}

/** Joins the code of each length with its extra bits. */
function makeLengthCodes(): void {
  for (let length = 0; length < 256; length++) {
    const symbol = <i32>load<u8>(LENGTH_SYMBOLS + length);
    const code = load<u32>(CODES + ((symbol + 257) << 2));
    const bits = code >> 16;
    const extra = length - lengthBase(symbol);
    const all = (code & 0xffff) | (extra << bits);
    store<u32>(LENGTH_CODES + (length << 2), all | ((bits + lengthExtra(symbol)) << 24));
  }
}

function writeTokens(token: usize, end: usize): void {
  let at = Output.at;
  let bits = Output.bits;
  let count = <u64>Output.count;
  for (; token < end; token += 4) {
    const value = load<i32>(token);
    if (value >= 0) {
      const code = load<u32>(CODES + (value << 2));
      bits |= <u64>(code & 0xffff) << count;
      count += <u64>(code >> 16);
    } else {
      const length = load<u32>(LENGTH_CODES + (((value >> 15) & 0xff) << 2));
      bits |= <u64>(length & 0xffffff) << count;
      count += <u64>(length >> 24);
      const symbol = (value >> 23) & 31;
      const distance = load<u32>(CODES + (symbol << 2), LITERALS << 2);
      bits |= <u64>(distance & 0xffff) << count;
      count += <u64>(distance >> 16);
      const extra = distanceExtra(symbol);
      bits |= <u64>(value & ((1 << extra) - 1)) << count;
      count += <u64>extra;
    }
    // 63 bits at most: 7 that were left, 20 of a length and 28 of a distance.
    store<u64>(at, bits);
    at += <usize>(count >> 3);
    bits >>= count & 56;
    count &= 7;
  }
  Output.at = at;
  Output.bits = bits;
  Output.count = <i32>count;
}
