import type { BitReader } from './bit-reader.ts';
import {
  ERROR_CODE_LENGTHS,
  ERROR_DISTANCES,
  ERROR_LITERALS,
  ERROR_NO_END,
  ERROR_REPEAT,
  ERROR_TOO_MANY_SYMBOLS,
  GO_ON,
  NEEDS_INPUT,
} from './inflate-engine.ts';
import { buildTable, TABLE_SIZE, VALUE_SHIFT, WIDTH_MASK } from './inflate-table.ts';

/** The order in which the lengths of the code length code are written: RFC 1951, section 3.2.7. */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;

/** The codes of one block for the engine in plain TypeScript: the fixed ones, or those that the block begins with. */
export class InflateCodes {
  readonly literals: Int32Array = new Int32Array(TABLE_SIZE.literals);
  readonly distances: Int32Array = new Int32Array(TABLE_SIZE.distances);
  readonly #codeLengths = new Int32Array(TABLE_SIZE.codeLengths);
  readonly #lengths = new Uint8Array(288 + 32);
  #fixed = false;
  #literalCount = 0;
  #distanceCount = 0;
  #codeLengthCount = 0;
  /** Code lengths read so far. */
  #read = 0;

  /** RFC 1951, section 3.2.6. */
  useFixed(): void {
    if (this.#fixed) return;
    const lengths = this.#lengths.fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288);
    buildTable(this.literals, lengths.subarray(0, 288), 'literals');
    buildTable(this.distances, lengths.fill(5, 288).subarray(288), 'distances');
    this.#fixed = true;
  }

  /** Reads how many codes a block has. This and the next two answer why they stop, as an engine does. */
  readCounts(reader: BitReader): number {
    if (!reader.pull(14)) return NEEDS_INPUT;
    this.#literalCount = reader.take(5) + 257;
    this.#distanceCount = reader.take(5) + 1;
    this.#codeLengthCount = reader.take(4) + 4;
    if (this.#literalCount > 286 || this.#distanceCount > 30) return ERROR_TOO_MANY_SYMBOLS;
    this.#lengths.fill(0, 0, 19);
    this.#read = 0;
    return GO_ON;
  }

  /** Reads the code that code lengths are written in. */
  readCodeLengthCode(reader: BitReader): number {
    while (this.#read < this.#codeLengthCount) {
      if (!reader.pull(3)) return NEEDS_INPUT;
      this.#lengths[CODE_LENGTH_ORDER[this.#read] as number] = reader.take(3);
      this.#read += 1;
    }
    if (!buildTable(this.#codeLengths, this.#lengths.subarray(0, 19), 'codeLengths'))
      return ERROR_CODE_LENGTHS;
    this.#read = 0;
    return GO_ON;
  }

  /** Reads the code lengths, and makes the tables of them. */
  readCodeLengths(reader: BitReader): number {
    const lengths = this.#lengths;
    const total = this.#literalCount + this.#distanceCount;
    while (this.#read < total) {
      reader.pull(0);
      const entry = this.#codeLengths[reader.bits & 127] as number;
      const width = entry & WIDTH_MASK;
      const symbol = entry >> VALUE_SHIFT;
      const extra = symbol < 16 ? 0 : symbol === 16 ? 2 : symbol === 17 ? 3 : 7;
      if (reader.count < width + extra) return NEEDS_INPUT;
      reader.take(width);
      const more = reader.take(extra);
      const times = symbol < 16 ? 1 : symbol === 18 ? more + 11 : more + 3;
      if ((symbol === 16 && this.#read === 0) || this.#read + times > total) return ERROR_REPEAT;
      const length = symbol < 16 ? symbol : symbol === 16 ? (lengths[this.#read - 1] as number) : 0;
      lengths.fill(length, this.#read, this.#read + times);
      this.#read += times;
    }
    if (lengths[256] === 0) return ERROR_NO_END;
    this.#fixed = false;
    if (!buildTable(this.literals, lengths.subarray(0, this.#literalCount), 'literals'))
      return ERROR_LITERALS;
    if (!buildTable(this.distances, lengths.subarray(this.#literalCount, total), 'distances'))
      return ERROR_DISTANCES;
    return GO_ON;
  }
}
