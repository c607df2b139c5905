// The header of a block with codes of its own (RFC 1951, section 3.2.7).

import { buildCode } from './deflate-huffman';
import {
  BLOCK_COUNTS,
  CODE_LENGTHS,
  CODES,
  DISTANCES,
  ITEMS,
  LITERALS,
  META_CODES,
  META_COUNTS,
  META_LENGTHS,
  META_SYMBOLS,
} from './deflate-layout';
import { writeBits } from './deflate-bits';

const COPY: i32 = 16;
const FEW_ZEROS: i32 = 17;
const MANY_ZEROS: i32 = 18;

class Header {
  static literals: i32 = 0;
  static distances: i32 = 0;
  static metas: i32 = 0;
  static items: i32 = 0;
}

/** Makes the codes of the block and what tells them; answers how many bits its header has. */
export function buildHeader(): i32 {
  buildCode(BLOCK_COUNTS, LITERALS, 15, CODE_LENGTHS, CODES);
  buildCode(
    BLOCK_COUNTS + (LITERALS << 2),
    DISTANCES,
    15,
    CODE_LENGTHS + LITERALS,
    CODES + (LITERALS << 2),
  );
  Header.literals = LITERALS;
  while (load<u8>(CODE_LENGTHS + Header.literals - 1) == 0) Header.literals--;
  Header.distances = DISTANCES;
  while (load<u8>(CODE_LENGTHS + LITERALS + Header.distances - 1) == 0) Header.distances--;
  listItems();
  buildCode(META_COUNTS, META_SYMBOLS, 7, META_LENGTHS, META_CODES);
  Header.metas = META_SYMBOLS;
  while (load<u8>(META_LENGTHS + metaAt(Header.metas - 1)) == 0) Header.metas--;
  let bits = 3 + 14 + 3 * Header.metas;
  for (let symbol = 0; symbol < META_SYMBOLS; symbol++) {
    bits += load<i32>(META_COUNTS + (symbol << 2)) * (<i32>load<u8>(META_LENGTHS + symbol) + itemExtra(symbol));
  }
  return bits;
}

export function writeHeader(last: i32): void {
  writeBits(last | 4, 3);
  writeBits((Header.literals - 257) | ((Header.distances - 1) << 5) | ((Header.metas - 4) << 10), 14);
  for (let index = 0; index < Header.metas; index++) writeBits(load<u8>(META_LENGTHS + metaAt(index)), 3);
  for (let index = 0; index < Header.items; index++) {
    const item = load<u16>(ITEMS + (index << 1));
    const symbol = <i32>item & 0xff;
    const code = load<u32>(META_CODES + (symbol << 2));
    writeBits(code & 0xffff, code >> 16);
    writeBits(item >> 8, itemExtra(symbol));
  }
}

/** The code length at a place of the two lists that a header tells as one. */
function lengthAt(index: i32): i32 {
  const skipped = index < Header.literals ? 0 : LITERALS - Header.literals;
  return load<u8>(CODE_LENGTHS + index + skipped);
}

/** Puts the code lengths into runs. */
function listItems(): void {
  memory.fill(META_COUNTS, 0, META_SYMBOLS << 2);
  Header.items = 0;
  const end = Header.literals + Header.distances;
  for (let at = 0; at < end; ) {
    const length = lengthAt(at);
    let run = 1;
    while (at + run < end && lengthAt(at + run) == length) run++;
    at += run;
    if (length == 0) {
      for (; run >= 11; run -= min(run, 138)) addItem(MANY_ZEROS, min(run, 138) - 11);
      if (run >= 3) {
        addItem(FEW_ZEROS, run - 3);
        run = 0;
      }
    } else {
      addItem(length, 0);
      run--;
      for (; run >= 3; run -= min(run, 6)) addItem(COPY, min(run, 6) - 3);
    }
    for (; run > 0; run--) addItem(length, 0);
  }
}

function addItem(symbol: i32, extra: i32): void {
  store<u16>(ITEMS + (Header.items++ << 1), symbol | (extra << 8));
  const at = META_COUNTS + (symbol << 2);
  store<u32>(at, load<u32>(at) + 1);
}

function itemExtra(symbol: i32): i32 {
  if (symbol < COPY) return 0;
  return symbol == COPY ? 2 : symbol == FEW_ZEROS ? 3 : 7;
}

/** The symbols of the code of code lengths, in the order in which a header has their lengths: 16 17 18 0 8 7 9 6 ... */
function metaAt(index: i32): i32 {
  if (index < 3) return COPY + index;
  if (index == 3) return 0;
  const step = (index - 3) >> 1;
  return index & 1 ? 8 - step : 8 + step;
}
