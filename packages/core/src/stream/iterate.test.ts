import { describe, expect, it } from 'vitest';
import { iterate } from './iterate.ts';
import { streamOf } from './stream-of.ts';

/** A stream that never gives anything, and what became of it. */
function silent(): { stream: ReadableStream<Uint8Array>; cancelled: unknown[] } {
  const cancelled: unknown[] = [];
  return {
    cancelled,
    stream: new ReadableStream<Uint8Array>({
      cancel(reason) {
        cancelled.push(reason);
      },
    }),
  };
}

/** A stream without an end, and what became of it. */
function endless(): { stream: ReadableStream<Uint8Array>; cancelled: unknown[] } {
  const cancelled: unknown[] = [];
  return {
    cancelled,
    stream: new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(1));
      },
      cancel(reason) {
        cancelled.push(reason);
      },
    }),
  };
}

async function drain(stream: ReadableStream<Uint8Array>, signal?: AbortSignal): Promise<number> {
  let count = 0;
  for await (const chunk of iterate(stream, { signal })) count += chunk.length;
  return count;
}

describe('iterate', () => {
  it('gives every chunk and unlocks the stream', async () => {
    const stream = streamOf(new Uint8Array(3), new Uint8Array(2));
    const lengths = [];
    for await (const chunk of iterate(stream)) lengths.push(chunk.length);
    expect(lengths).toEqual([3, 2]);
    expect(stream.locked).toBe(false);
  });

  it('cancels the stream when the loop is left', async () => {
    const { stream, cancelled } = endless();
    for await (const chunk of iterate(stream)) if (chunk.length > 0) break;
    expect(cancelled).toEqual([undefined]);
    expect(stream.locked).toBe(false);
  });

  it('cancels the stream when the loop throws', async () => {
    const { stream, cancelled } = endless();
    const failure = new Error('of the loop');
    const read = async (): Promise<void> => {
      for await (const chunk of iterate(stream)) if (chunk.length > 0) throw failure;
    };
    await expect(read()).rejects.toBe(failure);
    expect(cancelled).toHaveLength(1);
  });

  it('throws what the stream fails with', async () => {
    const failure = new Error('of the stream');
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(failure);
      },
    });
    await expect(drain(stream)).rejects.toBe(failure);
    expect(stream.locked).toBe(false);
  });

  it('does not begin when aborted before', async () => {
    const { stream, cancelled } = silent();
    const reason = new Error('stop');
    await expect(drain(stream, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(cancelled).toEqual([reason]);
  });

  it('ends a read that waits when aborted', async () => {
    const { stream, cancelled } = silent();
    const aborted = new AbortController();
    const reason = new Error('stop');
    const waiting = drain(stream, aborted.signal);
    aborted.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(cancelled).toEqual([reason]);
    expect(stream.locked).toBe(false);
  });

  it('gives no more chunks once aborted within the loop', async () => {
    const aborted = new AbortController();
    const reason = new Error('stop');
    let count = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of iterate(endless().stream, { signal: aborted.signal })) {
        count += chunk.length;
        aborted.abort(reason);
      }
    };
    await expect(read()).rejects.toBe(reason);
    expect(count).toBe(1);
  });

  it('throws the reason although cancelling fails', async () => {
    const reason = new Error('stop');
    const stream = new ReadableStream<Uint8Array>({
      cancel() {
        throw new Error('of cancel');
      },
    });
    await expect(drain(stream, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
