// The literals of a block for writing (RFC 8878, section 3.1.1.3.1).

import { COUNTS, DESCRIPTION, HUFFMAN, HUFFMAN_BEFORE, LITERALS } from './zstd-encode-layout';
import { buildCode, descriptionLength, writeStream } from './zstd-huffman-encode';

/** Fewer are not worth a code. */
const LEAST: usize = 32;

const RAW: u32 = 0;
const REPEATED_BYTE: u32 = 1;
const CODED: u32 = 2;
const CODE_REPEATED: u32 = 3;

/** Whether HUFFMAN_BEFORE is the code that a reader of the next block has. */
let hasCode: bool = false;
/** Whether the block at hand gives the reader another one. */
let changesCode: bool = false;

export function forgetCode(): void {
  hasCode = false;
  changesCode = false;
}

/** The block at hand is written as it was made: its code is the one to be repeated. */
export function keepCode(): void {
  if (!changesCode) return;
  memory.copy(HUFFMAN_BEFORE, HUFFMAN, 0x400);
  hasCode = true;
}

/** Writes `length` bytes of LITERALS; answers the end. */
export function writeLiterals(at: usize, length: usize): usize {
  changesCode = false;
  if (length < LEAST) return writePlain(at, length);
  memory.fill(COUNTS, 0, 0x400);
  for (let from = LITERALS; from < LITERALS + length; from++) {
    const count = COUNTS + (<usize>load<u8>(from) << 2);
    store<u32>(count, load<u32>(count) + 1);
  }
  if (load<u32>(COUNTS + (<usize>load<u8>(LITERALS) << 2)) == <u32>length) {
    const end = plainHeader(at, length, REPEATED_BYTE);
    store<u8>(end, load<u8>(LITERALS));
    return end + 1;
  }
  const before = hasCode ? bytesOf(HUFFMAN_BEFORE) : <usize>-1;
  const own = buildCode() ? bytesOf(HUFFMAN) + descriptionLength : <usize>-1;
  const best = min(before, own);
  // Little gain is not worth the time of a reader.
  if (best >= length - (length >> 6) - LEAST / 2) return writePlain(at, length);
  if (before <= own) memory.copy(HUFFMAN, HUFFMAN_BEFORE, 0x400);
  else changesCode = true;
  return writeCoded(at, length, before <= own ? CODE_REPEATED : CODED);
}

/** How many bytes COUNTS take with a code; no end of them where it lacks a symbol. */
function bytesOf(code: usize): usize {
  let bits: usize = 0;
  for (let symbol: usize = 0; symbol < 256; symbol++) {
    const count = load<u32>(COUNTS + (symbol << 2));
    const width = load<u32>(code + (symbol << 2)) >> 16;
    if (count > 0 && width == 0) return <usize>-1;
    bits += count * width;
  }
  return (bits + 7) >> 3;
}

function writeCoded(at: usize, length: usize, type: u32): usize {
  const four = length >= 256;
  const headerLength: usize = length < 1024 ? 3 : length < 0x4000 ? 4 : 5;
  const begin = at + headerLength;
  let to = begin;
  if (type == CODED) {
    memory.copy(to, DESCRIPTION, descriptionLength);
    to += descriptionLength;
  }
  if (four) {
    const jumps = to;
    const each = (length + 3) >> 2;
    to += 6;
    for (let stream: usize = 0; stream < 4; stream++) {
      const from = LITERALS + each * stream;
      const end = writeStream(to, from, min(from + each, LITERALS + length));
      if (stream < 3) store<u16>(jumps + (stream << 1), end - to);
      to = end;
    }
  } else to = writeStream(to, LITERALS, LITERALS + length);
  const size = to - begin;
  const width: u64 = headerLength == 3 ? 10 : headerLength == 4 ? 14 : 18;
  const format: u64 = four ? <u64>headerLength - 2 : 0;
  const header = <u64>type | (format << 2) | (<u64>length << 4) | (<u64>size << (4 + width));
  for (let index: usize = 0; index < headerLength; index++) store<u8>(at + index, <u8>(header >> (index << 3)));
  return to;
}

function writePlain(at: usize, length: usize): usize {
  const end = plainHeader(at, length, RAW);
  memory.copy(end, LITERALS, length);
  return end + length;
}

function plainHeader(at: usize, length: usize, type: u32): usize {
  if (length < 32) {
    store<u8>(at, type | (<u32>length << 3));
    return at + 1;
  }
  if (length < 4096) {
    store<u16>(at, type | 4 | (<u32>length << 4));
    return at + 2;
  }
  store<u32>(at, type | 12 | (<u32>length << 4));
  return at + 3;
}
