import type { Bytes } from '@stowage/types';
import { DICTIONARY_SIZE, SEGMENT_SIZE } from './deflate-engine.ts';
import type { DeflateEngine } from './deflate-engine.ts';
import type { DeflateEffort } from '../workers/worker-protocol.ts';

/** Compresses a stream to raw deflate, segment by segment, in the thread that calls it. */
export class ThreadCompressor {
  readonly workers = 0;
  crc = 0;
  readonly #engine: DeflateEngine;
  readonly #effort: DeflateEffort;
  readonly #give: (bytes: Bytes) => void;
  #dictionary = 0;
  #length = 0;

  /** @param give takes the output, valid during the call */
  constructor(engine: DeflateEngine, effort: DeflateEffort, give: (bytes: Bytes) => void) {
    this.#engine = engine;
    this.#effort = effort;
    this.#give = give;
  }

  write(bytes: Bytes): void {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + SEGMENT_SIZE - this.#length);
      this.#engine.input.set(part, DICTIONARY_SIZE + this.#length);
      this.#length += part.length;
      at += part.length;
      if (this.#length === SEGMENT_SIZE) this.#deflate(false);
    }
  }

  end(): void {
    this.#deflate(true);
  }

  free(): void {
    this.#engine.free();
  }

  #deflate(last: boolean): void {
    const engine = this.#engine;
    this.crc = engine.crc32(this.#length, this.crc);
    this.#give(engine.deflate(this.#dictionary, this.#length, this.#effort, last));
    engine.input.copyWithin(0, SEGMENT_SIZE);
    this.#dictionary = DICTIONARY_SIZE;
    this.#length = 0;
  }
}
