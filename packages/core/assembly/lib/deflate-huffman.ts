// Huffman codes of bounded length (RFC 1951, section 3.2.2).

import { LENGTH_NUMBERS, PARENTS, SORTED, WEIGHTS } from './deflate-layout';

/**
 * Makes the code of `symbols` symbols from how often they occur, with no code longer than `limit`: lengths, a byte each,
 * and what CODES has. Two symbols at least get a code, as not every decoder takes an incomplete one.
 */
export function buildCode(counts: usize, symbols: i32, limit: i32, lengths: usize, codes: usize): void {
  const used = sortSymbols(counts, symbols);
  growTree(used);
  countLengths(used, limit);
  memory.fill(lengths, 0, symbols);
  let rank = 0;
  for (let length = limit; length > 0; length--) {
    for (let left = load<u32>(LENGTH_NUMBERS + (length << 2)); left > 0; left--) {
      store<u8>(lengths + (load<u32>(SORTED + (rank++ << 2)) & 0x1ff), length);
    }
  }
  numberCodes(lengths, symbols, limit, codes);
}

/** Sorts the symbols that occur, the rarest first, and answers how many there are. */
function sortSymbols(counts: usize, symbols: i32): i32 {
  let used = 0;
  for (let symbol = 0; symbol < symbols; symbol++) {
    const count = load<u32>(counts + (symbol << 2));
    if (count > 0) store<u32>(SORTED + (used++ << 2), (count << 9) | symbol);
  }
  for (let symbol = 0; used < 2; symbol++) {
    if (load<u32>(counts + (symbol << 2)) == 0) store<u32>(SORTED + (used++ << 2), symbol);
  }
  // By Shell's method: short, and there are few.
  for (let gap = used > 40 ? 40 : used > 13 ? 13 : used > 4 ? 4 : 1; gap > 0; gap = (gap - 1) / 3) {
    for (let next = gap; next < used; next++) {
      const key = load<u32>(SORTED + (next << 2));
      let at = next;
      for (; at >= gap; at -= gap) {
        const other = load<u32>(SORTED + ((at - gap) << 2));
        if (other <= key) break;
        store<u32>(SORTED + (at << 2), other);
      }
      store<u32>(SORTED + (at << 2), key);
    }
  }
  return used;
}

/** Joins the two lightest nodes until there is one. Inner nodes come about in the order of their weights. */
function growTree(used: i32): void {
  for (let leaf = 0; leaf < used; leaf++) {
    store<u32>(WEIGHTS + (leaf << 2), load<u32>(SORTED + (leaf << 2)) >> 9);
  }
  let leaf = 0;
  let inner = used;
  for (let node = used; node < 2 * used - 1; node++) {
    let weight: u32 = 0;
    for (let child = 0; child < 2; child++) {
      const takeLeaf =
        leaf < used &&
        (inner == node || load<u32>(WEIGHTS + (leaf << 2)) <= load<u32>(WEIGHTS + (inner << 2)));
      const lightest = takeLeaf ? leaf++ : inner++;
      weight += load<u32>(WEIGHTS + (lightest << 2));
      store<u16>(PARENTS + (lightest << 1), node);
    }
    store<u32>(WEIGHTS + (node << 2), weight);
  }
}

/** Counts the leaves of each depth. Those that are too deep are put elsewhere, until the code is complete again. */
function countLengths(used: i32, limit: i32): void {
  memory.fill(LENGTH_NUMBERS, 0, 64);
  const root = 2 * used - 2;
  store<u16>(PARENTS + (root << 1), 0);
  let excess = -(1 << limit);
  for (let node = root - 1; node >= 0; node--) {
    const depth = <i32>load<u16>(PARENTS + (<i32>load<u16>(PARENTS + (node << 1)) << 1)) + 1;
    store<u16>(PARENTS + (node << 1), depth);
    if (node >= used) continue;
    const length = min(depth, limit);
    addToLength(length, 1);
    excess += 1 << (limit - length);
  }
  for (; excess > 0; excess--) {
    // One of the longest codes moves up beside another leaf, which goes down by one.
    let length = limit - 1;
    while (load<u32>(LENGTH_NUMBERS + (length << 2)) == 0) length--;
    addToLength(length, -1);
    addToLength(length + 1, 2);
    addToLength(limit, -1);
  }
}

function addToLength(length: i32, number: i32): void {
  const at = LENGTH_NUMBERS + (length << 2);
  store<i32>(at, load<i32>(at) + number);
}

/** Numbers the codes of each length in the order of their symbols. Their bits are written the first one first. */
function numberCodes(lengths: usize, symbols: i32, limit: i32, codes: usize): void {
  let code: u32 = 0;
  for (let length = 1; length <= limit; length++) {
    const at = LENGTH_NUMBERS + (length << 2);
    const number = load<u32>(at);
    store<u32>(at, code);
    code = (code + number) << 1;
  }
  for (let symbol = 0; symbol < symbols; symbol++) {
    const length = <i32>load<u8>(lengths + symbol);
    let entry: u32 = 0;
    if (length > 0) {
      const at = LENGTH_NUMBERS + (length << 2);
      const next = load<u32>(at);
      store<u32>(at, next + 1);
      entry = (<u32>length << 16) | (reverse16(next) >> (16 - length));
    }
    store<u32>(codes + (symbol << 2), entry);
  }
}

function reverse16(bits: u32): u32 {
  bits = ((bits & 0x5555) << 1) | ((bits >> 1) & 0x5555);
  bits = ((bits & 0x3333) << 2) | ((bits >> 2) & 0x3333);
  bits = ((bits & 0x0f0f) << 4) | ((bits >> 4) & 0x0f0f);
  return ((bits & 0xff) << 8) | (bits >> 8);
}
