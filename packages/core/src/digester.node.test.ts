import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { backends } from './backends.ts';
import { chainId } from './chain-id.ts';
import { digestBytes } from './digest-bytes.ts';
import { createDigester } from './digester.ts';
import { asDigest } from '@stowage/types';
import type { DiffID } from '@stowage/types';

/** Takes Node's own modules away, as in a page. */
function asInPage(): void {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
}

/** What a Content-Security-Policy without `wasm-unsafe-eval` does. */
function forbidWebAssembly(): void {
  vi.spyOn(WebAssembly, 'Module').mockImplementation(function () {
    throw new WebAssembly.CompileError('Refused to compile or instantiate WebAssembly module');
  });
}

const BYTES = new TextEncoder().encode('some bytes');
const WANT = `sha256:${createHash('sha256').update(BYTES).digest('hex')}`;

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('digests against node:crypto', () => {
  it.each(['sha256', 'sha384', 'sha512'] as const)('agrees on %s', async (algorithm) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), async (chunks) => {
        const oracle = createHash(algorithm);
        const digester = await createDigester(algorithm, { backend: 'wasm' });
        for (const chunk of chunks) {
          oracle.update(chunk);
          digester.update(chunk);
        }
        expect(digester.digest()).toBe(`${algorithm}:${oracle.digest('hex')}`);
      }),
      { numRuns: 50 },
    );
  });

  it('agrees on a long input with every backend', async () => {
    const bytes = randomBytes(1_000_003);
    const want = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    for (const backend of ['native', 'wasm', 'js'] as const) {
      const digester = await createDigester('sha256', { backend });
      digester.update(bytes.subarray(0, 7));
      digester.update(bytes.subarray(7));
      expect(digester.digest()).toBe(want);
    }
  });
});

describe('the choice of backend', () => {
  it('is native in Node', async () => {
    expect(backends().sha256).toBe('native');
    expect('save' in (await createDigester())).toBe(false);
  });

  it('is wasm without node:crypto', async () => {
    asInPage();
    expect(backends()).toEqual({ sha256: 'wasm', gunzip: 'pako', zstd: 'none', crc32: 'js' });
    const digester = await createDigester('sha512');
    expect('save' in digester).toBe(true);
    digester.update(BYTES);
    expect(digester.digest()).toBe(`sha512:${createHash('sha512').update(BYTES).digest('hex')}`);
    await expect(createDigester('sha256', { backend: 'native' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
  });

  it('is js where WebAssembly may not be compiled', async () => {
    asInPage();
    forbidWebAssembly();
    expect(backends().sha256).toBe('js');
    const digester = await createDigester();
    digester.update(BYTES);
    expect(digester.digest()).toBe(WANT);
    await expect(createDigester('sha512')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('is js where there is no WebAssembly, and wasm by name is refused', async () => {
    asInPage();
    vi.stubGlobal('WebAssembly', undefined);
    expect(backends().sha256).toBe('js');
    await expect(createDigester('sha256', { backend: 'wasm' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
  });

  it('needs no getBuiltinModule in a process that is a shim', () => {
    vi.stubGlobal('process', { env: {} });
    expect(backends().sha256).toBe('wasm');
  });
});

describe('digestBytes without node:crypto', () => {
  it('uses WebCrypto', async () => {
    asInPage();
    const subtle = vi.spyOn(crypto.subtle, 'digest');
    expect(await digestBytes(BYTES)).toBe(WANT);
    expect(subtle).toHaveBeenCalledOnce();
  });

  it('does without WebCrypto in a page that is no secure context', async () => {
    asInPage();
    vi.stubGlobal('crypto', {});
    expect(await digestBytes(BYTES)).toBe(WANT);
    vi.stubGlobal('crypto', undefined);
    expect(await digestBytes(BYTES)).toBe(WANT);
  });

  it('does without WebCrypto for shared memory, which that refuses', async () => {
    asInPage();
    const shared = new Uint8Array(new SharedArrayBuffer(BYTES.length));
    shared.set(BYTES);
    expect(await digestBytes(shared)).toBe(WANT);
  });
});

describe('chainId without node:crypto', () => {
  it('is the same', () => {
    const layers = ['a', 'b', 'c'].map((digit) => asDigest(`sha256:${digit.repeat(64)}`) as DiffID);
    const want = chainId(layers);
    asInPage();
    expect(chainId(layers)).toBe(want);
  });
});
