import { StowageError } from '@stowage/types';
import type { DecompressOptions } from './decompress-options.ts';
import { FormatDecoder, sliceLength } from './format-decoder.ts';

/**
 * A stage that decompresses, by the rules of `createDecompressor`. Input is taken only while somebody reads, so that a
 * slow reader or a hostile stream holds little memory. Give limits for streams from outside.
 *
 * @param options limits, and the format to insist on
 * @throws as errors of the stream: `INVALID_ARCHIVE`, `UNSUPPORTED`, `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { collect, decompress, streamOf } from '@stowage/core';
 *
 * const gzipped = Uint8Array.from(atob('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=='), (c) => c.charCodeAt(0));
 * const bytes = await collect(streamOf(gzipped).pipeThrough(decompress()), { maxBytes: 1024 });
 * console.log(new TextDecoder().decode(bytes)); // hello
 * ```
 */
export function decompress(options: DecompressOptions = {}): TransformStream<Uint8Array, Uint8Array> {
  let output: ReadableStreamDefaultController<Uint8Array>;
  let input: WritableStreamDefaultController;
  /** Whether a read waits that no output has answered yet. */
  let wanted = false;
  let abandoned = false;
  let wake: (() => void) | undefined;

  const decoder = new FormatDecoder({
    ...options,
    keepsOutput: true,
    onOutput(bytes) {
      wanted = false;
      output.enqueue(bytes);
    },
  });
  const giveUp = (): void => {
    abandoned = true;
    decoder.free(new StowageError('INVALID_ARGUMENT', 'the decompressor was cancelled'));
    wake?.();
  };

  // Not a TransformStream: that one asks for input only between chunks, and a chunk can be a whole layer.
  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        output = controller;
      },
      pull() {
        wanted = true;
        wake?.();
      },
      cancel(reason) {
        giveUp();
        input.error(reason);
      },
    },
    { highWaterMark: 0 },
  );
  const failing = async (step: () => Promise<void>): Promise<void> => {
    try {
      await step();
    } catch (error) {
      decoder.free(error);
      output.error(error);
      throw error;
    }
  };
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      input = controller;
      // Heard at once, where abort() would wait for the write that waits for a reader.
      controller.signal.addEventListener('abort', () => {
        output.error(controller.signal.reason);
        giveUp();
      });
    },
    write: (chunk) =>
      failing(async () => {
        for (let at = 0; at < chunk.length;) {
          if (!wanted && !abandoned) await new Promise<void>((resolve) => (wake = resolve));
          const slice = chunk.subarray(at, at + sliceLength(decoder.format));
          at += slice.length;
          const writing = decoder.write(slice);
          if (writing !== undefined) await writing;
        }
      }),
    close: () =>
      failing(async () => {
        await decoder.end();
        decoder.free(new StowageError('INVALID_ARGUMENT', 'the decompressor has ended'));
        output.close();
      }),
  });
  return { readable, writable };
}

/**
 * A stage that decompresses gzip and refuses everything else, an empty stream too. Otherwise as {@link decompress}.
 *
 * @param options limits
 * @throws as errors of the stream: `INVALID_ARCHIVE`, `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { collect, gunzip, streamOf } from '@stowage/core';
 *
 * const gzipped = Uint8Array.from(atob('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=='), (c) => c.charCodeAt(0));
 * const bytes = await collect(streamOf(gzipped).pipeThrough(gunzip()), { maxBytes: 1024 });
 * console.log(bytes.length); // 5
 * ```
 */
export function gunzip(
  options: Omit<DecompressOptions, 'format'> = {},
): TransformStream<Uint8Array, Uint8Array> {
  return decompress({ ...options, format: 'gzip' });
}
