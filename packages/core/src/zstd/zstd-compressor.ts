import type { Bytes } from '@stowage/types';

/** What `createZstdCompressor` takes. */
export interface ZstdCompressorInit {
  /**
   * Takes the output. The bytes are only valid during the call: copy what is kept. What it throws ends the compression
   * and is what the call throws.
   */
  onOutput(bytes: Bytes): void;
  /** An abort makes every later call throw its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Compresses what is pushed into it, in calls that do not wait. A failure is final: every later call throws it. */
export interface ZstdCompressor {
  /**
   * Takes plain bytes, which may be reused at once. Throws what `onOutput` throws, the reason of an abort, and
   * `INVALID_ARGUMENT` after `end` and after `free`.
   */
  write(bytes: Bytes): void;
  /** Ends the frame and frees everything. Throws as `write` does. */
  end(): void;
  /** Gives up and frees everything. Idempotent. */
  free(): void;
}

/**
 * Makes a compressor to zstd (RFC 8878), for streams of any length: it holds a window of 1 MiB and less than 4 MiB in
 * all. It works about as hard as `zstd -1` does. The same content gives the same bytes in every runtime, however it is cut
 * into pieces. The output is one frame with a checksum; one of up to 128 KiB tells the length of its content.
 *
 * @param init where output goes
 * @throws `UNSUPPORTED` where WebAssembly is missing or forbidden; the reason of an abort
 *
 * @example
 * ```ts
 * import { createZstdCompressor } from '@stowage/core';
 *
 * let length = 0;
 * const compressor = await createZstdCompressor({ onOutput: (bytes) => (length += bytes.length) });
 * compressor.write(new Uint8Array(1_000_000));
 * compressor.end();
 * console.log(length < 100); // true
 * ```
 */
export async function createZstdCompressor(init: ZstdCompressorInit): Promise<ZstdCompressor> {
  init.signal?.throwIfAborted();
  return (await import('./zstd-encoder.ts')).createZstdEncoder(init);
}

/**
 * A stage that compresses to zstd, by the rules of {@link createZstdCompressor}. Memory stays constant however long
 * the stream is.
 *
 * @param options an abort fails the stage with its reason
 * @throws as errors of the stream: `UNSUPPORTED` where WebAssembly is missing or forbidden; the reason of an abort
 *
 * @example
 * ```ts
 * import { collect, decompress, streamOf, zstd } from '@stowage/core';
 *
 * const compressed = streamOf(new TextEncoder().encode('hello')).pipeThrough(zstd());
 * const bytes = await collect(compressed.pipeThrough(decompress()), { maxBytes: 1024 });
 * console.log(new TextDecoder().decode(bytes)); // hello
 * ```
 */
export function zstd(
  options: Omit<ZstdCompressorInit, 'onOutput'> = {},
): TransformStream<Uint8Array, Uint8Array> {
  let compressor: ZstdCompressor;
  return new TransformStream({
    async start(controller) {
      const onOutput = (bytes: Bytes): void => {
        controller.enqueue(bytes.slice());
      };
      compressor = await createZstdCompressor({ ...options, onOutput });
    },
    transform(chunk) {
      compressor.write(chunk);
    },
    flush() {
      compressor.end();
    },
  });
}
