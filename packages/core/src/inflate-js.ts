import type { Bytes } from '@stowage/types';
import { crc32 } from './crc32.ts';
import { AT_BLOCK, DONE, NEEDS_INPUT, OUTPUT_FULL, WINDOW_SIZE } from './inflate-engine.ts';
import type { InflateEngine } from './inflate-engine.ts';
import {
  buildTable,
  EXTRA_SHIFT,
  LITERAL,
  SPECIAL,
  SUBTABLE,
  TABLE_BITS,
  TABLE_SIZE,
  VALUE_SHIFT,
} from './inflate-table.ts';

// Loaded on demand, for pages that forbid WebAssembly. The twin of assembly/inflate.ts, with fewer bits at a time.

/** Once the output is as long as this it is full. The longest match still fits behind. */
const OUTPUT_END = WINDOW_SIZE + 256 * 1024;
const LONGEST_MATCH = 258;
/** With more bits than these at hand no byte is read, so that they stay a small integer. */
const ENOUGH_BITS = 22;

/** The order in which the lengths of the code length code are written: RFC 1951, section 3.2.7. */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;

const LITERAL_MASK = (1 << TABLE_BITS.literals) - 1;
const DISTANCE_MASK = (1 << TABLE_BITS.distances) - 1;
const WIDTH_MASK = 31;
const EXTRA_MASK = 15;

/** Within this file only: no reason to stop. */
const GO_ON = -1;

/** Where in the stream decoding stands. A step is taken as a whole once all of its bits are there, or not at all. */
type Mode =
  | 'header'
  | 'headerTold'
  | 'storedLength'
  | 'storedCheck'
  | 'stored'
  | 'dynamicHeader'
  | 'codeLengthCode'
  | 'codeLengths'
  | 'symbols'
  | 'done';

/** An engine in plain TypeScript. */
export class PlainInflateEngine implements InflateEngine {
  readonly #buffer = new Uint8Array(OUTPUT_END + LONGEST_MATCH);
  readonly #codeLengthTable = new Int32Array(TABLE_SIZE.codeLengths);
  readonly #literalTable = new Int32Array(TABLE_SIZE.literals);
  readonly #distanceTable = new Int32Array(TABLE_SIZE.distances);
  /** Code lengths of one block. */
  readonly #lengths = new Uint8Array(288 + 32);
  readonly #used = new Uint8Array(WINDOW_SIZE);
  #fixedTables = false;

  #mode: Mode = 'header';
  #lastBlock = false;
  #input: Uint8Array = this.#used;
  #next = 0;
  /** Bits that were read and not used yet, the next one lowest, and how many. */
  #bits = 0;
  #count = 0;
  #output = WINDOW_SIZE;
  #windowStart = WINDOW_SIZE;
  #taken = WINDOW_SIZE;
  #takenBefore = WINDOW_SIZE;
  /** Where the output stood at the checkpoint whose window is being watched. */
  #watched = -Infinity;

  /** Bytes to come of a stored block. */
  #stored = 0;
  #literalCount = 0;
  #distanceCount = 0;
  #codeLengthCount = 0;
  #lengthsRead = 0;
  /** Of a match that is read in part: its length, and the entry of its distance; 0 is none. */
  #matchLength = 0;
  #matchEntry = 0;

  begin(window: Bytes, skip: number, first: number): void {
    this.#mode = 'header';
    this.#lastBlock = false;
    this.#bits = skip > 0 ? first >> skip : 0;
    this.#count = skip > 0 ? 8 - skip : 0;
    this.#matchLength = 0;
    this.#matchEntry = 0;
    this.#output = WINDOW_SIZE;
    this.#taken = WINDOW_SIZE;
    this.#windowStart = WINDOW_SIZE - window.length;
    this.#buffer.set(window, this.#windowStart);
    this.#watched = -Infinity;
  }

  decode(input: Bytes, stopAfter: number): number {
    this.#input = input;
    this.#next = 0;
    return this.resume(stopAfter);
  }

