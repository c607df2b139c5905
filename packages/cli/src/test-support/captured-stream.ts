import { Writable } from 'node:stream';
import type { OutputStream } from '../environment.ts';

/** What a captured stream pretends to be. */
export interface CapturedStreamInit {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** A stream that keeps what is written to it. */
export class CapturedStream extends Writable implements OutputStream {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Called when something was written. */
  printed: () => void = () => undefined;
  readonly #chunks: Buffer[] = [];

  constructor({ isTTY = false, columns = 80, rows = 24 }: CapturedStreamInit = {}) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
    this.rows = rows;
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.#chunks.push(Buffer.from(chunk));
    callback();
    this.printed();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return this.bytes.toString();
  }

  /** The lines that were written. */
  get lines(): string[] {
    return this.text.split(/\r?\n/).filter((line) => line !== '');
  }
}
