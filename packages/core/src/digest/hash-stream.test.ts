import type { DigestAlgorithm } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { collect } from '../stream/collect.ts';
import { hashStream } from './hash-stream.ts';
import type { StreamDigest } from './hash-stream.ts';
import { streamOf } from '../stream/stream-of.ts';

const ABC = new TextEncoder().encode('abc');

describe('hashStream', () => {
  it('passes bytes on, and tells their digest and number before it ends', async () => {
    const found: StreamDigest[] = [];
    const stream = hashStream(streamOf(ABC.subarray(0, 1), ABC.subarray(1)), (each) => void found.push(each));
    expect(await collect(stream, { maxBytes: 3 })).toEqual(ABC);
    expect(found).toEqual([
      { digest: 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', size: 3 },
    ]);
  });

  it('hashes with another algorithm', async () => {
    let digest = '';
    const onEnd = (found: StreamDigest): void => {
      ({ digest } = found);
    };
    await collect(hashStream(streamOf(), onEnd, 'sha384'), { maxBytes: 0 });
    expect(digest).toBe(
      'sha384:38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b',
    );
  });

  it('fails when the end refuses what came', async () => {
    const failure = new Error('not what was wanted');
    const stream = hashStream(streamOf(ABC), () => {
      throw failure;
    });
    await expect(collect(stream, { maxBytes: 3 })).rejects.toBe(failure);
  });

  it('fails for an algorithm that it does not know, and cancels its source', async () => {
    let cancelled: unknown;
    const source = new ReadableStream<Uint8Array>({
      cancel(reason) {
        cancelled = reason;
      },
    });
    const stream = hashStream(source, () => undefined, 'md5' as DigestAlgorithm);
    await expect(collect(stream, { maxBytes: 3 })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    expect(cancelled).toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('tells nothing when it is cancelled', async () => {
    let told = false;
    const stream = hashStream(streamOf(ABC, ABC), () => {
      told = true;
    });
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel();
    expect(told).toBe(false);
  });
});
