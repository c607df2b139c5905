import type { Digest } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { collect } from '../stream/collect.ts';
import { digestBytes } from './digest-bytes.ts';
import { iterate } from '../stream/iterate.ts';
import { streamOf } from '../stream/stream-of.ts';
import { verifyStream } from './verify-stream.ts';

const CONTENT = new TextEncoder().encode('0123456789');
const digest = await digestBytes(CONTENT);

function verified(size: number, ...chunks: readonly Uint8Array[]): Promise<Uint8Array> {
  return collect(streamOf(...chunks).pipeThrough(verifyStream({ digest, size })), { maxBytes: 100 });
}

describe('verifyStream', () => {
  it('passes on what is right, however it is cut', async () => {
    for (let size = 1; size <= 10; size += 1) {
      const chunks = [];
      for (let at = 0; at < CONTENT.length; at += size) chunks.push(CONTENT.subarray(at, at + size));
      expect(await verified(10, ...chunks)).toEqual(CONTENT);
    }
  });

  it.each(['sha384', 'sha512'] as const)('verifies %s', async (algorithm) => {
    const want = { digest: await digestBytes(CONTENT, algorithm), size: 10 };
    const bytes = await collect(streamOf(CONTENT).pipeThrough(verifyStream(want)), { maxBytes: 10 });
    expect(bytes).toEqual(CONTENT);
  });

  it('passes on nothing, where that is right', async () => {
    const nothing = new Uint8Array(0);
    const want = { digest: await digestBytes(nothing), size: 0 };
    expect(await collect(streamOf().pipeThrough(verifyStream(want)), { maxBytes: 0 })).toEqual(nothing);
  });

  it('does not pass on the chunk that is too much', async () => {
    const seen: number[] = [];
    const read = async (): Promise<void> => {
      const stream = streamOf(CONTENT, CONTENT.subarray(0, 1), CONTENT);
      for await (const chunk of iterate(stream.pipeThrough(verifyStream({ digest, size: 10 })))) {
        seen.push(chunk.length);
      }
    };
    await expect(read()).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
      message: 'content is too long: got at least 11 bytes, expected 10',
    });
    expect(seen).toEqual([10]);
  });

  it('checks the size first', async () => {
    await expect(verified(3, CONTENT)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    await expect(verified(10, CONTENT.subarray(1))).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
      message: 'content is too short: got 9 bytes, expected 10',
    });
  });

  it('finds other bytes of the same length', async () => {
    const other = CONTENT.slice().fill(0);
    const got = await digestBytes(other);
    await expect(verified(10, other)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: `content does not match its digest: got ${got}, expected ${digest}`,
    });
  });

  it('stops the source when it fails', async () => {
    let cancelled: unknown;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(CONTENT);
      },
      cancel(reason) {
        cancelled = reason;
      },
    });
    const stream = source.pipeThrough(verifyStream({ digest, size: 25 }));
    await expect(collect(stream, { maxBytes: 100 })).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    expect(cancelled).toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  it('refuses a digest or a size that is none', () => {
    const bad = (want: { digest: string; size: number }) => () =>
      verifyStream({ ...want, digest: want.digest as Digest });
    expect(bad({ digest: 'sha256:../..', size: 1 })).toThrow(
      expect.objectContaining({ code: 'INVALID_DIGEST' }),
    );
    for (const size of [-1, 0.5, NaN, 2 ** 53]) {
      expect(bad({ digest, size })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
  });
});
