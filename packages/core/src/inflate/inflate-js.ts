import type { Bytes } from '@stowage/types';
import { BitReader, ENOUGH_BITS } from './bit-reader.ts';
import { crc32 } from './crc32.ts';
import { InflateCodes } from './inflate-codes.ts';
import {
  AT_BLOCK,
  DONE,
  ERROR_BLOCK_TYPE,
  ERROR_DISTANCE,
  ERROR_LITERAL,
  ERROR_STORED_LENGTHS,
  ERROR_TOO_FAR,
  GO_ON,
  NEEDS_INPUT,
  OUTPUT_FULL,
  WINDOW_SIZE,
} from './inflate-engine.ts';
import type { InflateEngine } from './inflate-engine.ts';
import {
  EXTRA_MASK,
  EXTRA_SHIFT,
  LITERAL,
  SPECIAL,
  SUBTABLE,
  TABLE_BITS,
  VALUE_SHIFT,
  WIDTH_MASK,
} from './inflate-table.ts';

// Loaded on demand, for pages that forbid WebAssembly. The twin of assembly/inflate.ts, with fewer bits at a time.

/** Once the output is as long as this it is full. The longest match still fits behind. */
const OUTPUT_END = WINDOW_SIZE + 256 * 1024;
const LONGEST_MATCH = 258;

const LITERAL_MASK = (1 << TABLE_BITS.literals) - 1;
const DISTANCE_MASK = (1 << TABLE_BITS.distances) - 1;

/** Where in the stream decoding stands. A step is taken as a whole once all of its bits are there, or not at all. */
type Mode =
  | 'header'
  | 'headerTold'
  | 'storedLength'
  | 'storedCheck'
  | 'stored'
  | 'counts'
  | 'codeLengthCode'
  | 'codeLengths'
  | 'symbols'
  | 'done';

/** Engines that were freed, kept because they are large; one at most. */
const idle: PlainInflateEngine[] = [];

/** An engine in plain TypeScript. */
export function createPlainInflateEngine(): InflateEngine {
  return idle.pop() ?? new PlainInflateEngine();
}

class PlainInflateEngine implements InflateEngine {
  readonly #buffer = new Uint8Array(OUTPUT_END + LONGEST_MATCH);
  readonly #codes = new InflateCodes();
  readonly #reader = new BitReader();
  readonly #used = new Uint8Array(WINDOW_SIZE);
  #mode: Mode = 'header';
  #lastBlock = false;
  #output = WINDOW_SIZE;
  #windowStart = WINDOW_SIZE;
  #taken = WINDOW_SIZE;
  #takenBefore = WINDOW_SIZE;
  /** Where the output stood at the checkpoint whose window is being watched. */
  #watched = -Infinity;
  /** Bytes to come of a stored block. */
  #stored = 0;
  /** Of a match that is read in part: its length, and the entry of its distance; 0 is none. */
  #matchLength = 0;
  #matchEntry = 0;

  begin(window: Bytes, skip: number, first: number): void {
    this.#mode = 'header';
    this.#lastBlock = false;
    this.#reader.bits = skip > 0 ? first >> skip : 0;
    this.#reader.count = skip > 0 ? 8 - skip : 0;
    this.#matchLength = 0;
    this.#matchEntry = 0;
    this.#output = WINDOW_SIZE;
    this.#taken = WINDOW_SIZE;
    this.#windowStart = WINDOW_SIZE - window.length;
    this.#buffer.set(window, this.#windowStart);
    this.#watched = -Infinity;
  }

  decode(input: Bytes, stopAfter: number): number {
    this.#reader.input = input;
    this.#reader.next = 0;
    return this.resume(stopAfter);
  }

  resume(stopAfter: number): number {
    if (this.#output >= OUTPUT_END) this.#slide();
    const stopAt = this.#output + stopAfter;
    let status: number = GO_ON;
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
    const { input, next, count } = this.#reader;
    return (input.length - next) * 8 + count;
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
    if (idle.length === 0) idle.push(this);
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
      case 'counts':
        return this.#then('codeLengthCode', this.#codes.readCounts(this.#reader));
      case 'codeLengthCode':
        return this.#then('codeLengths', this.#codes.readCodeLengthCode(this.#reader));
      case 'codeLengths':
        return this.#then('symbols', this.#codes.readCodeLengths(this.#reader));
      case 'symbols':
        return this.#symbols();
      case 'done':
        return DONE;
    }
  }

