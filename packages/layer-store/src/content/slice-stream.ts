import type { Bytes, ByteStream } from '@stowage/types';
import { endsEarly } from './data-loss.ts';

/** The part of a stream's reader that is used. */
export interface ByteSource {
  read(): Promise<ReadableStreamReadResult<Bytes>>;
  cancel(reason?: unknown): Promise<void>;
}

/**
 * Bytes `offset` to `offset + length` of a source, which is cancelled after them. `length` is not 0.
 * `DATA_LOSS` when the source ends before.
 */
export function sliceStream(source: ByteSource, offset: number, length: number): ByteStream {
  let skip = offset;
  let left = length;
  return new ReadableStream<Bytes>(
    {
      pull: async (controller) => {
        let piece: Bytes | undefined;
        while (piece === undefined || piece.length === 0) {
          const { done, value } = await source.read();
          if (done) throw endsEarly(left);
          piece = value.subarray(skip, skip + left);
          skip = Math.max(0, skip - value.length);
        }
        left -= piece.length;
        controller.enqueue(piece);
        if (left > 0) return;
        controller.close();
        await source.cancel();
      },
      cancel: (reason) => source.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
