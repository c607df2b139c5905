import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import { streamOf } from './stream-of.ts';
import { tapStream } from './tap-stream.ts';

/** Gives two chunks and then fails, or ends, and tells how it was cancelled. */
function twoChunks(failure?: Error): {
  stream: ReadableStream<Uint8Array>;
  cancelled: unknown[];
  pulls: () => number;
} {
  const cancelled: unknown[] = [];
  let pulls = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        pulls += 1;
        if (pulls <= 2) controller.enqueue(Uint8Array.of(pulls));
        else if (failure === undefined) controller.close();
        else throw failure;
      },
      cancel: (reason) => void cancelled.push(reason),
    },
    { highWaterMark: 0 },
  );
  return { stream, cancelled, pulls: () => pulls };
}

describe('tapStream', () => {
  it('shows what passes, in order, and hands over the same chunks', async () => {
    const seen: string[] = [];
    const chunk = Uint8Array.of(7);
    const stream = tapStream(streamOf(chunk, new Uint8Array(0)), {
      onStart: async () => {
        await Promise.resolve();
        seen.push('start');
      },
      onBytes: (bytes) => void seen.push(`${bytes.length} bytes`),
      onEnd: () => void seen.push('end'),
    });
    const reader = stream.getReader();
    expect((await reader.read()).value).toBe(chunk);
    expect((await reader.read()).value).toHaveLength(0);
    expect(await reader.read()).toEqual({ done: true, value: undefined });
    expect(seen).toEqual(['start', '1 bytes', '0 bytes', 'end']);
  });

  it('needs nothing to do', async () => {
    expect(await collect(tapStream(streamOf(Uint8Array.of(1)), {}), { maxBytes: 1 })).toEqual(
      Uint8Array.of(1),
    );
  });

  it('reads nothing ahead', async () => {
    const { stream, pulls } = twoChunks();
    const reader = tapStream(stream, {}).getReader();
    await new Promise((resolve) => {
      queueMicrotask(() => {
        resolve(undefined);
      });
    });
    expect(pulls()).toBe(0);
    await reader.read();
    expect(pulls()).toBe(1);
  });

  it('waits for what is done at the end', async () => {
    let finish = (): void => undefined;
    const stream = tapStream(streamOf(), {
      onEnd: () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    });
    let ended = false;
    const reading = collect(stream, { maxBytes: 0 }).then(() => {
      ended = true;
    });
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(ended).toBe(false);
    finish();
    await reading;
  });

  it.each(['onStart', 'onBytes'] as const)('fails and cancels the source when %s throws', async (name) => {
    const failure = new Error('of the tap');
    const { stream, cancelled } = twoChunks();
    const tapped = tapStream(stream, {
      [name]: () => {
        throw failure;
      },
    });
    await expect(collect(tapped, { maxBytes: 10 })).rejects.toBe(failure);
    expect(cancelled).toEqual([failure]);
  });

  it('fails when onEnd throws', async () => {
    const failure = new Error('of the tap');
    const tapped = tapStream(streamOf(Uint8Array.of(1)), {
      onEnd: () => Promise.reject(failure),
    });
    await expect(collect(tapped, { maxBytes: 10 })).rejects.toBe(failure);
  });

  it('fails as its source does, without coming to the end', async () => {
    const failure = new Error('lost');
    let ended = false;
    const tapped = tapStream(twoChunks(failure).stream, {
      onEnd: () => {
        ended = true;
      },
    });
    await expect(collect(tapped, { maxBytes: 10 })).rejects.toBe(failure);
    expect(ended).toBe(false);
  });

  it('cancels its source when it is cancelled', async () => {
    const { stream, cancelled } = twoChunks();
    const reader = tapStream(stream, {}).getReader();
    await reader.read();
    await reader.cancel('enough');
    expect(cancelled).toEqual(['enough']);
  });
});
