// What comes before the symbols of a block (RFC 1951, section 3.2.3 on), and blocks without symbols.

import {
  CODE_LENGTH_BITS,
  DISTANCE_BITS,
  DISTANCES,
  ERROR_BLOCK_TYPE,
  ERROR_CODE_LENGTHS,
  ERROR_DISTANCES,
  ERROR_LITERALS,
  ERROR_NO_END,
  ERROR_REPEAT,
  ERROR_STORED_LENGTHS,
  ERROR_TOO_MANY_SYMBOLS,
  FULL,
  GO_ON,
  LENGTHS,
  LITERAL_BITS,
  LITERALS,
  NEEDS_INPUT,
} from './inflate-layout';
import {
  CODE_LENGTH_CODE,
  CODE_LENGTHS,
  DYNAMIC_HEADER,
  endBlock,
  pull,
  State,
  STORED,
  STORED_HEADER,
  SYMBOLS,
  take,
} from './inflate-state';
import { buildTable, Kind } from './inflate-table';

export function blockHeader(): i32 {
  if (!pull(3)) return NEEDS_INPUT;
  State.lastBlock = <bool>take(1);
  switch (take(2)) {
    case 0:
      take(State.count & 7);
      State.mode = STORED_HEADER;
      return GO_ON;
    case 1:
      if (!State.fixedTables) {
        memory.fill(LENGTHS, 8, 144);
        memory.fill(LENGTHS + 144, 9, 112);
        memory.fill(LENGTHS + 256, 7, 24);
        memory.fill(LENGTHS + 280, 8, 8);
        buildTable(LENGTHS, 288, LITERALS, LITERAL_BITS, Kind.Literals);
        memory.fill(LENGTHS, 5, 32);
        buildTable(LENGTHS, 32, DISTANCES, DISTANCE_BITS, Kind.Distances);
        State.fixedTables = true;
      }
      State.mode = SYMBOLS;
      return GO_ON;
    case 2:
      State.mode = DYNAMIC_HEADER;
      return GO_ON;
    default:
      return ERROR_BLOCK_TYPE;
  }
}

export function storedHeader(): i32 {
  if (!pull(32)) return NEEDS_INPUT;
  State.stored = take(16);
  if (State.stored != (take(16) ^ 0xffff)) return ERROR_STORED_LENGTHS;
  State.mode = STORED;
  return GO_ON;
}

export function storedBytes(): i32 {
  // Whole bytes may have been read ahead.
  while (State.count > 0 && State.stored > 0) {
    store<u8>(State.output++, take(8));
    State.stored--;
  }
  // Never beyond FULL by more than the few bytes above.
  const room = State.output < FULL ? FULL - State.output : 0;
  const length = min(min(<usize>State.stored, State.inputEnd - State.input), room);
  memory.copy(State.output, State.input, length);
  State.output += length;
  State.input += length;
  State.stored -= <u32>length;
  if (State.stored == 0) endBlock();
  else if (State.input == State.inputEnd) return NEEDS_INPUT;
  return GO_ON;
}

export function dynamicHeader(): i32 {
  if (!pull(14)) return NEEDS_INPUT;
  State.literalCount = take(5) + 257;
  State.distanceCount = take(5) + 1;
  State.codeLengthCount = take(4) + 4;
  if (State.literalCount > 286 || State.distanceCount > 30) return ERROR_TOO_MANY_SYMBOLS;
  memory.fill(LENGTHS, 0, 19);
  State.lengthsRead = 0;
  State.mode = CODE_LENGTH_CODE;
  return GO_ON;
}

/** The order in which the lengths of the code length code are written: RFC 1951, section 3.2.7, five bits each. */
const ORDER_LOW: u64 = 16 | (17 << 5) | (18 << 10) | (0 << 15) | (8 << 20) | (7 << 25) | (9 << 30) | (6 << 35) | (10 << 40) | (5 << 45) | (11 << 50) | (4 << 55);
const ORDER_HIGH: u64 = 12 | (3 << 5) | (13 << 10) | (2 << 15) | (14 << 20) | (1 << 25) | (15 << 30);

export function codeLengthCode(): i32 {
  while (State.lengthsRead < State.codeLengthCount) {
    if (!pull(3)) return NEEDS_INPUT;
    const order = State.lengthsRead < 12 ? ORDER_LOW >> (State.lengthsRead * 5) : ORDER_HIGH >> ((State.lengthsRead - 12) * 5);
    store<u8>(LENGTHS + (<usize>order & 31), take(3));
    State.lengthsRead++;
  }
  State.fixedTables = false;
  if (!buildTable(LENGTHS, 19, LITERALS, CODE_LENGTH_BITS, Kind.CodeLengths)) return ERROR_CODE_LENGTHS;
  State.lengthsRead = 0;
  State.mode = CODE_LENGTHS;
  return GO_ON;
}

export function codeLengths(): i32 {
  const total = State.literalCount + State.distanceCount;
  while (State.lengthsRead < total) {
    // The most that one step takes is 7 bits of code and 7 of repetition.
    pull(14);
    const entry = load<u32>(LITERALS + ((<usize>State.bits & 127) << 2));
    const width: u64 = entry & 63;
    const symbol = entry >> 16;
    if (symbol < 16) {
      if (State.count < width) return NEEDS_INPUT;
      take(width);
      store<u8>(LENGTHS + State.lengthsRead++, symbol);
      continue;
    }
    const extra: u64 = symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
    if (State.count < width + extra) return NEEDS_INPUT;
    take(width);
    const times = <i32>take(extra) + (symbol == 18 ? 11 : 3);
    if (symbol == 16 && State.lengthsRead == 0) return ERROR_REPEAT;
    if (State.lengthsRead + times > total) return ERROR_REPEAT;
    const length = symbol == 16 ? load<u8>(LENGTHS + State.lengthsRead - 1) : 0;
    memory.fill(LENGTHS + State.lengthsRead, length, times);
    State.lengthsRead += times;
  }
  if (load<u8>(LENGTHS + 256) == 0) return ERROR_NO_END;
  if (!buildTable(LENGTHS, State.literalCount, LITERALS, LITERAL_BITS, Kind.Literals)) return ERROR_LITERALS;
  if (!buildTable(LENGTHS + State.literalCount, State.distanceCount, DISTANCES, DISTANCE_BITS, Kind.Distances)) {
    return ERROR_DISTANCES;
  }
  State.mode = SYMBOLS;
  return GO_ON;
}
