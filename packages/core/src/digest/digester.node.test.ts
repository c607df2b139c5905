import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { backends } from '../backends.ts';
import { chainId } from './chain-id.ts';
import { digestBytes } from './digest-bytes.ts';
import { createDigester } from './digester.ts';
import { noise } from '../test-support/sha2-vectors.ts';
import { asDigest } from '@stowage/types';
import type { DiffID } from '@stowage/types';

/** Takes Node's own modules away, as in a page. */
function asInPage(): void {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
}

/** What a Content-Security-Policy without `wasm-unsafe-eval` does. */
function forbidWebAssembly(): void {
  const refused = new WebAssembly.CompileError('Refused to compile or instantiate WebAssembly module');
  vi.spyOn(WebAssembly, 'Module').mockImplementation(function () {
    throw refused;
  });
  vi.spyOn(WebAssembly, 'compile').mockRejectedValue(refused);
}

/** `createDigester` as a process finds it that has compiled nothing yet. */
async function freshCreateDigester(): Promise<typeof createDigester> {
  vi.resetModules();
  return (await import('./digester.ts')).createDigester;
}

const BYTES = new TextEncoder().encode('some bytes');
const WANT = `sha256:${createHash('sha256').update(BYTES).digest('hex')}`;

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe.each(['sha256', 'sha384', 'sha512'] as const)('%s against node:crypto', (algorithm) => {
  it.each(['native', 'wasm', 'js'] as const)('is the same with %s', async (backend) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 3000, size: 'max' }), { maxLength: 5 }),
        async (chunks) => {
          const oracle = createHash(algorithm);
          const digester = await createDigester(algorithm, { backend });
          for (const chunk of chunks) {
            oracle.update(chunk);
            digester.update(chunk);
          }
          expect(digester.digest()).toBe(`${algorithm}:${oracle.digest('hex')}`);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('is the same for a long input', async () => {
    const bytes = randomBytes(1_000_003);
    const want = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
    for (const backend of ['native', 'wasm', 'js'] as const) {
      const digester = await createDigester(algorithm, { backend });
      digester.update(bytes.subarray(0, 7));
      digester.update(bytes.subarray(7));
      expect(digester.digest()).toBe(want);
    }
  });
});

describe('memory', () => {
  it('stays what it was over a million calls', async () => {
    const digester = await createDigester('sha256', { backend: 'wasm' });
    const bytes = noise(16);
    digester.update(bytes);
    const before = process.memoryUsage();
    for (let call = 1; call < 1_000_000; call += 1) digester.update(bytes);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(1e6);
    expect(after.external - before.external).toBeLessThan(1e6);
    const want = createHash('sha256').update(Buffer.alloc(16e6, bytes)).digest('hex');
    expect(digester.digest()).toBe(`sha256:${want}`);
  });

  it('of WebAssembly is one for all digesters, those too that never came to an end', async () => {
    const fresh = await freshCreateDigester();
    const instantiate = vi.spyOn(WebAssembly, 'instantiate');
    for (let count = 0; count < 1000; count += 1) {
      const digester = await fresh('sha256', { backend: 'wasm' });
      digester.update(BYTES);
    }
    await Promise.all(['sha384', 'sha512'].map((name) => fresh(name as 'sha384', { backend: 'wasm' })));
    expect(instantiate).toHaveBeenCalledTimes(2);
  });
});

describe('the choice of backend', () => {
  it('is native in Node', async () => {
    expect(backends().sha256).toBe('native');
    expect('save' in (await createDigester())).toBe(false);
  });

  it('is wasm without node:crypto', async () => {
    asInPage();
    expect(backends().sha256).toBe('wasm');
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
    const other = await createDigester('sha384', { resumable: true });
    other.update(BYTES);
    expect(other.digest()).toBe(`sha384:${createHash('sha384').update(BYTES).digest('hex')}`);
  });

  it('is js where there is no WebAssembly, and wasm by name is refused', async () => {
    asInPage();
    const fresh = await freshCreateDigester();
    vi.stubGlobal('WebAssembly', undefined);
    expect(backends().sha256).toBe('js');
    for (const algorithm of ['sha256', 'sha384', 'sha512'] as const) {
      await expect(fresh(algorithm, { backend: 'wasm' })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    }
  });

  it('is hash-wasm where the engine has no vector instructions, until it has', async () => {
    const fresh = await freshCreateDigester();
    const instantiate = vi.spyOn(WebAssembly, 'instantiate');
    const compile = vi.spyOn(WebAssembly, 'compile');
    compile.mockRejectedValueOnce(new WebAssembly.CompileError('wasm simd unsupported'));
    const scalar = await fresh('sha512', { backend: 'wasm', resumable: true });
    const vectors = await fresh('sha512', { backend: 'wasm', resumable: true });
    expect(instantiate).toHaveBeenCalledTimes(2);
    scalar.update(BYTES.subarray(0, 4));
    vectors.restore(scalar.save());
    vectors.update(BYTES.subarray(4));
    expect(vectors.digest()).toBe(`sha512:${createHash('sha512').update(BYTES).digest('hex')}`);
  });

  it('needs no getBuiltinModule in a process that is a shim', () => {
    vi.stubGlobal('process', { env: {} });
    const { sha256 } = backends();
    // At once: whoever runs the tests needs the process, too.
    vi.unstubAllGlobals();
    expect(sha256).toBe('wasm');
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
