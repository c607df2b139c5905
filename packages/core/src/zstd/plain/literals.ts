import {
  BLOCK_SIZE,
  ERROR_HUFFMAN,
  ERROR_LITERALS,
  ERROR_NO_HUFFMAN,
  ERROR_TRUNCATED,
} from '../zstd-engine.ts';
import { wordAt } from './bits.ts';
import { HuffmanTable } from './huffman-table.ts';

/** The literals of a block (RFC 8878, section 3.1.1.3.1). */
export class Literals {
  /** Where the literals of the block at hand are. */
  bytes: Uint8Array;
  from = 0;
  to = 0;
  /** Where their section has its end. */
  sectionEnd = 0;
  readonly #buffer = new Uint8Array(BLOCK_SIZE);
  readonly #huffman = new HuffmanTable();

  constructor() {
    this.bytes = this.#buffer;
  }

  /** A frame begins: there is no code to repeat. */
  begin(): void {
    this.#huffman.bits = 0;
  }

  /** Reads the section from `at` on, of a block that has its end at `end`. Answers 0 or the number of an error. */
  read(input: Uint8Array, at: number, end: number): number {
    if (at >= end) return ERROR_TRUNCATED;
    const head = input[at] as number;
    const format = (head >> 2) & 3;
    return (head & 3) < 2 ? this.#plain(input, at, end, format) : this.#coded(input, at, end, format);
  }

  #plain(input: Uint8Array, at: number, end: number, format: number): number {
    const repeated = ((input[at] as number) & 3) === 1;
    const word = wordAt(input, at);
    const [headLength, length] =
      (format & 1) === 0
        ? [1, (word >> 3) & 0x1f]
        : format === 1
          ? [2, (word >> 4) & 0xfff]
          : [3, (word >> 4) & 0xfffff];
    const from = at + headLength;
    this.sectionEnd = from + (repeated ? 1 : length);
    if (this.sectionEnd > end) return ERROR_TRUNCATED;
    if (length > BLOCK_SIZE) return ERROR_LITERALS;
    if (repeated) this.#buffer.fill(input[from] as number, 0, length);
    this.bytes = repeated ? this.#buffer : input;
    this.from = repeated ? 0 : from;
    this.to = this.from + length;
    return 0;
  }

  #coded(input: Uint8Array, at: number, end: number, format: number): number {
    const width = format < 2 ? 10 : format === 2 ? 14 : 18;
    const headLength = format < 2 ? 3 : format + 2;
    // Both lengths, which begin at bit 4, take up to five bytes.
    const head = (wordAt(input, at) >>> 4) + (input[at + 4] as number) * 2 ** 28;
    const length = head % 2 ** width;
    const size = Math.floor(head / 2 ** width) % 2 ** width;
    let from = at + headLength;
    this.sectionEnd = from + size;
    if (this.sectionEnd > end) return ERROR_TRUNCATED;
    if (length === 0 || length > BLOCK_SIZE) return ERROR_LITERALS;
    if (((input[at] as number) & 3) === 2) {
      from = this.#huffman.read(input, from, this.sectionEnd);
      if (from === 0) return ERROR_HUFFMAN;
    } else if (this.#huffman.bits === 0) return ERROR_NO_HUFFMAN;
    const whole =
      format === 0
        ? this.#huffman.oneStream(input, from, this.sectionEnd, this.#buffer, 0, length)
        : this.#huffman.fourStreams(input, from, this.sectionEnd, this.#buffer, length);
    if (!whole) return ERROR_LITERALS;
    this.bytes = this.#buffer;
    this.from = 0;
    this.to = length;
    return 0;
  }
}
