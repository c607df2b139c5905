// The literals of a block (RFC 8878, section 3.1.1.3.1).

import { fourStreams, oneStream, readHuffman } from './zstd-huffman';
import {
  BLOCK_SIZE,
  ERROR_HUFFMAN,
  ERROR_LITERALS,
  ERROR_NO_HUFFMAN,
  ERROR_TRUNCATED,
  LITERALS,
  OK,
} from './zstd-layout';
import { State } from './zstd-state';

/** Where the section of literals has its end. */
export let literalsSectionEnd: usize = 0;

export function readLiterals(at: usize, end: usize): i32 {
  if (at >= end) return ERROR_TRUNCATED;
  // The largest header has five bytes; what is behind the block may be read.
  const head = load<u64>(at);
  const type = <u32>head & 3;
  const format = <u32>(head >> 2) & 3;
  return type < 2 ? plainLiterals(at, end, head, type, format) : coded(at, end, head, type, format);
}

function plainLiterals(at: usize, end: usize, head: u64, type: u32, format: u32): i32 {
  const headLength: usize = (format & 1) == 0 ? 1 : format == 1 ? 2 : 3;
  const length: usize = (format & 1) == 0 ? <usize>(head >> 3) & 0x1f : <usize>(head >> 4) & (format == 1 ? 0xfff : 0xfffff);
  at += headLength;
  const bytes = type == 0 ? length : 1;
  if (at + bytes > end) return ERROR_TRUNCATED;
  if (length > BLOCK_SIZE) return ERROR_LITERALS;
  State.literals = at;
  if (type == 1) {
    memory.fill(LITERALS, load<u8>(at), length);
    State.literals = LITERALS;
  }
  State.literalsEnd = State.literals + length;
  literalsSectionEnd = at + bytes;
  return OK;
}

function coded(at: usize, end: usize, head: u64, type: u32, format: u32): i32 {
  const width: u64 = format < 2 ? 10 : format == 2 ? 14 : 18;
  const mask = (<u64>1 << width) - 1;
  const length = <usize>((head >> 4) & mask);
  const sectionEnd = at + (format < 2 ? 3 : format + 2) + <usize>((head >> (4 + width)) & mask);
  at += format < 2 ? 3 : format + 2;
  if (sectionEnd > end) return ERROR_TRUNCATED;
  if (length == 0 || length > BLOCK_SIZE) return ERROR_LITERALS;
  if (type == 2) {
    State.huffmanBits = 0;
    at = readHuffman(at, sectionEnd);
    if (at == 0) return ERROR_HUFFMAN;
  } else if (State.huffmanBits == 0) return ERROR_NO_HUFFMAN;
  const toEnd = LITERALS + length;
  const whole = format == 0 ? oneStream(at, sectionEnd, LITERALS, toEnd) : fourStreams(at, sectionEnd, LITERALS, toEnd);
  if (!whole) return ERROR_LITERALS;
  State.literals = LITERALS;
  State.literalsEnd = toEnd;
  literalsSectionEnd = sectionEnd;
  return OK;
}
