import {
  ERROR_BLOCK_LENGTH,
  ERROR_FSE,
  ERROR_NO_FSE,
  ERROR_OFFSET,
  ERROR_SEQUENCES,
  ERROR_TRUNCATED,
} from '../zstd-engine.ts';
import { bitsAt, bitsOf, manyBitsAt, wordAt } from './bits.ts';
import { LITERAL_LENGTHS, MATCH_LENGTHS, OFFSETS } from './fse-kinds.ts';
import { FseTable } from './fse-table.ts';
import type { Literals } from './literals.ts';
import type { OutputWindow } from './output-window.ts';

/** What is longer than this is copied by the runtime. */
const LONG = 48;

/** The sequences of a block (RFC 8878, section 3.1.1.3.2), decoded and carried out one by one. */
export class Sequences {
  readonly #literals: Literals;
  readonly #window: OutputWindow;
  readonly #literalTable = new FseTable(LITERAL_LENGTHS);
  readonly #offsetTable = new FseTable(OFFSETS);
  readonly #matchTable = new FseTable(MATCH_LENGTHS);
  // The offsets of section 3.1.1.5.
  #repeat1 = 1;
  #repeat2 = 4;
  #repeat3 = 8;
  /** Where the header has come to. */
  #at = 0;

  constructor(literals: Literals, window: OutputWindow) {
    this.#literals = literals;
    this.#window = window;
  }

  /** A frame begins. */
  begin(): void {
    this.#repeat1 = 1;
    this.#repeat2 = 4;
    this.#repeat3 = 8;
    this.#literalTable.bits = this.#offsetTable.bits = this.#matchTable.bits = -1;
  }

