import type { Bytes, ByteStream } from '@stowage/types';
import { StowageError } from '@stowage/types';
import type { TarSparse } from './tar-sparse.ts';

/** The part of a sparse file that is wanted. */
export interface ExpandSparseRange {
  /** Default 0. */
  readonly offset?: number | undefined;
  /** Default: to the end of the file. What would be beyond its end is left out. */
  readonly length?: number | undefined;
}

/** What {@link expandSparse} needs of a header. */
export interface SparseFile {
  /** Bytes of the whole file. */
  readonly size: number;
  readonly sparse: TarSparse;
}

/** The most zeros that are made at a time. */
const ZEROS = 64 * 1024;

/**
 * The content of a sparse file, or a part of it: what is stored, and zeros in the holes. Zeros are made as they are
 * asked for, so a hole of any size takes no memory.
 *
 * @param file the header of the file
 * @param open opens the stored bytes that are needed, `length` from `offset` on, where 0 is the first byte at the
 *   header's `offset`. Called once at most, when the first of them is asked for
 * @param range the part wanted
 * @returns a stream that fails with `INVALID_ARCHIVE` when the stored bytes end early
 * @throws `INVALID_ARGUMENT` for an offset beyond the end of the file, or a negative length
 *
 * @example
 * ```ts
 * import { collect, expandSparse, streamOf } from '@stowage/core';
 *
 * const file = { size: 6, sparse: { storedSize: 2, segments: [{ offset: 3, size: 2 }] } };
 * const stored = new Uint8Array([7, 8]);
 * const stream = expandSparse(file, (offset, length) => streamOf(stored.slice(offset, offset + length)));
 * console.log(await collect(stream, { maxBytes: 6 })); // Uint8Array(6) [ 0, 0, 0, 7, 8, 0 ]
 * ```
 */
export function expandSparse(
  { size, sparse }: SparseFile,
  open: (offset: number, length: number) => ByteStream | Promise<ByteStream>,
  range: ExpandSparseRange = {},
): ByteStream {
  const { offset = 0 } = range;
  const length = Math.min(range.length ?? size - offset, size - offset);
  if (!isCount(offset) || !isCount(length)) {
    throw new StowageError('INVALID_ARGUMENT', `no such part of a file of ${size} bytes`);
  }
  const { runs, stored } = runsOf(sparse, offset, offset + length);
  let source: ReadableStreamDefaultReader<Bytes> | undefined;
  /** What has been read and not been handed out. */
  let held: Bytes = new Uint8Array(0);
  const state = { cancelled: false };
  return new ReadableStream<Bytes>(
    {
      start: (controller) => {
        if (runs.length === 0) controller.close();
      },
      pull: async (controller) => {
        const run = runs.at(-1);
        if (run === undefined) return;
        let piece: Bytes;
        if (run.isHole) {
          piece = new Uint8Array(Math.min(run.left, ZEROS));
        } else {
          source ??= (await open(stored.offset, stored.length)).getReader();
          if (state.cancelled) {
            await source.cancel();
            return;
          }
          while (held.length === 0) held = await next(source);
          piece = held.subarray(0, run.left);
          held = held.subarray(piece.length);
        }
        run.left -= piece.length;
        controller.enqueue(piece);
        if (run.left > 0) return;
        runs.pop();
        if (runs.length > 0) return;
        controller.close();
        await source?.cancel();
      },
      cancel: async (reason) => {
        state.cancelled = true;
        await source?.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

interface Run {
  readonly isHole: boolean;
  left: number;
}

/** What bytes `from` to `to` of a file are made of, the last run first, and where the stored ones are. */
function runsOf(
  { segments }: TarSparse,
  from: number,
  to: number,
): { runs: Run[]; stored: { offset: number; length: number } } {
  const runs: Run[] = [];
  const add = (isHole: boolean, left: number): void => {
    if (left > 0) runs.push({ isHole, left });
  };
  let at = from;
  let before = 0;
  let length = 0;
  for (const segment of segments) {
    const begin = Math.min(Math.max(segment.offset, from), to);
    const end = Math.min(Math.max(segment.offset + segment.size, from), to);
    // Stored bytes of this segment that are in front of the part wanted.
    before += Math.min(Math.max(from - segment.offset, 0), segment.size);
    if (begin === end) continue;
    add(true, begin - at);
    add(false, end - begin);
    length += end - begin;
    at = end;
  }
  add(true, to - at);
  return { runs: runs.reverse(), stored: { offset: before, length } };
}

async function next(source: ReadableStreamDefaultReader<Bytes>): Promise<Bytes> {
  const { done, value } = await source.read();
  if (done) throw new StowageError('INVALID_ARCHIVE', 'a sparse file ends early');
  return value;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
