import { isStowageError, StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import type { Checkpoint } from '../inflate/checkpoint.ts';
import { detectFormat } from '../inflate/compression-format.ts';
import type { CompressionFormat } from '../inflate/compression-format.ts';
import { invalidStream } from '../inflate/decoder.ts';
import type { Decoder, Emit } from '../inflate/decoder.ts';
import { createInflater, inflateBackend } from '../inflate/inflater.ts';
import { checkOutput } from '../inflate/output-limits.ts';
import type { DecompressorInit, GunzipBackend, ZstdBackend } from './decompress-options.ts';
import { isDeno } from '../platform/platform.ts';
import type { ZstdDecoder } from '../zstd/zstd-decoder.ts';
import { nativeZstd } from './zstd-native.ts';

/** What a {@link FormatDecoder} takes. */
export interface FormatDecoderInit extends DecompressorInit {
  /** Whether output may be kept after the call of `onOutput`. Default `false` */
  readonly keepsOutput?: boolean | undefined;
  /**
   * As for `createInflater`, which then does the work whatever `gunzipBackend` says. Checkpoints of zstd are the
   * beginnings of frames; `zlib` tells none.
   */
  readonly checkpointEvery?: number | undefined;
}

const NOTHING = new Uint8Array(0);

/** The backend for gzip that this runtime takes when none is named. */
export function gunzipBackend(): GunzipBackend {
  return inflateBackend();
}

/** The backend for zstd that this runtime takes when none is named. */
export function zstdBackend(maxWindow?: number): ZstdBackend {
  const native = nativeZstd() !== undefined;
  // In Deno node:zlib is the faster one; it knows no limit but its own.
  const prefersNative = native && maxWindow === undefined && isDeno();
  if (!prefersNative && inflateBackend() === 'wasm') return 'wasm';
  return native && maxWindow === undefined ? 'zlib' : 'js';
}

/** How much input to take at a time: 16 MiB of output are made of it at most, whatever is in it. */
export function sliceLength(format: CompressionFormat | undefined): number {
  // Four bytes of zstd can stand for 128 KiB, sixteen of gzip for as many KiB.
  return format === 'zstd' || format === undefined ? 512 : 16 * 1024;
}

/**
 * Undoes whichever compression the first bytes show, within limits. What can be done at once costs no promise: the
 * inflater is through with its input when `write` returns.
 */
export class FormatDecoder implements Decoder {
  readonly #init: FormatDecoderInit;
  #format: CompressionFormat | undefined;
  /** The first bytes, while they do not tell the format. */
  #head: Uint8Array = NOTHING;
  #decoder: Decoder | undefined;
  #recorder: { readonly checkpoints: readonly Checkpoint[] } | undefined;
  #bytesIn = 0;
  #bytesOut = 0;
  #freed: { readonly reason: unknown } | undefined;

  constructor(init: FormatDecoderInit) {
    this.#init = init;
  }

  /** What the first bytes showed; `undefined` until they have come. */
  get format(): CompressionFormat | undefined {
    return this.#format;
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  get bytesOut(): number {
    return this.#bytesOut;
  }

  get checkpoints(): readonly Checkpoint[] {
    return this.#recorder?.checkpoints ?? [];
  }

  write(bytes: Bytes): void | Promise<void> {
    this.#throwIfFreed();
    this.#bytesIn += bytes.length;
    if (this.#decoder !== undefined) return bytes.length > 0 ? this.#decoder.write(bytes) : undefined;
    const head = concat(this.#head, bytes);
    const format = detectFormat(head);
    if (format !== undefined) return this.#begin(format, head);
    this.#head = head.slice();
    return undefined;
  }

  async end(): Promise<void> {
    if (this.#decoder === undefined) {
      // There were too few bytes for a magic number.
      const { format } = this.#init;
      if (format !== undefined) throw invalidStream(format, 'unexpected end of file');
      await this.#begin('plain', this.#head);
    }
    await this.#decoder?.end();
  }

  free(reason: unknown): void {
    this.#freed ??= { reason };
    this.#decoder?.free(reason);
    this.#head = NOTHING;
  }

  async #begin(format: CompressionFormat, head: Uint8Array): Promise<void> {
    this.#format = format;
    this.#head = NOTHING;
    const wanted = this.#init.format ?? format;
    if (format !== wanted) {
      throw new StowageError('INVALID_ARCHIVE', `not a ${wanted} stream: it looks like ${format}`);
    }
    const decoder = await this.#createDecoder(format);
    if (this.#freed !== undefined) decoder.free(this.#freed.reason);
    this.#throwIfFreed();
    this.#decoder = decoder;
    if (head.length > 0) await decoder.write(head);
  }

  async #createDecoder(format: CompressionFormat): Promise<Decoder> {
    const emit: Emit = (bytes) => {
      this.#emit(bytes);
    };
    switch (format) {
      case 'gzip': {
        const { gunzipBackend: backend, checkpointEvery, keepsOutput = false } = this.#init;
        if (backend === 'zlib' && checkpointEvery === undefined) {
          return (await import('./gzip-node.ts')).createNodeGzipDecoder(emit);
        }
        const inflater = await createInflater({
          backend: backend === 'zlib' ? undefined : backend,
          checkpointEvery,
          onOutput: (bytes) => {
            // What an inflater gives out is overwritten by what follows.
            emit(keepsOutput ? bytes.slice() : bytes);
          },
        });
        this.#recorder = inflater;
        return inflater;
      }
      case 'zstd':
        return this.#createZstdDecoder(emit);
      case 'plain':
        return { write: emit, end: () => undefined, free: () => undefined };
      case 'bzip2':
      case 'xz':
        throw new StowageError('UNSUPPORTED', `cannot decompress ${format}`);
    }
  }

  async #createZstdDecoder(emit: Emit): Promise<Decoder> {
    const init = this.#init;
    const backend = init.zstdBackend ?? zstdBackend(init.maxWindow);
    if (backend === 'zlib') return (await import('./zstd-node.ts')).createNodeZstdDecoder(emit);
    const decoder = backend === 'wasm' ? await createWasmDecoder(emit, init) : undefined;
    const recorder =
      decoder ?? (await import('../zstd/plain/create-zstd-decoder.ts')).createZstdDecoder(emit, init);
    this.#recorder = recorder;
    return recorder;
  }

  #emit(bytes: Uint8Array): void {
    // Output may still come after a taker of it has let go.
    this.#throwIfFreed();
    this.#bytesOut += bytes.length;
    checkOutput(this.#bytesIn, this.#bytesOut, this.#init);
    this.#init.onOutput(bytes);
  }

  #throwIfFreed(): void {
    if (this.#freed !== undefined) throw this.#freed.reason;
  }
}

function concat(head: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (head.length === 0) return bytes;
  const both = new Uint8Array(head.length + bytes.length);
  both.set(head);
  both.set(bytes, head.length);
  return both;
}

/** `undefined` where there is no room for its memory, unless it was named: slow is better than not at all. */
async function createWasmDecoder(emit: Emit, init: FormatDecoderInit): Promise<ZstdDecoder | undefined> {
  const { createZstdDecoder } = await import('../zstd/create-zstd-decoder.ts');
  try {
    return await createZstdDecoder(emit, init);
  } catch (error) {
    if (init.zstdBackend === undefined && isStowageError(error, 'UNAVAILABLE')) return undefined;
    throw error;
  }
}