  /**
   * Decodes what follows the literals, up to the end of the block, to no more output than up to `outputEnd`. Answers 0 or
   * the number of an error.
   */
  read(input: Uint8Array, end: number, outputEnd: number): number {
    this.#at = this.#literals.sectionEnd;
    if (this.#at >= end) return ERROR_TRUNCATED;
    const count = this.#readCount(input);
    if (this.#at > end) return ERROR_TRUNCATED;
    if (count === 0) return this.#at === end ? this.#writeRest(outputEnd) : ERROR_SEQUENCES;
    if (this.#at >= end) return ERROR_TRUNCATED;
    const modes = input[this.#at] as number;
    this.#at += 1;
    if ((modes & 3) !== 0) return ERROR_SEQUENCES;
    const status =
      this.#readTable(this.#literalTable, modes >> 6, input, end) ||
      this.#readTable(this.#offsetTable, (modes >> 4) & 3, input, end) ||
      this.#readTable(this.#matchTable, (modes >> 2) & 3, input, end) ||
      this.#run(count, input, end, outputEnd);
    return status === 0 ? this.#writeRest(outputEnd) : status;
  }

  #readCount(input: Uint8Array): number {
    const at = this.#at;
    const word = wordAt(input, at);
    const first = word & 0xff;
    this.#at += first === 255 ? 3 : first >= 128 ? 2 : 1;
    if (first === 255) return ((word >> 8) & 0xffff) + 0x7f00;
    return first >= 128 ? ((first - 128) << 8) | ((word >> 8) & 0xff) : first;
  }

  /** Makes the table of a mode; answers 0 or the number of an error. */
  #readTable(table: FseTable, mode: number, input: Uint8Array, end: number): number {
    switch (mode) {
      case 0:
        table.useDefault();
        return 0;
      case 1:
        this.#at += 1;
        return this.#at <= end && table.useOne(input[this.#at - 1] as number) ? 0 : ERROR_FSE;
      case 2:
        this.#at = table.read(input, this.#at, end);
        return this.#at < 0 ? ERROR_FSE : 0;
      default:
        return table.bits < 0 ? ERROR_NO_FSE : 0;
    }
  }

  /** The literals behind the last sequence. */
  #writeRest(outputEnd: number): number {
    const { bytes, from, to } = this.#literals;
    if (to - from > outputEnd - this.#window.end) return ERROR_BLOCK_LENGTH;
    this.#window.bytes.set(bytes.subarray(from, to), this.#window.end);
    this.#window.end += to - from;
    return 0;
  }

  #run(count: number, input: Uint8Array, end: number, outputEnd: number): number {
    const base = this.#at;
    const [literalTable, offsetTable, matchTable] = [this.#literalTable, this.#offsetTable, this.#matchTable];
    let position = bitsOf(input, base, end);
    if (position < 0) return ERROR_SEQUENCES;
    position -= literalTable.bits;
    let literalState = bitsAt(input, base, position, literalTable.bits);
    position -= offsetTable.bits;
    let offsetState = bitsAt(input, base, position, offsetTable.bits);
    position -= matchTable.bits;
    let matchState = bitsAt(input, base, position, matchTable.bits);
    const { bytes: literals, to: literalsEnd } = this.#literals;
    const { bytes: output, windowSize } = this.#window;
    let from = this.#literals.from;
    let to = this.#window.end;

    for (let left = count; ;) {
      const offsetWidth = offsetTable.extra[offsetState] as number;
      position -= offsetWidth;
      const number =
        (offsetTable.bases[offsetState] as number) + manyBitsAt(input, base, position, offsetWidth);
      const matchWidth = matchTable.extra[matchState] as number;
      position -= matchWidth;
      const match = (matchTable.bases[matchState] as number) + bitsAt(input, base, position, matchWidth);
      const literalWidth = literalTable.extra[literalState] as number;
      position -= literalWidth;
      const length =
        (literalTable.bases[literalState] as number) + bitsAt(input, base, position, literalWidth);
      if (position < 0) return ERROR_SEQUENCES;

      const offset = this.#offsetOf(number, length);
      if (length > literalsEnd - from) return ERROR_SEQUENCES;
      if (length + match > outputEnd - to) return ERROR_BLOCK_LENGTH;
      if (length > LONG) output.set(literals.subarray(from, from + length), to);
      else for (let at = 0; at < length; at += 1) output[to + at] = literals[from + at] as number;
      to += length;
      from += length;
      if (offset === 0 || offset > Math.min(to, windowSize)) return ERROR_OFFSET;
      copyMatch(output, to, offset, match);
      to += match;

      left -= 1;
      if (left === 0) break;
      const literalStep = literalTable.widths[literalState] as number;
      position -= literalStep;
      literalState = (literalTable.next[literalState] as number) + bitsAt(input, base, position, literalStep);
      const matchStep = matchTable.widths[matchState] as number;
      position -= matchStep;
      matchState = (matchTable.next[matchState] as number) + bitsAt(input, base, position, matchStep);
      const offsetStep = offsetTable.widths[offsetState] as number;
      position -= offsetStep;
      offsetState = (offsetTable.next[offsetState] as number) + bitsAt(input, base, position, offsetStep);
    }
    if (position !== 0) return ERROR_SEQUENCES;
    this.#window.end = to;
    this.#literals.from = from;
    return 0;
  }

  /** The offset that a number stands for, which becomes the latest one. */
  #offsetOf(number: number, length: number): number {
    let offset = number - 3;
    if (number <= 3) {
      const which = length === 0 ? number + 1 : number;
      if (which === 1) return this.#repeat1;
      offset = which === 2 ? this.#repeat2 : which === 3 ? this.#repeat3 : this.#repeat1 - 1;
      if (which !== 2) this.#repeat3 = this.#repeat2;
    } else this.#repeat3 = this.#repeat2;
    this.#repeat2 = this.#repeat1;
    this.#repeat1 = offset;
    return offset;
  }
}

/** Repeats what is `offset` bytes back; it may overlap with what is written. */
function copyMatch(output: Uint8Array, to: number, offset: number, length: number): void {
  const end = to + length;
  if (offset === 1) output.fill(output[to - 1] as number, to, end);
  else if (length > LONG) {
    // What was written doubles what there is to copy.
    for (let at = to; at < end;) {
      const part = Math.min(at - to + offset, end - at);
      output.copyWithin(at, to - offset, to - offset + part);
      at += part;
    }
  } else for (let at = to; at < end; at += 1) output[at] = output[at - offset] as number;
}
