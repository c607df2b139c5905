import { gzip } from 'pako';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createInflater, inflateBackend } from './inflater.ts';
import { inflate } from '../test-support/inflate-all.ts';

const TEXT = new TextEncoder().encode('The quick brown fox jumps over the lazy dog. '.repeat(30));

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('createInflater', () => {
  it('takes plain TypeScript where WebAssembly is missing, and fails where it is asked for by name', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(inflateBackend()).toBe('js');
    expect(await inflate(gzip(TEXT))).toEqual(TEXT);
  });

  it('takes plain TypeScript where there is no room for memory, and fails where it is asked for by name', async () => {
    const onOutput = (): undefined => undefined;
    // As many as are kept for reuse.
    const taken = await Promise.all(
      Array.from({ length: 8 }, () => createInflater({ onOutput, backend: 'wasm' })),
    );
    const cause = new RangeError('WebAssembly.instantiate(): Out of memory');
    vi.spyOn(WebAssembly, 'instantiate').mockRejectedValue(cause);
    await expect(createInflater({ onOutput, backend: 'wasm' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      cause,
    });
    expect(await inflate(gzip(TEXT))).toEqual(TEXT);
    for (const inflater of taken) inflater.free();
  });

  it('refuses distances and checkpoints that are none', async () => {
    const onOutput = (): undefined => undefined;
    for (const checkpointEvery of [0, -1, NaN]) {
      await expect(createInflater({ onOutput, checkpointEvery })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
    const restore = { in: 20, bits: 0, out: 100_000, window: new Uint8Array(10) };
    for (const wrong of [{ bits: 8 }, { bits: -1 }, { bits: NaN }, { window: new Uint8Array(32_769) }]) {
      await expect(createInflater({ onOutput, restore: { ...restore, ...wrong } })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });
});
