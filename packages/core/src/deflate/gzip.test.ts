import { describe, expect, it } from 'vitest';
import { gunzip } from '../decompress/decompress.ts';
import { collect } from '../stream/collect.ts';
import { streamOf } from '../stream/stream-of.ts';
import { prose } from '../test-support/gzip-corpus.ts';
import { gzip } from './gzip.ts';

const TEXT = prose(600_000);

describe('gzip', () => {
  it('compresses a stream', async () => {
    const plain = streamOf(TEXT).pipeThrough(gzip()).pipeThrough(gunzip());
    expect(await collect(plain, { maxBytes: 1_000_000 })).toEqual(TEXT);
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

  it('fails with what there is to say about its options', async () => {
    const compressed = streamOf(TEXT).pipeThrough(gzip({ level: 0 }));
    await expect(collect(compressed, { maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
