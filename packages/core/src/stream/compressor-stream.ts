import { codecStream } from './codec-stream.ts';

/** What compresses what is pushed into it, and gives its output to who has opened it. */
export interface PushCompressor {
  write(bytes: Uint8Array): void | Promise<void>;
  end(): void | Promise<void>;
  free(): void;
}

/** How much input is compressed at a time. */
const SLICE = 64 * 1024;

/**
 * A stage of a compressor. Input is taken only while somebody reads, and memory stays constant however long the stream is.
 *
 * @param open makes the compressor, once there is input or its end; output is only valid during the call
 */
export function compressorStream(
  open: (onOutput: (bytes: Uint8Array) => void) => Promise<PushCompressor>,
): TransformStream<Uint8Array, Uint8Array> {
  return codecStream(
    () => SLICE,
    'compressor',
    (give) => {
      let freed: { readonly reason: unknown } | undefined;
      let opening: Promise<PushCompressor> | undefined;
      const compressor = async (): Promise<PushCompressor> => {
        // An abandoned stream is still asked to take what it was given.
        if (freed !== undefined) throw freed.reason;
        opening ??= open((bytes) => {
          give(bytes.slice());
        });
        return opening;
      };
      return {
        write: async (bytes) => (await compressor()).write(bytes),
        end: async () => (await compressor()).end(),
        free(reason) {
          freed ??= { reason };
          opening?.then(
            (opened) => {
              opened.free();
            },
            () => undefined,
          );
        },
      };
    },
  );
}
