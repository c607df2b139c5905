import { afterEach, describe, expect, it, vi } from 'vitest';
import { compileKernel } from './kernel.ts';

/** A module that exports a function `answer` which returns 42. */
const ANSWER = 'AGFzbQEAAAABBQFgAAF/AwIBAAcKAQZhbnN3ZXIAAAoGAQQAQSoL';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('compileKernel', () => {
  it('compiles a module once, however often it is asked for', async () => {
    const compile = vi.spyOn(WebAssembly, 'compile');
    const [first, second] = await Promise.all([compileKernel(ANSWER), compileKernel(ANSWER)]);
    expect(second).toBe(first);
    expect(await compileKernel(ANSWER)).toBe(first);
    expect(compile).toHaveBeenCalledOnce();
    const { exports } = await WebAssembly.instantiate(first);
    expect((exports['answer'] as () => number)()).toBe(42);
  });

  it('fails with a code where WebAssembly is forbidden, and tries again the next time', async () => {
    const base64 = btoa('\0asm\x01\0\0\0');
    const cause = new WebAssembly.CompileError('forbidden by the policy of the page');
    vi.spyOn(WebAssembly, 'compile').mockRejectedValueOnce(cause);
    await expect(compileKernel(base64)).rejects.toMatchObject({ code: 'UNSUPPORTED', cause });
    expect(await compileKernel(base64)).toBeInstanceOf(WebAssembly.Module);
  });

  it('tries again once there is WebAssembly', async () => {
    const base64 = btoa('\0asm\x01\0\0\0\0\x01\0');
    vi.stubGlobal('WebAssembly', undefined);
    await expect(compileKernel(base64)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    vi.unstubAllGlobals();
    expect(await compileKernel(base64)).toBeInstanceOf(WebAssembly.Module);
  });

  it('fails with the same code on what is no module', async () => {
    await expect(compileKernel(btoa('no module'))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(compileKernel('!')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});