  resume(stopAfter: number): number {
    if (this.#output >= OUTPUT_END) this.#slide();
    const stopAt = this.#output + stopAfter;
    let status = GO_ON;
    while (status === GO_ON) {
      if (this.#output >= OUTPUT_END) return OUTPUT_FULL;
      if (this.#mode === 'header' && this.#output >= stopAt) {
        this.#mode = 'headerTold';
        return AT_BLOCK;
      }
      status = this.#step();
    }
    return status;
  }

  take(): Bytes {
    this.#takenBefore = this.#taken;
    this.#taken = this.#output;
    return this.#buffer.subarray(this.#takenBefore, this.#taken);
  }

  crc32(seed: number): number {
    return crc32(this.#buffer.subarray(this.#takenBefore, this.#taken), seed);
  }

  unusedBits(): number {
    return (this.#input.length - this.#next) * 8 + this.#count;
  }

  window(): Bytes {
    return this.#buffer.slice(Math.max(this.#windowStart, this.#output - WINDOW_SIZE), this.#output);
  }

  watch(): void {
    this.#used.fill(0);
    this.#watched = this.#output;
  }

  used(): Bytes {
    return this.#used;
  }

  free(): void {
    // What it holds goes with it.
  }

  /** Makes room for output: keeps the window and forgets the rest. */
  #slide(): void {
    const moved = this.#output - WINDOW_SIZE;
    this.#buffer.copyWithin(0, moved, this.#output);
    this.#windowStart = Math.max(this.#windowStart - moved, 0);
    this.#watched -= moved;
    this.#output = WINDOW_SIZE;
    this.#taken = WINDOW_SIZE;
  }

  #step(): number {
    switch (this.#mode) {
      case 'header':
      case 'headerTold':
        return this.#blockHeader();
      case 'storedLength':
        return this.#storedLength();
      case 'storedCheck':
        return this.#storedCheck();
      case 'stored':
        return this.#storedBytes();
      case 'dynamicHeader':
        return this.#dynamicHeader();
      case 'codeLengthCode':
        return this.#codeLengthCode();
      case 'codeLengths':
        return this.#codeLengths();
      case 'symbols':
        return this.#symbols();
      case 'done':
        return DONE;
    }
  }

  /** Reads bytes while few bits are at hand. Answers whether there are `need` bits, 23 at most. */
  #pull(need: number): boolean {
    while (this.#count <= ENOUGH_BITS && this.#next < this.#input.length) {
      this.#bits |= (this.#input[this.#next] as number) << this.#count;
      this.#next += 1;
      this.#count += 8;
    }
    return this.#count >= need;
  }

  #take(width: number): number {
    const value = this.#bits & ((1 << width) - 1);
    this.#bits >>= width;
    this.#count -= width;
    return value;
  }

