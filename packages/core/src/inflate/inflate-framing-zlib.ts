import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import { adler32 } from './adler32.ts';
import { BAD_HEADER, invalidStream } from './decoder.ts';
import { DEFLATE } from './inflate-engine.ts';
import type { InflateEngine } from './inflate-engine.ts';
import type { Framing } from './framing.ts';

// Loaded on demand, as a file of its own: no layer is compressed so.

const MAX_WINDOW_BITS = 15;
/** RFC 1950, section 2.2: the stream begins with a dictionary that both sides know. */
const FDICT = 0x20;

/** RFC 1950. */
export class ZlibFraming implements Framing {
  readonly format = 'zlib';
  readonly repeats = false;
  readonly seed = 1;
  readonly trailerLength = 4;
  #first: number | undefined;
  open = false;

  start(): void {
    this.#first = undefined;
    this.open = false;
  }

  header(bytes: Bytes, at: number): number {
    const byte = bytes[at] as number;
    if (this.#first === undefined) {
      this.#first = byte;
      return at + 1;
    }
    if ((this.#first * 256 + byte) % 31 !== 0) throw invalidStream('zlib', BAD_HEADER);
    if ((this.#first & 15) !== DEFLATE) throw invalidStream('zlib', 'unknown compression method');
    if ((this.#first >> 4) + 8 > MAX_WINDOW_BITS) throw invalidStream('zlib', 'invalid window size');
    if ((byte & FDICT) !== 0) {
      throw new StowageError('UNSUPPORTED', 'cannot decompress a zlib stream with a preset dictionary');
    }
    this.open = true;
    return at + 1;
  }

  check(_engine: InflateEngine, output: Bytes, seed: number): number {
    return adler32(output, seed);
  }

  trailer(view: DataView, filled: number, check: number | undefined): void {
    if (filled === this.trailerLength && check !== undefined && view.getUint32(0) !== check) {
      throw invalidStream('zlib', 'incorrect data check');
    }
  }
}
