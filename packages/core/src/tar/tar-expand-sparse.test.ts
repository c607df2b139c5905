import { isStowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect } from '../stream/collect.ts';
import { streamOf } from '../stream/stream-of.ts';
import { expandSparse } from './tar-expand-sparse.ts';
import type { SparseFile } from './tar-expand-sparse.ts';

const FILE: SparseFile = {
  size: 20,
  sparse: {
    storedSize: 6,
    segments: [
      { offset: 2, size: 3 },
      { offset: 5, size: 1 },
      { offset: 10, size: 2 },
    ],
  },
};
const STORED = Uint8Array.of(1, 2, 3, 4, 5, 6);
const WHOLE = Uint8Array.of(0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0);

/** What is read of the file through pieces of some sizes, and what was asked of the stored bytes. */
async function read(
  range: { offset?: number; length?: number },
  piece = 100,
): Promise<{ bytes: Bytes; asked: [number, number][] }> {
  const asked: [number, number][] = [];
  const stream = expandSparse(
    FILE,
    (offset, length) => {
      asked.push([offset, length]);
      const pieces: Bytes[] = [new Uint8Array(0)];
      for (let at = offset; at < offset + length; at += piece) {
        pieces.push(STORED.slice(at, Math.min(at + piece, offset + length)));
      }
      return Promise.resolve(streamOf(...pieces));
    },
    range,
  );
  return { bytes: await collect(stream, { maxBytes: 100 }), asked };
}

describe('expandSparse', () => {
  it.each([1, 2, 100])('fills holes with zeros (stored in pieces of %i)', async (piece) => {
    expect(await read({}, piece)).toEqual({ bytes: WHOLE, asked: [[0, 6]] });
  });

  it('reads any part, and asks for no more than that part needs, at most once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(20),
        fc.nat(25),
        fc.integer({ min: 1, max: 4 }),
        async (offset, length, piece) => {
          const { bytes, asked } = await read({ offset, length }, piece);
          expect(bytes).toEqual(WHOLE.slice(offset, offset + length));
          const needed = bytes.reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0);
          const first = bytes.find((byte) => byte !== 0) ?? 0;
          expect(asked).toEqual(needed === 0 ? [] : [[first - 1, needed]]);
        },
      ),
    );
  });

  it('takes no memory for a hole', async () => {
    const size = Number.MAX_SAFE_INTEGER;
    const stream = expandSparse({ size, sparse: { storedSize: 0, segments: [] } }, () => streamOf());
    const reader = stream.getReader();
    for (let n = 0; n < 10; n++) expect((await reader.read()).value?.length).toBe(64 * 1024);
    await reader.cancel();
  });

  it('refuses a part that is not there', () => {
    for (const range of [{ offset: 21 }, { offset: -1 }, { offset: 1.5 }, { length: -1 }, { offset: NaN }]) {
      const code = ((): unknown => {
        try {
          return expandSparse(FILE, () => streamOf(STORED), range);
        } catch (error) {
          return isStowageError(error) ? error.code : error;
        }
      })();
      expect(code).toBe('INVALID_ARGUMENT');
    }
  });

  it('fails when the stored bytes end early, cannot be had, or fail', async () => {
    const short = collect(
      expandSparse(FILE, () => streamOf(STORED.slice(0, 5))),
      { maxBytes: 100 },
    );
    await expect(short).rejects.toMatchObject({ code: 'INVALID_ARCHIVE' });
    const reason = new Error('gone');
    const none = collect(
      expandSparse(FILE, () => Promise.reject(reason)),
      { maxBytes: 100 },
    );
    await expect(none).rejects.toBe(reason);
    const failed = new ReadableStream<Bytes>({
      start: (controller) => {
        controller.error(reason);
      },
    });
    await expect(
      collect(
        expandSparse(FILE, () => failed),
        { maxBytes: 100 },
      ),
    ).rejects.toBe(reason);
  });

  it('cancels the stored bytes when it is cancelled, and when it has all that it needs', async () => {
    const cancelled: unknown[] = [];
    const endless = (): ReadableStream<Bytes> =>
      new ReadableStream<Bytes>({
        pull: (controller) => {
          controller.enqueue(STORED.slice());
        },
        cancel: (reason) => {
          cancelled.push(reason);
        },
      });
    const reader = expandSparse(FILE, endless).getReader();
    await reader.read();
    await reader.cancel('before it was opened');
    expect(cancelled).toEqual([]);
    const second = expandSparse(FILE, endless, { offset: 2 }).getReader();
    await second.read();
    await second.cancel('midway');
    expect(cancelled).toEqual(['midway']);
    await collect(expandSparse(FILE, endless, { length: 12 }), { maxBytes: 100 });
    expect(cancelled).toEqual(['midway', undefined]);
  });

  it('cancels stored bytes that come when it is cancelled already', async () => {
    let cancelled = false;
    let give: ((stream: ReadableStream<Bytes>) => void) | undefined;
    const open = (): Promise<ReadableStream<Bytes>> =>
      new Promise((resolve) => {
        give = resolve;
      });
    const reader = expandSparse(FILE, open, { offset: 2 }).getReader();
    const pending = reader.read();
    await expect.poll(() => give).toBeDefined();
    await reader.cancel();
    give?.(
      new ReadableStream<Bytes>({
        cancel: () => {
          cancelled = true;
        },
      }),
    );
    expect((await pending).done).toBe(true);
    await expect.poll(() => cancelled).toBe(true);
  });
});
