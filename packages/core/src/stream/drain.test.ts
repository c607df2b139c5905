import { describe, expect, it } from 'vitest';
import { drain } from './drain.ts';
import { streamOf } from './stream-of.ts';

/** A stream without an end, and what became of it. */
function endless(): { stream: ReadableStream<Uint8Array>; cancelled: unknown[] } {
  const cancelled: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(1));
    },
    cancel: (reason) => void cancelled.push(reason),
  });
  return { stream, cancelled };
}

const IGNORE = (): void => undefined;

describe('drain', () => {
  it('hands over every chunk as it is, and counts the bytes', async () => {
    const chunks = [new Uint8Array(3), new Uint8Array(0), new Uint8Array(2)];
    const stream = streamOf(...chunks);
    const seen: Uint8Array[] = [];
    expect(await drain(stream, (bytes) => void seen.push(bytes))).toBe(5);
    expect(seen.map((chunk, index) => chunk === chunks[index])).toEqual([true, true, true]);
    expect(stream.locked).toBe(false);
  });

  it('cancels the stream when the function throws', async () => {
    const { stream, cancelled } = endless();
    const failure = new Error('of the function');
    const draining = drain(stream, () => {
      throw failure;
    });
    await expect(draining).rejects.toBe(failure);
    expect(cancelled).toEqual([failure]);
    expect(stream.locked).toBe(false);
  });

  it('throws what the stream fails with', async () => {
    const failure = new Error('of the stream');
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(failure);
      },
    });
    await expect(drain(stream, IGNORE)).rejects.toBe(failure);
    expect(stream.locked).toBe(false);
  });

  it('does not begin when aborted before', async () => {
    const { stream, cancelled } = endless();
    const reason = new Error('stop');
    await expect(drain(stream, IGNORE, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(cancelled).toEqual([reason]);
  });

  it('ends a read that waits when aborted', async () => {
    const stream = new ReadableStream<Uint8Array>();
    const aborted = new AbortController();
    const reason = new Error('stop');
    const waiting = drain(stream, IGNORE, { signal: aborted.signal });
    aborted.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(stream.locked).toBe(false);
  });

  it('hands over no more once aborted on the way', async () => {
    const aborted = new AbortController();
    const reason = new Error('stop');
    let count = 0;
    const draining = drain(
      endless().stream,
      () => {
        count += 1;
        aborted.abort(reason);
      },
      { signal: aborted.signal },
    );
    await expect(draining).rejects.toBe(reason);
    expect(count).toBe(1);
  });
});
