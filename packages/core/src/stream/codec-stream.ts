import { StowageError } from '@stowage/types';

/** What a {@link codecStream} puts its input through. */
export interface Codec {
  write(bytes: Uint8Array): void | Promise<void>;
  end(): void | Promise<void>;
  /** Frees everything; later calls fail with the reason. */
  free(reason: unknown): void;
}

/**
 * A stage that takes input only while somebody reads, a slice at a time, so that a slow reader holds little memory.
 *
 * @param slice answers the most bytes that the codec is to get next
 * @param what the codec is, for messages
 * @param open makes the codec, which gives its output, to keep, to the function
 */
export function codecStream(
  slice: () => number,
  what: string,
  open: (give: (bytes: Uint8Array) => void) => Codec,
): TransformStream<Uint8Array, Uint8Array> {
  let output: ReadableStreamDefaultController<Uint8Array>;
  let input: WritableStreamDefaultController;
  /** Whether a read waits that no output has answered yet. */
  let wanted = false;
  let abandoned = false;
  let wake: (() => void) | undefined;

  const codec = open((bytes) => {
    wanted = false;
    output.enqueue(bytes);
  });
  const giveUp = (): void => {
    abandoned = true;
    codec.free(new StowageError('INVALID_ARGUMENT', `the ${what} was cancelled`));
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
      codec.free(error);
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
          const part = chunk.subarray(at, at + slice());
          at += part.length;
          const writing = codec.write(part);
          if (writing !== undefined) await writing;
        }
      }),
    close: () =>
      failing(async () => {
        await codec.end();
        codec.free(new StowageError('INVALID_ARGUMENT', `the ${what} has ended`));
        output.close();
      }),
  });
  return { readable, writable };
}
