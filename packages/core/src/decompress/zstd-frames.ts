import { checkPadding, invalidStream } from '../inflate/decoder.ts';

/** What the bytes that come next are (RFC 8878, section 3.1). */
type Part =
  'magic' | 'skip-size' | 'skipped' | 'descriptor' | 'header' | 'block-header' | 'block' | 'checksum';

const MAGIC = 0xfd2fb528;
const MAGIC_BYTES = [0x28, 0xb5, 0x2f, 0xfd] as const;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Bytes of a dictionary ID, by its flag in the frame header descriptor. */
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;

/**
 * Finds where zstd frames begin and end without decoding them. Decoders differ in what they do at the end of a frame:
 * several stop there without a word, and most do not tell a truncated stream from a whole one. Given the input frame
 * by frame, and told here whether it is complete, all of them do the same.
 */
export class ZstdFrames {
  #part: Part = 'magic';
  /** Bytes of the part that are still to come. */
  #left = 4;
  /** The part's bytes so far as a little-endian number, where it is a number. */
  #value = 0;
  #scale = 1;
  #frames = 0;
  #padding = false;
  #checksum = false;
  #lastBlock = false;

  /**
   * Takes more bytes and answers the runs of them that belong to a frame with content, none across the end of a
   * frame. Throws `INVALID_ARCHIVE` where no frame can begin.
   */
  take(bytes: Uint8Array): Uint8Array[] {
    const runs: Uint8Array[] = [];
    let start = 0;
    let at = 0;
    for (;;) {
      if (this.#isPadding(bytes[at])) {
        checkPadding('zstd', bytes.subarray(at));
        return runs;
      }
      const end = Math.min(bytes.length, at + this.#left);
      if (this.#isNumber()) {
        for (; at < end; at += 1, this.#left -= 1) this.#digit(bytes[at] as number);
      } else {
        this.#left -= end - at;
        at = end;
      }
      if (this.#left > 0) break;
      const ended = this.#part;
      this.#next();
      if (ended === 'magic') {
        start = at - 4;
        if (start < 0 && this.#inFrame()) {
          // The first of its bytes came earlier, when they could not be told from those of a skippable frame.
          runs.push(Uint8Array.from(MAGIC_BYTES));
          start = at;
        }
      } else if (this.#part === 'magic' && ended !== 'skipped') {
        if (at > start) runs.push(bytes.subarray(start, at));
      }
    }
    if (this.#inFrame() && at > start) runs.push(bytes.subarray(start, at));
    return runs;
  }

  /** Whether the stream may end here. */
  get complete(): boolean {
    return this.#padding || (this.#part === 'magic' && this.#left === 4 && this.#frames > 0);
  }

  #isPadding(byte: number | undefined): boolean {
    if (byte === 0 && this.#part === 'magic' && this.#left === 4 && this.#frames > 0) this.#padding = true;
    return this.#padding;
  }

  #inFrame(): boolean {
    return this.#part !== 'magic' && this.#part !== 'skip-size' && this.#part !== 'skipped';
  }

  #isNumber(): boolean {
    const part = this.#part;
    return part === 'magic' || part === 'skip-size' || part === 'descriptor' || part === 'block-header';
  }

  #digit(byte: number): void {
    this.#value += byte * this.#scale;
    this.#scale *= 256;
  }

  #expect(part: Part, length: number): void {
    this.#part = part;
    this.#left = length;
    this.#value = 0;
    this.#scale = 1;
  }

  #endFrame(): void {
    this.#frames += 1;
    this.#expect('magic', 4);
  }

  /** A part is complete: decides what follows it. */
  #next(): void {
    const value = this.#value;
    switch (this.#part) {
      case 'magic':
        if (value === MAGIC) this.#expect('descriptor', 1);
        else if (value - (value % 16) === SKIPPABLE_MAGIC) this.#expect('skip-size', 4);
        else throw invalidStream('zstd', 'garbage after its end');
        return;
      case 'skip-size':
        this.#expect('skipped', value);
        return;
      case 'descriptor': {
        const single = (value >> 5) & 1;
        const sizeFlag = value >> 6;
        this.#checksum = ((value >> 2) & 1) === 1;
        const window = 1 - single;
        const size = sizeFlag === 0 ? single : 1 << sizeFlag;
        this.#expect('header', window + (DICTIONARY_BYTES[value & 3] as number) + size);
        return;
      }
      case 'block-header': {
        const type = (value >> 1) & 3;
        if (type === 3) throw invalidStream('zstd', 'invalid block type');
        this.#lastBlock = (value & 1) === 1;
        // A run-length block holds one byte, whatever its size.
        this.#expect('block', type === 1 ? 1 : value >> 3);
        return;
      }
      case 'block':
        if (!this.#lastBlock) this.#expect('block-header', 3);
        else if (this.#checksum) this.#expect('checksum', 4);
        else this.#endFrame();
        return;
      case 'header':
        this.#expect('block-header', 3);
        return;
      case 'checksum':
      case 'skipped':
        this.#endFrame();
    }
  }
}
