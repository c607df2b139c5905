import type { AbortOptions, Bytes, ByteStream } from '@stowage/types';

/** Something that a blob is read from. */
export interface BlobSource {
  /** At least one byte from `start` on and none from `end` on, as bytes that the caller may keep. */
  read(start: number, end: number): Bytes | Promise<Bytes>;
  /** Frees what the source holds. */
  close(): Promise<void>;
}

/** Large enough that a piece is not dear, small enough that many streams may stand open. */
const PIECE = 256 * 1024;

/** Closes the sources of streams that nobody read to their end or cancelled. */
const abandoned = new FinalizationRegistry<BlobSource>((source) => {
  source.close().catch(() => undefined);
});

/**
 * Streams the bytes from `start` to `end` as they are asked for. The source is closed with the stream: at its end, on
 * an error, when it is cancelled, and once it is garbage. An abort shows at the next read; there is no listener, so
 * that a signal that lives long does not keep the stream.
 */
export function streamBlob(
  source: BlobSource,
  start: number,
  end: number,
  { signal }: AbortOptions = {},
): ByteStream {
  let at = start;
  let freed: Promise<void> | undefined;
  // Cancelling may come amid a read, whose piece is then refused: two reasons to free, and one closing.
  const free = (): Promise<void> => {
    abandoned.unregister(source);
    freed ??= source.close();
    return freed;
  };
  const advance = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    signal?.throwIfAborted();
    if (at < end) {
      const piece = await source.read(at, Math.min(end, at + PIECE));
      at += piece.byteLength;
      controller.enqueue(piece);
    }
    if (at < end) return;
    await free();
    controller.close();
  };
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        await advance(controller);
      } catch (error) {
        await free().catch(() => undefined);
        throw error;
      }
    },
    cancel: free,
  });
  abandoned.register(stream, source, source);
  return stream;
}
