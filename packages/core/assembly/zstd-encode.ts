// Makes blocks of zstd (RFC 8878), each of input that is given whole. The caller puts up to BLOCK_SIZE bytes where
// `inputAt` says and takes from OUTPUT what `block` made of them.

import { beginHash, endHash, hashStripes } from './lib/xxh64';
import { BLOCK_SIZE, INPUT, INPUT_END, LITERALS, LONG_HASHES, OUTPUT, RUN_OVER, SEQUENCES, WINDOW_SIZE } from './lib/zstd-encode-layout';
import { forgetCode, keepCode, writeLiterals } from './lib/zstd-literals-encode';
import { findMatches, literalsEnd, moveHashes, Offsets, sequencesEnd } from './lib/zstd-matches';
import { prepareCodes, writeSequences } from './lib/zstd-sequences-encode';

export { OUTPUT };

const RAW: u32 = 0;
const REPEATED_BYTE: u32 = 1;
const COMPRESSED: u32 = 2;
const HEADER: usize = 3;

/** Where the next block goes, and up to where the input has gone into the checksum. */
let input: usize = INPUT;
let hashed: usize = INPUT;

/** Begins a frame. */
export function begin(): void {
  input = hashed = INPUT;
  Offsets.repeat1 = 1;
  Offsets.repeat2 = 4;
  forgetCode();
  memory.fill(LONG_HASHES, 0, SEQUENCES - LONG_HASHES);
  beginHash();
}

/** Where the input of the next block is to be put. */
export function inputAt(): usize {
  if (input + BLOCK_SIZE > INPUT_END) {
    // Whole blocks were taken, and whole stripes of them hashed.
    const moved = input - INPUT - WINDOW_SIZE;
    memory.copy(INPUT, INPUT + moved, WINDOW_SIZE);
    moveHashes(moved);
    input -= moved;
    hashed -= moved;
  }
  return input;
}

/** Makes a block, with its header; answers its length. */
export function block(length: usize, last: bool): usize {
  const from = input;
  input += length;
  hashed = hashStripes(hashed, input);
  if (length > 0 && isOneByte(from, length)) {
    store<u8>(OUTPUT + HEADER, load<u8>(from));
    writeHeader(length, REPEATED_BYTE, last);
    return HEADER + 1;
  }
  const repeat1 = Offsets.repeat1;
  const repeat2 = Offsets.repeat2;
  findMatches(from, input);
  const end = writeSequences(writeLiterals(OUTPUT + HEADER, literalsEnd - LITERALS), sequencesEnd);
  const size = end - OUTPUT - HEADER;
  if (size < length) {
    keepCode();
    writeHeader(size, COMPRESSED, last);
    return HEADER + size;
  }
  // A reader learns nothing of what was found.
  Offsets.repeat1 = repeat1;
  Offsets.repeat2 = repeat2;
  memory.copy(OUTPUT + HEADER, from, length);
  writeHeader(length, RAW, last);
  return HEADER + length;
}

function isOneByte(from: usize, length: usize): bool {
  const byte = load<u8>(from);
  for (let at = from + 1; at < from + length; at++) if (load<u8>(at) != byte) return false;
  return true;
}

function writeHeader(size: usize, type: u32, last: bool): void {
  const header = <u32>last | (type << 1) | (<u32>size << 3);
  store<u16>(OUTPUT, header);
  store<u8>(OUTPUT, header >> 16, 2);
}

/** The checksum of the frame: the low 32 bits of the hash. */
export function checksum(): u32 {
  return <u32>endHash(hashed, input);
}

memory.grow(<i32>((INPUT_END + RUN_OVER + 0xffff) >> 16) - memory.size());
prepareCodes();