  /** Goes on to a mode where nothing speaks against it. */
  #then(mode: Mode, status: number): number {
    if (status === GO_ON) this.#mode = mode;
    return status;
  }

  #endBlock(): void {
    this.#mode = this.#lastBlock ? 'done' : 'header';
  }

  #blockHeader(): number {
    const reader = this.#reader;
    if (!reader.pull(3)) return NEEDS_INPUT;
    this.#lastBlock = reader.take(1) === 1;
    switch (reader.take(2)) {
      case 0:
        reader.take(reader.count & 7);
        return this.#then('storedLength', GO_ON);
      case 1:
        this.#codes.useFixed();
        return this.#then('symbols', GO_ON);
      case 2:
        return this.#then('counts', GO_ON);
      default:
        return ERROR_BLOCK_TYPE;
    }
  }

  #storedLength(): number {
    if (!this.#reader.pull(16)) return NEEDS_INPUT;
    this.#stored = this.#reader.take(16);
    return this.#then('storedCheck', GO_ON);
  }

  #storedCheck(): number {
    if (!this.#reader.pull(16)) return NEEDS_INPUT;
    if (this.#reader.take(16) !== (this.#stored ^ 0xffff)) return ERROR_STORED_LENGTHS;
    return this.#then('stored', GO_ON);
  }

  #storedBytes(): number {
    const reader = this.#reader;
    // Whole bytes may have been read ahead.
    while (reader.count > 0 && this.#stored > 0) {
      this.#buffer[this.#output] = reader.take(8);
      this.#output += 1;
      this.#stored -= 1;
    }
    const room = Math.max(OUTPUT_END - this.#output, 0);
    const length = Math.min(this.#stored, reader.input.length - reader.next, room);
    this.#buffer.set(reader.input.subarray(reader.next, reader.next + length), this.#output);
    this.#output += length;
    reader.next += length;
    this.#stored -= length;
    if (this.#stored === 0) this.#endBlock();
    else if (reader.next === reader.input.length) return NEEDS_INPUT;
    return GO_ON;
  }

  /** Decodes symbols. Bits that are not there yet count as zeros until it shows that they matter. */
  #symbols(): number {
    const reader = this.#reader;
    const { input } = reader;
    const buffer = this.#buffer;
    const { literals, distances } = this.#codes;
    let { next, bits, count } = reader;
    let output = this.#output;
    let matchLength = this.#matchLength;
    let matchEntry = this.#matchEntry;
    let status: number = GO_ON;
    while (output < OUTPUT_END) {
      // A symbol and its extra bits are 15 and 5 bits at most, a distance 15, and its extra bits 13.
      while (count <= ENOUGH_BITS && next < input.length) {
        bits |= (input[next] as number) << count;
        next += 1;
        count += 8;
      }
      if (matchEntry > 0) {
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
          status = ERROR_TOO_FAR;
          break;
        }
        if (from < this.#watched) this.#note(from, matchLength);
        for (const end = output + matchLength; output < end; output += 1, from += 1) {
          buffer[output] = buffer[from] as number;
        }
        matchLength = 0;
        matchEntry = 0;
        continue;
      }
      const table = matchLength > 0 ? distances : literals;
      let entry = table[bits & (matchLength > 0 ? DISTANCE_MASK : LITERAL_MASK)] as number;
      let width = entry & WIDTH_MASK;
      if ((entry & SUBTABLE) !== 0) {
        const index = (bits >> width) & ((1 << ((entry >> EXTRA_SHIFT) & EXTRA_MASK)) - 1);
        entry = table[(entry >> VALUE_SHIFT) + index] as number;
        width += entry & WIDTH_MASK;
      }
      const extra = matchLength > 0 ? 0 : (entry >> EXTRA_SHIFT) & EXTRA_MASK;
      if (count < width + extra) {
        status = NEEDS_INPUT;
        break;
      }
      bits >>= width;
      count -= width;
      if ((entry & LITERAL) !== 0) {
        buffer[output] = entry >> VALUE_SHIFT;
        output += 1;
      } else if ((entry & SPECIAL) !== 0) {
        if (entry >> VALUE_SHIFT !== 0) status = matchLength > 0 ? ERROR_DISTANCE : ERROR_LITERAL;
        else this.#endBlock();
        break;
      } else if (matchLength > 0) {
        matchEntry = entry;
      } else {
        matchLength = (entry >> VALUE_SHIFT) + (bits & ((1 << extra) - 1));
        bits >>= extra;
        count -= extra;
      }
    }
    reader.next = next;
    reader.bits = bits;
    reader.count = count;
    this.#output = output;
    this.#matchLength = matchLength;
    this.#matchEntry = matchEntry;
    return status;
  }

  /** Notes which bytes of the watched window are among `length` from `from` on. */
  #note(from: number, length: number): void {
    const start = WINDOW_SIZE - (this.#watched - from);
    this.#used.fill(1, start, start + length);
  }
}
