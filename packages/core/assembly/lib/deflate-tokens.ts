// The tokens of the block that is being gathered, and where it ends.
//
// Tokens come in chunks. Where the latest chunk and the block before it are better off with codes of their own, by the
// entropy of both and what a header costs, the block ends before the chunk.

import {
  BLOCK_COUNTS,
  CHUNK_COUNTS,
  CHUNK_TOKENS,
  DISTANCES,
  INPUT,
  LITERALS,
  LOGARITHMS,
  MAX_TOKENS,
  TOKENS,
} from './deflate-layout';
import { writeBlock } from './deflate-block';

const COUNTS_SIZE: usize = (LITERALS + DISTANCES) << 2;
/** What a header with codes is thought to cost, in 256ths of a bit. */
const HEADER_COST: i32 = 600 << 8;

export class Tokens {
  /** Where the next token goes. */
  static at: usize = TOKENS;
  static chunk: usize = TOKENS;
  /** Where the chunk is full. */
  static chunkEnd: usize = TOKENS;
  /** Where the input begins that the block stands for, and the chunk. */
  static blockInput: usize = INPUT;
  static chunkInput: usize = INPUT;
}

export function beginTokens(): void {
  Tokens.blockInput = INPUT;
  memory.fill(BLOCK_COUNTS, 0, COUNTS_SIZE);
  Tokens.at = TOKENS;
  beginChunk(INPUT);
}

function beginChunk(input: usize): void {
  memory.fill(CHUNK_COUNTS, 0, COUNTS_SIZE);
  Tokens.chunk = Tokens.at;
  Tokens.chunkEnd = Tokens.at + (CHUNK_TOKENS << 2);
  Tokens.chunkInput = input;
}

/** Ends the chunk; `input` is as far as its tokens reach. */
export function endChunk(input: usize): void {
  const full = <i32>(Tokens.at - TOKENS) > (MAX_TOKENS - CHUNK_TOKENS) << 2;
  if (Tokens.chunk > TOKENS && (full || differs())) {
    writeBlock(TOKENS, Tokens.chunk, Tokens.blockInput, Tokens.chunkInput, 0);
    const length = Tokens.at - Tokens.chunk;
    memory.copy(TOKENS, Tokens.chunk, length);
    memory.copy(BLOCK_COUNTS, CHUNK_COUNTS, COUNTS_SIZE);
    Tokens.at = TOKENS + length;
    Tokens.blockInput = Tokens.chunkInput;
  } else addChunk();
  beginChunk(input);
}

/** Writes all tokens there are, which reach as far as `input`. */
export function endTokens(input: usize, last: i32): void {
  endChunk(input);
  if (last || Tokens.at > TOKENS) writeBlock(TOKENS, Tokens.at, Tokens.blockInput, input, last);
}

function addChunk(): void {
  for (let at: usize = 0; at < COUNTS_SIZE; at += 4) {
    store<u32>(BLOCK_COUNTS + at, load<u32>(BLOCK_COUNTS + at) + load<u32>(CHUNK_COUNTS + at));
  }
}

/** Whether the chunk is so different from the block that a header between them pays. */
function differs(): bool {
  return gain(0, LITERALS) + gain(LITERALS, DISTANCES) > HEADER_COST;
}

/** How many bits shorter the codes of some symbols are where chunk and block have codes of their own, in 256ths. */
function gain(first: i32, symbols: i32): i32 {
  let inBlock = 0;
  let inChunk = 0;
  let sum = 0;
  for (let at: usize = first << 2, end: usize = (first + symbols) << 2; at < end; at += 4) {
    const block = load<i32>(BLOCK_COUNTS + at);
    const chunk = load<i32>(CHUNK_COUNTS + at);
    inBlock += block;
    inChunk += chunk;
    // A symbol that only one of them has costs the same anywhere.
    if (block > 0 && chunk > 0) sum += timesLog(block) + timesLog(chunk) - timesLog(block + chunk);
  }
  if (inBlock == 0 || inChunk == 0) return 0;
  return timesLog(inBlock + inChunk) - timesLog(inBlock) - timesLog(inChunk) + sum;
}

/** A number times its binary logarithm, in 256ths. */
function timesLog(value: i32): i32 {
  const top = 31 - clz(value);
  const mantissa = top > 9 ? value >> (top - 9) : value << (9 - top);
  const logarithm = (top << 12) + <i32>load<u16>(LOGARITHMS - 1024 + (mantissa << 1));
  return <i32>((<u32>value * logarithm) >> 4);
}

/** Works out the logarithms bit by bit: squaring a number doubles its logarithm. */
export function makeLogarithms(): void {
  for (let index = 0; index < 512; index++) {
    let value: u32 = (512 + index) << 6; // 1 is 0x8000
    let logarithm = 0;
    for (let bit = 0; bit < 12; bit++) {
      value = (value * value) >> 15;
      logarithm <<= 1;
      if (value >= 0x10000) {
        value >>= 1;
        logarithm |= 1;
      }
    }
    store<u16>(LOGARITHMS + (index << 1), logarithm);
  }
}
