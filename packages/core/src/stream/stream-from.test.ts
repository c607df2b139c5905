import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import { streamFrom } from './stream-from.ts';

async function* pieces(log: string[], sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  try {
    for (const size of sizes) {
      log.push(`made ${String(size)}`);
      yield await Promise.resolve(new Uint8Array(size));
    }
  } finally {
    log.push('ended');
  }
}

describe('streamFrom', () => {
  it('gives the chunks one by one, as they are asked for, without the empty ones', async () => {
    const log: string[] = [];
    const reader = streamFrom(pieces(log, [1, 0, 2])).getReader();
    expect(log).toEqual([]);
    expect((await reader.read()).value).toHaveLength(1);
    expect(log).toEqual(['made 1']);
    expect((await reader.read()).value).toHaveLength(2);
    expect((await reader.read()).done).toBe(true);
    expect(log).toEqual(['made 1', 'made 0', 'made 2', 'ended']);
  });

  it('ends the iteration when it is cancelled', async () => {
    const log: string[] = [];
    const reader = streamFrom(pieces(log, [1, 2])).getReader();
    await reader.read();
    await reader.cancel();
    expect(log).toEqual(['made 1', 'ended']);
  });

  it('can be cancelled where the iterator has nothing to end', async () => {
    const iterator = { next: () => Promise.resolve({ done: false, value: new Uint8Array(1) }) };
    await streamFrom({ [Symbol.asyncIterator]: () => iterator as AsyncIterator<Uint8Array> }).cancel();
  });

  it('fails with what the iteration throws', async () => {
    const reason = new Error('broken');
    const failing = (async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      await Promise.reject(reason);
    })();
    await expect(collect(streamFrom(failing), { maxBytes: 9 })).rejects.toBe(reason);
  });
});
