// Node as if it were a page: without its zlib, and without WebAssembly.
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { backends } from '../backends.ts';
import { join } from '../test-support/bytes.ts';
import { prose, sameBytes } from '../test-support/gzip-corpus.ts';
import { createCompressor } from './compressor.ts';
import type { GzipOptions } from './compressor-types.ts';

const TEXT = prose(300_000);

async function compress(options: GzipOptions = {}): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const compressor = await createCompressor({ ...options, onOutput: (part) => parts.push(part.slice()) });
  await compressor.write(TEXT);
  await compressor.end();
  return join(...parts);
}

describe('createCompressor in a page', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  it('makes the same bytes without the CRC of node:zlib', async () => {
    const expected = await compress();
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
    // Engines that were freed would still use what they have found: two of them are kept.
    const busy = [
      await createCompressor({ onOutput: () => undefined }),
      await createCompressor({ onOutput: () => undefined }),
    ];
    expect(sameBytes(await compress(), expected)).toBe(true);
    for (const compressor of busy) compressor.free();
  });

  it('is js where there is no WebAssembly, in this thread whatever is asked for, and wasm by name is refused', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(backends().gzip).toBe('js');
    const compressed = await compress({ workers: 2 });
    expect(sameBytes(gunzipSync(compressed), TEXT)).toBe(true);
    vi.resetModules();
    const fresh = await import('./compressor.ts');
    const refused = fresh.createCompressor({ backend: 'wasm', workers: 2, onOutput: () => undefined });
    await expect(refused).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('ends with the reason of an abort that comes while the engine is made', async () => {
    const [controller, reason] = [new AbortController(), new Error('enough')];
    const opening = createCompressor({ signal: controller.signal, onOutput: () => undefined });
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
  });
});
