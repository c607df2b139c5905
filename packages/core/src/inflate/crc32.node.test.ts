import { expect, it, vi } from 'vitest';
import { plainCrc32 } from './crc32.ts';

it('goes by tables where there is no node:zlib and WebAssembly is forbidden', async () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, index) => (index * index) >> 5);
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
  vi.spyOn(WebAssembly, 'Module').mockImplementation(() => {
    throw new WebAssembly.CompileError('forbidden');
  });
  // With no kernel that was made before.
  vi.resetModules();
  const { crc32, crc32Backend, kernelCrc32 } = await import('./crc32.ts');
  expect(crc32Backend()).toBe('js');
  expect(kernelCrc32(bytes, 0)).toBeUndefined();
  expect(crc32(bytes)).toBe(plainCrc32(bytes, 0));
  vi.restoreAllMocks();
});