  #endBlock(): void {
    this.#mode = this.#lastBlock ? 'done' : 'header';
  }

  #blockHeader(): number {
    if (!this.#pull(3)) return NEEDS_INPUT;
    this.#lastBlock = this.#take(1) === 1;
    switch (this.#take(2)) {
      case 0:
        this.#take(this.#count & 7);
        this.#mode = 'storedLength';
        return GO_ON;
      case 1:
        this.#useFixedTables();
        this.#mode = 'symbols';
        return GO_ON;
      case 2:
        this.#mode = 'dynamicHeader';
        return GO_ON;
      default:
        return 16;
    }
  }

  #useFixedTables(): void {
    if (this.#fixedTables) return;
    const lengths = this.#lengths.fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288);
    buildTable(this.#literalTable, lengths.subarray(0, 288), 'literals');
    buildTable(this.#distanceTable, lengths.fill(5, 288, 320).subarray(288), 'distances');
    this.#fixedTables = true;
  }

  #storedLength(): number {
    if (!this.#pull(16)) return NEEDS_INPUT;
    this.#stored = this.#take(16);
    this.#mode = 'storedCheck';
    return GO_ON;
  }

  #storedCheck(): number {
    if (!this.#pull(16)) return NEEDS_INPUT;
    if (this.#take(16) !== (this.#stored ^ 0xffff)) return 17;
    this.#mode = 'stored';
    return GO_ON;
  }

  #storedBytes(): number {
    // Whole bytes may have been read ahead.
    while (this.#count > 0 && this.#stored > 0) {
      this.#buffer[this.#output] = this.#take(8);
      this.#output += 1;
      this.#stored -= 1;
    }
    const room = Math.max(OUTPUT_END - this.#output, 0);
    const length = Math.min(this.#stored, this.#input.length - this.#next, room);
    this.#buffer.set(this.#input.subarray(this.#next, this.#next + length), this.#output);
    this.#output += length;
    this.#next += length;
    this.#stored -= length;
    if (this.#stored === 0) this.#endBlock();
    else if (this.#next === this.#input.length) return NEEDS_INPUT;
    return GO_ON;
  }

  #dynamicHeader(): number {
    if (!this.#pull(14)) return NEEDS_INPUT;
    this.#literalCount = this.#take(5) + 257;
    this.#distanceCount = this.#take(5) + 1;
    this.#codeLengthCount = this.#take(4) + 4;
    if (this.#literalCount > 286 || this.#distanceCount > 30) return 18;
    this.#lengths.fill(0, 0, 19);
    this.#lengthsRead = 0;
    this.#mode = 'codeLengthCode';
    return GO_ON;
  }

  #codeLengthCode(): number {
    while (this.#lengthsRead < this.#codeLengthCount) {
      if (!this.#pull(3)) return NEEDS_INPUT;
      this.#lengths[CODE_LENGTH_ORDER[this.#lengthsRead] as number] = this.#take(3);
      this.#lengthsRead += 1;
    }
    this.#fixedTables = false;
    if (!buildTable(this.#codeLengthTable, this.#lengths.subarray(0, 19), 'codeLengths')) return 19;
    this.#lengthsRead = 0;
    this.#mode = 'codeLengths';
    return GO_ON;
  }

  #codeLengths(): number {
    const total = this.#literalCount + this.#distanceCount;
    while (this.#lengthsRead < total) {
      this.#pull(0);
      const entry = this.#codeLengthTable[this.#bits & 127] as number;
      const width = entry & WIDTH_MASK;
      const symbol = entry >> VALUE_SHIFT;
      const extra = symbol < 16 ? 0 : symbol === 16 ? 2 : symbol === 17 ? 3 : 7;
      if (this.#count < width + extra) return NEEDS_INPUT;
      this.#take(width);
      const more = this.#take(extra);
      if (symbol < 16) {
        this.#lengths[this.#lengthsRead] = symbol;
        this.#lengthsRead += 1;
        continue;
      }
      const times = more + (symbol === 18 ? 11 : 3);
      if ((symbol === 16 && this.#lengthsRead === 0) || this.#lengthsRead + times > total) return 20;
      const length = symbol === 16 ? (this.#lengths[this.#lengthsRead - 1] as number) : 0;
      this.#lengths.fill(length, this.#lengthsRead, this.#lengthsRead + times);
      this.#lengthsRead += times;
    }
    if (this.#lengths[256] === 0) return 21;
    if (!buildTable(this.#literalTable, this.#lengths.subarray(0, this.#literalCount), 'literals')) return 22;
    const distances = this.#lengths.subarray(this.#literalCount, total);
    if (!buildTable(this.#distanceTable, distances, 'distances')) return 23;
    this.#mode = 'symbols';
    return GO_ON;
  }

  /** Decodes symbols. Bits that are not there yet count as zeros until it shows that they matter. */
  #symbols(): number {
    const input = this.#input;
    const buffer = this.#buffer;
    const literals = this.#literalTable;
    const distances = this.#distanceTable;
    let next = this.#next;
    let bits = this.#bits;
    let count = this.#count;
    let output = this.#output;
    let matchLength = this.#matchLength;
    let matchEntry = this.#matchEntry;
    let status = GO_ON;
    while (output < OUTPUT_END) {
      if (matchLength === 0) {
        while (count <= ENOUGH_BITS && next < input.length) {
          bits |= (input[next] as number) << count;
          next += 1;
          count += 8;
        }
        let entry = literals[bits & LITERAL_MASK] as number;
        let width = entry & WIDTH_MASK;
        if ((entry & SUBTABLE) !== 0) {
          const index = (bits >> width) & ((1 << ((entry >> EXTRA_SHIFT) & EXTRA_MASK)) - 1);
          entry = literals[(entry >> VALUE_SHIFT) + index] as number;
          width += entry & WIDTH_MASK;
        }
        const extra = (entry >> EXTRA_SHIFT) & EXTRA_MASK;
        if (count < width + extra) {
          status = NEEDS_INPUT;
          break;
        }
        bits >>= width;
        count -= width;
        if ((entry & LITERAL) !== 0) {
          buffer[output] = entry >> VALUE_SHIFT;
          output += 1;
          continue;
        }
        if ((entry & SPECIAL) !== 0) {
          if (entry >> VALUE_SHIFT !== 0) status = 24;
          else this.#endBlock();
          break;
        }
        matchLength = (entry >> VALUE_SHIFT) + (bits & ((1 << extra) - 1));
        bits >>= extra;
        count -= extra;
      }
      while (count <= ENOUGH_BITS && next < input.length) {
        bits |= (input[next] as number) << count;
        next += 1;
        count += 8;
      }
      if (matchEntry === 0) {
        let entry = distances[bits & DISTANCE_MASK] as number;
        let width = entry & WIDTH_MASK;
        if ((entry & SUBTABLE) !== 0) {
          const index = (bits >> width) & ((1 << ((entry >> EXTRA_SHIFT) & EXTRA_MASK)) - 1);
          entry = distances[(entry >> VALUE_SHIFT) + index] as number;
          width += entry & WIDTH_MASK;
        }
        if (count < width) {
          status = NEEDS_INPUT;
          break;
        }
        if ((entry & SPECIAL) !== 0) {
          status = 25;
          break;
        }
        bits >>= width;
        count -= width;
        matchEntry = entry;
        while (count <= ENOUGH_BITS && next < input.length) {
          bits |= (input[next] as number) << count;
          next += 1;
          count += 8;
        }
      }
      const extra = (matchEntry >> EXTRA_SHIFT) & EXTRA_MASK;
      if (count < extra) {
        status = NEEDS_INPUT;
        break;
      }
      const distance = (matchEntry >> VALUE_SHIFT) + (bits & ((1 << extra) - 1));
      bits >>= extra;
      count -= extra;
      let from = output - distance;
      if (from < this.#windowStart) {
        status = 26;
        break;
      }
      if (from < this.#watched) this.#note(from, matchLength);
      if (distance >= matchLength && matchLength > 32) {
        buffer.copyWithin(output, from, from + matchLength);
        output += matchLength;
      } else {
        for (const end = output + matchLength; output < end; output += 1, from += 1) {
          buffer[output] = buffer[from] as number;
        }
      }
      matchLength = 0;
      matchEntry = 0;
    }
    this.#next = next;
    this.#bits = bits;
    this.#count = count;
    this.#output = output;
    this.#matchLength = matchLength;
    this.#matchEntry = matchEntry;
    return status;
  }

  /** Notes the use of those bytes of the watched window that are among `length` from `from` on. */
  #note(from: number, length: number): void {
    const start = WINDOW_SIZE - (this.#watched - from);
    // What is further back than a window is not reached by the data that is watched for.
    if (start >= 0) this.#used.fill(1, start, start + length);
  }
}
