import { once } from 'node:events';
import type { OutputStream } from './environment.ts';
import { safeJson } from './printable.ts';

/** How much text is put together before it is written. */
const BATCH = 64 * 1024;

/** Standard output, written no faster than it is read. */
export class Output {
  readonly #stream: OutputStream;
  readonly #signal: AbortSignal;

  constructor(stream: OutputStream, signal: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
  }

  /** Writes text or bytes, and waits where the reader is slower. */
  async write(chunk: string | Uint8Array): Promise<void> {
    this.#signal.throwIfAborted();
    if (!this.#stream.write(chunk)) await this.#drained();
  }

  /** Writes one line. */
  line(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  /** Writes a value as one line of JSON. */
  json(value: unknown): Promise<void> {
    return this.line(safeJson(value));
  }

  /** Writes many lines, several at a time. */
  async lines(texts: Iterable<string>): Promise<void> {
    let batch = '';
    for (const text of texts) {
      batch += `${text}\n`;
      if (batch.length < BATCH) continue;
      await this.write(batch);
      batch = '';
    }
    if (batch !== '') await this.write(batch);
  }

  async #drained(): Promise<void> {
    const signal = this.#signal;
    try {
      await once(this.#stream, 'drain', { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  }
}
