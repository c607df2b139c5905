import { describe, expect, it } from 'vitest';
import { backends } from './backends.ts';

describe('backends', () => {
  it('tells what serves this runtime', () => {
    const page = {
      sha256: 'wasm',
      sha512: 'wasm',
      gunzip: 'wasm',
      gzip: 'wasm',
      zstd: 'wasm',
      crc32: 'wasm',
      worker: 'web',
    };
    const node = {
      sha256: 'native',
      sha512: 'native',
      gunzip: 'wasm',
      gzip: 'wasm',
      zstd: 'wasm',
      crc32: 'zlib',
      worker: 'threads',
    };
    expect(backends()).toEqual('window' in globalThis ? page : node);
  });
});
