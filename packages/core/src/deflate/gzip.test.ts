import { describe, expect, it, vi } from 'vitest';
import { gunzip } from '../decompress/decompress.ts';
import { createWorkerPool } from '../workers/worker-pool.ts';
import { collect } from '../stream/collect.ts';
import { streamOf } from '../stream/stream-of.ts';
import { prose, sameBytes } from '../test-support/gzip-corpus.ts';
import { LocalWorker } from '../test-support/local-worker.ts';
import { createCompressor } from './compressor.ts';
import { gzip } from './gzip.ts';

const TEXT = prose(600_000);

describe('gzip', () => {
  it('compresses a stream', async () => {
    const plain = streamOf(TEXT).pipeThrough(gzip()).pipeThrough(gunzip());
    expect(sameBytes(await collect(plain, { maxBytes: 1_000_000 }), TEXT)).toBe(true);
  });

  it('takes no input while nobody reads', async () => {
    let pulled = 0;
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1;
          controller.enqueue(TEXT);
        },
      },
      { highWaterMark: 0 },
    );
    const reader = source.pipeThrough(gzip({ level: 1 })).getReader();
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(pulled).toBeLessThanOrEqual(3);
    await reader.cancel(new Error('enough'));
  });

  it.each([0, 2])('gives up when its reader does, with %i workers', async (workers) => {
    const worker = new LocalWorker();
    const workerPool = createWorkerPool({ create: () => worker, size: 1 });
    const reason = new Error('enough');
    let cancelled: unknown;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(TEXT);
      },
      cancel(why) {
        cancelled = why;
      },
    });
    const reader = source.pipeThrough(gzip({ level: 1, workers, workerPool })).getReader();
    await reader.read();
    await reader.cancel(reason);
    await vi.waitFor(() => {
      expect(cancelled).toBe(reason);
    });
    // The worker is free for the next one.
    const next = await createCompressor({ workers: 1, workerPool, onOutput: () => undefined });
    await next.write(TEXT);
    await next.end();
  });

  it('ends with the reason of an abort', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const stream = streamOf(TEXT).pipeThrough(gzip({ signal: controller.signal }));
    controller.abort(reason);
    await expect(collect(stream, { maxBytes: 1_000_000 })).rejects.toBe(reason);
  });

  it('fails with what there is to say about its options', async () => {
    const compressed = streamOf(TEXT).pipeThrough(gzip({ level: 0 }));
    await expect(collect(compressed, { maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
