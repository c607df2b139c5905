import { createDecompressor, createInflater, findCheckpoint } from '@stowage/core';
import type { Checkpoint } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import type { AbortOptions, Bytes, ByteStream, ContentReader, DiffID } from '@stowage/types';
import { dataLoss, endsEarly } from '../content/data-loss.ts';
import type { SeekPoints } from './seek-index.ts';

/** How much is decompressed at a time: of a hostile blob no more than 16 MiB are made of it. */
const SLICE = 16 * 1024;

/** What a piece of the blob is given to. */
interface SpanDecoder {
  write(bytes: Bytes): void | Promise<void>;
  free(): void;
}

/**
 * Opens bytes `offset` to `offset + length` of a layer's tar stream: of the blob, only what is between the checkpoints
 * around them is read, in one range. `length` is not 0.
 *
 * @returns a stream that fails with `DATA_LOSS` for a blob that is not what the index is of
 */
export async function openSpan(
  content: Pick<ContentReader, 'open'>,
  points: SeekPoints,
  offset: number,
  length: number,
  options: AbortOptions = {},
): Promise<ByteStream> {
  const { digest, size } = points.blob;
  if (offset + length > points.diffSize) throw endsEarly(offset + length - points.diffSize);
  if (points.format === 'plain') return content.open(digest, { ...options, offset, length });
  const from = findCheckpoint(points.checkpoints, offset);
  const to = points.checkpoints.find(({ out }) => out >= offset + length);
  const start = from?.in ?? 0;
  const end = to === undefined ? size : to.in + (to.bits > 0 ? 1 : 0);
  const taker = new SpanTaker(offset - (from?.out ?? 0), length);
  const decoder = await openDecoder(points, from, taker);
  try {
    const blob = await content.open(digest, { ...options, offset: start, length: end - start });
    return spanStream(blob.getReader(), decoder, taker, points.diffId);
  } catch (error) {
    decoder.free();
    throw error;
  }
}

async function openDecoder(
  { format, diffSize }: SeekPoints,
  restore: Checkpoint | undefined,
  taker: SpanTaker,
): Promise<SpanDecoder> {
  const onOutput = (bytes: Bytes): void => {
    taker.take(bytes);
  };
  const maxBytes = diffSize - (restore?.out ?? 0);
  if (format === 'gzip') return createInflater({ restore, maxBytes, onOutput });
  const decompressor = createDecompressor({ format: 'zstd', maxBytes, onOutput });
  return {
    write: (bytes) => decompressor.write(bytes),
    free: () => void decompressor.cancel(),
  };
}

/** Keeps what is wanted of a decoder's output. */
class SpanTaker {
  #skip: number;
  #left: number;
  #pieces: Bytes[] = [];

  constructor(skip: number, length: number) {
    this.#skip = skip;
    this.#left = length;
  }

  /** Bytes that are wanted and have not come. */
  get left(): number {
    return this.#left;
  }

  take(bytes: Bytes): void {
    const from = Math.min(this.#skip, bytes.length);
    this.#skip -= from;
    const length = Math.min(this.#left, bytes.length - from);
    if (length === 0) return;
    this.#left -= length;
    this.#pieces.push(bytes.slice(from, from + length));
  }

  /** What has been kept since the last call. */
  give(): readonly Bytes[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }
}

function spanStream(
  blob: ReadableStreamDefaultReader<Bytes>,
  decoder: SpanDecoder,
  taker: SpanTaker,
  diffId: DiffID,
): ByteStream {
  let input: Bytes = new Uint8Array(0);
  const decode = async (bytes: Bytes): Promise<void> => {
    try {
      await decoder.write(bytes);
    } catch (error) {
      throw isStowageError(error) ? dataLoss(diffId, error) : error;
    }
  };
  const advance = async (): Promise<readonly Bytes[]> => {
    for (;;) {
      if (input.length === 0) {
        const { done, value } = await blob.read();
        if (done) throw endsEarly(taker.left);
        input = value;
      }
      await decode(input.subarray(0, SLICE));
      input = input.subarray(SLICE);
      const pieces = taker.give();
      if (pieces.length > 0) return pieces;
    }
  };
  const stop = async (reason?: unknown): Promise<void> => {
    decoder.free();
    await blob.cancel(reason);
  };
  return new ReadableStream<Bytes>(
    {
      pull: async (controller) => {
        try {
          for (const piece of await advance()) controller.enqueue(piece);
        } catch (error) {
          // The error that matters is the one being thrown.
          await stop(error).catch(() => undefined);
          throw error;
        }
        if (taker.left > 0) return;
        controller.close();
        await stop();
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  );
}
