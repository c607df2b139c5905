import type { Bytes } from '@stowage/types';
import type { Checkpoint } from '../inflate/checkpoint.ts';
import { detectFormat } from '../inflate/compression-format.ts';
import type { CompressionFormat } from '../inflate/compression-format.ts';
import { createDecompressor } from '../decompress/decompressor.ts';
import type { Decompressor, DecompressorInit } from '../decompress/decompressor.ts';
import { createInflater } from '../inflate/inflater.ts';
import type { Inflater } from '../inflate/inflater-init.ts';

/** What {@link LayerDecoder} takes. */
export interface LayerDecoderInit extends DecompressorInit {
  /** As for `createInflater`, which then does the work whatever `gunzipBackend` says. Layers of other formats have none. */
  readonly checkpointEvery?: number | undefined;
}

const NOTHING = new Uint8Array(0);

/**
 * Undoes the compression of a layer, by the rules of `createDecompressor`. gzip goes straight to an inflater, which is
 * done when the call returns and can take checkpoints on the way.
 */
export class LayerDecoder {
  readonly #init: LayerDecoderInit;
  /** The first bytes, while they do not tell the format. */
  #head: Uint8Array = NOTHING;
  #inflater: Inflater | undefined;
  #decompressor: Decompressor | undefined;
  #cancelled = false;

  constructor(init: LayerDecoderInit) {
    this.#init = init;
  }

  get format(): CompressionFormat {
    return this.#inflater === undefined ? (this.#decompressor?.format ?? 'plain') : 'gzip';
  }

  get bytesOut(): number {
    return (this.#inflater ?? this.#decompressor)?.bytesOut ?? 0;
  }

  get checkpoints(): readonly Checkpoint[] {
    return this.#inflater?.checkpoints ?? [];
  }

  /** Answers a promise where there is something to wait for. */
  write(bytes: Bytes): void | Promise<void> {
    if (this.#inflater !== undefined) {
      this.#inflater.write(bytes);
      return undefined;
    }
    if (this.#decompressor !== undefined) return this.#decompressor.write(bytes);
    const head = concat(this.#head, bytes);
    if (detectFormat(head) !== undefined) return this.#begin(head);
    this.#head = head.slice();
    return undefined;
  }

  async end(): Promise<void> {
    // There may have been too few bytes to tell a format by.
    if (this.#inflater === undefined && this.#decompressor === undefined) await this.#begin(this.#head);
    this.#inflater?.end();
    await this.#decompressor?.end();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#inflater?.free();
    void this.#decompressor?.cancel();
  }

  async #begin(head: Uint8Array): Promise<void> {
    this.#head = NOTHING;
    const { format = 'gzip', gunzipBackend, checkpointEvery } = this.#init;
    const byZlib = gunzipBackend === 'zlib' && checkpointEvery === undefined;
    if (format === 'gzip' && !byZlib && detectFormat(head) === 'gzip') {
      const backend = gunzipBackend === 'zlib' ? undefined : gunzipBackend;
      const inflater = await createInflater({ ...this.#init, format, backend });
      this.#inflater = inflater;
      if (this.#cancelled) inflater.free();
      else inflater.write(head);
      return;
    }
    this.#decompressor = createDecompressor(this.#init);
    if (head.length > 0) await this.#decompressor.write(head);
  }
}

function concat(head: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (head.length === 0) return bytes;
  const both = new Uint8Array(head.length + bytes.length);
  both.set(head);
  both.set(bytes, head.length);
  return both;
}
