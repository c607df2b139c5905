import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import { streamOf } from './stream-of.ts';

describe('collect', () => {
  it('joins the chunks', async () => {
    const bytes = await collect(streamOf(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)), {
      maxBytes: 3,
    });
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('is empty for an empty stream', async () => {
    expect(await collect(streamOf(), { maxBytes: 0 })).toEqual(new Uint8Array(0));
  });

  it('gives bytes of its own', async () => {
    const chunk = Uint8Array.of(1, 2);
    const bytes = await collect(streamOf(chunk), { maxBytes: 2 });
    chunk.fill(9);
    expect(bytes).toEqual(Uint8Array.of(1, 2));
  });

  it('stops an endless stream at the limit', async () => {
    let pulled = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1;
          controller.enqueue(new Uint8Array(10));
        },
        cancel() {
          cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    await expect(collect(endless, { maxBytes: 25 })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect([pulled, cancelled]).toEqual([3, true]);
  });

  it('lets nothing through a limit that is no number', async () => {
    await expect(collect(streamOf(new Uint8Array(1)), { maxBytes: NaN })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });

  it('fails as the stream fails', async () => {
    const failure = new Error('lost');
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.error(failure);
      },
    });
    await expect(collect(stream, { maxBytes: 1 })).rejects.toBe(failure);
  });

  it('rejects with the reason of an abort', async () => {
    const aborted = new AbortController();
    const reason = new Error('enough');
    const waiting = collect(new ReadableStream<Uint8Array>(), { maxBytes: 1, signal: aborted.signal });
    aborted.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});
