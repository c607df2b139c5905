import type { Bytes } from '@stowage/types';
import { Deflate } from 'pako';
import { crc32 } from '../inflate/crc32.ts';
import { DICTIONARY_SIZE, SEGMENT_SIZE } from './deflate-engine.ts';
import type { DeflateEngine } from './deflate-engine.ts';
import type { DeflateEffort } from '../workers/worker-protocol.ts';

// Loaded on demand, as a file of its own: only pages that forbid WebAssembly need it.

/** zlib's names are Z_SYNC_FLUSH and Z_FINISH. */
const SYNC_FLUSH = 2;
const FINISH = 4;

/** An engine by pako. What it makes is not what WebAssembly makes. */
export function createPlainDeflateEngine(level: number): DeflateEngine {
  return new PlainDeflateEngine(level);
}

class PlainDeflateEngine implements DeflateEngine {
  readonly input: Uint8Array = new Uint8Array(DICTIONARY_SIZE + SEGMENT_SIZE);
  readonly #level: number;
  /** More than a segment can become, so that there is one piece of output only. */
  readonly #room: number = SEGMENT_SIZE + DICTIONARY_SIZE;

  constructor(level: number) {
    this.#level = level;
  }

  deflate(dictionary: number, length: number, _effort: DeflateEffort, last: boolean): Bytes {
    const before = this.input.slice(DICTIONARY_SIZE - dictionary, DICTIONARY_SIZE);
    const deflate = new Deflate({
      raw: true,
      level: this.#level,
      chunkSize: this.#room,
      ...(dictionary > 0 ? { dictionary: before } : {}),
    });
    let output: Uint8Array = new Uint8Array();
    deflate.onData = (bytes) => (output = bytes);
    deflate.push(this.input.subarray(DICTIONARY_SIZE, DICTIONARY_SIZE + length), last ? FINISH : SYNC_FLUSH);
    return output;
  }

  crc32(length: number, seed: number): number {
    return crc32(this.input.subarray(DICTIONARY_SIZE, DICTIONARY_SIZE + length), seed);
  }

  free(): void {
    // Left to the garbage collector.
  }
}
