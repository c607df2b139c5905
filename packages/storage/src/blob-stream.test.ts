import { describe, expect, it } from 'vitest';
import { streamBlob } from './blob-stream.ts';
import type { BlobSource } from './blob-stream.ts';

/** A source of zeros that counts how often it was closed. */
function countingSource(
  read?: BlobSource['read'],
): BlobSource & { closed: number; readonly reads: number[] } {
  const source = {
    closed: 0,
    reads: [] as number[],
    read: (start: number, end: number) => {
      source.reads.push(end - start);
      return read?.(start, end) ?? new Uint8Array(end - start);
    },
    close: () => {
      source.closed += 1;
      return Promise.resolve();
    },
  };
  return source;
}

async function sizeOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  const reader = stream.getReader();
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return size;
    size += value.byteLength;
  }
}

describe('streamBlob', () => {
  it('reads in pieces and closes its source at the end', async () => {
    const source = countingSource();
    expect(await sizeOf(streamBlob(source, 100, 1_000_000))).toBe(999_900);
    expect(Math.max(...source.reads)).toBe(256 * 1024);
    expect(source.closed).toBe(1);
  });

  it('reads nothing of nothing', async () => {
    const source = countingSource();
    expect(await sizeOf(streamBlob(source, 5, 5))).toBe(0);
    expect(source.reads).toEqual([]);
    expect(source.closed).toBe(1);
  });

  it('goes on where a piece is short', async () => {
    const source = countingSource((start) => new Uint8Array(start % 3 === 0 ? 1 : 2));
    expect(await sizeOf(streamBlob(source, 0, 30))).toBe(30);
  });

  it('reads ahead by one piece at most', async () => {
    const source = countingSource();
    const stream = streamBlob(source, 0, 10_000_000);
    await Promise.resolve();
    expect(source.reads.length).toBeLessThanOrEqual(1);
    await stream.cancel();
    expect(source.closed).toBe(1);
  });

  it('closes its source once though it is cancelled amid a read', async () => {
    let answer: (bytes: Uint8Array) => void = () => undefined;
    const source = countingSource(
      () =>
        new Promise<Uint8Array>((resolve) => {
          answer = resolve;
        }),
    );
    const stream = streamBlob(source, 0, 1_000_000);
    const reader = stream.getReader();
    const read = reader.read();
    await Promise.resolve();
    await reader.cancel();
    answer(new Uint8Array(10));
    expect((await read).done).toBe(true);
    expect(source.closed).toBe(1);
  });

  it('closes its source on an error, which the reader sees', async () => {
    const error = new Error('gone');
    const source = countingSource((start) => (start === 0 ? new Uint8Array(1) : Promise.reject(error)));
    await expect(sizeOf(streamBlob(source, 0, 10))).rejects.toBe(error);
    expect(source.closed).toBe(1);
  });

  it('closes its source when it is aborted, and rejects with the reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const source = countingSource(() => {
      controller.abort(reason);
      return new Uint8Array(1);
    });
    await expect(sizeOf(streamBlob(source, 0, 10, { signal: controller.signal }))).rejects.toBe(reason);
    expect(source.closed).toBe(1);
  });
});
