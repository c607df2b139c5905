import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDecompressor } from './decompressor.ts';
import { gunzipBackend, zstdBackend } from './format-decoder.ts';
import type { DecompressorInit } from './decompress-options.ts';
import { createWasmZstdEngine } from '../zstd/zstd-wasm.ts';
import { createNodeZstdDecoder } from './zstd-node.ts';

const fromHex = (hex: string): Buffer => Buffer.from(hex, 'hex');
/** "hello ", and "world" a hundred times. */
const HELLO = fromHex('28b52ffd240631000068656c6c6f20d23be1a9');
const WORLD = fromHex('28b52ffd60f40065000028776f726c640100ec508b16');
const SKIPPABLE = fromHex('502a4d180200000001ff');

async function run(
  chunks: readonly Uint8Array[],
  options: Omit<DecompressorInit, 'onOutput'> = {},
): Promise<Buffer> {
  const output: Uint8Array[] = [];
  const decompressor = createDecompressor({ ...options, onOutput: (bytes) => output.push(bytes.slice()) });
  for (const chunk of chunks) await decompressor.write(chunk);
  await decompressor.end();
  return Buffer.concat(output);
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe.each(['wasm', 'js', 'zlib'] as const)('gzip by %s against node:zlib', (gunzipBackend) => {
  it('agrees at every level, on what compresses and what does not', async () => {
    const contents = [randomBytes(300_000), Buffer.alloc(1_000_000), Buffer.from('abc '.repeat(100_000))];
    for (const content of contents) {
      for (const level of [0, 1, 6, 9]) {
        const stream = zlib.gzipSync(content, { level });
        expect((await run([stream], { gunzipBackend })).equals(content)).toBe(true);
      }
    }
  });

  it('agrees on any content, flushes and cuts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 700 }),
        async (parts, size) => {
          const gzip = zlib.createGzip();
          const compressed: Buffer[] = [];
          gzip.on('data', (chunk: Buffer) => compressed.push(chunk));
          for (const part of parts) {
            await new Promise<void>((resolve) => {
              gzip.write(part);
              gzip.flush(resolve);
            });
          }
          await once(gzip.end(), 'end');
          const stream = Buffer.concat(compressed);
          const chunks = [];
          for (let at = 0; at < stream.length; at += size) chunks.push(stream.subarray(at, at + size));
          expect((await run(chunks, { gunzipBackend })).equals(zlib.gunzipSync(stream))).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('takes an honest layer of zeros through a ratio of 1100', async () => {
    const stream = zlib.gzipSync(Buffer.alloc(20_000_000), { level: 9 });
    let length = 0;
    const decompressor = createDecompressor({
      gunzipBackend,
      maxRatio: 1100,
      onOutput: (bytes) => (length += bytes.length),
    });
    await decompressor.write(stream);
    await decompressor.end();
    expect(length).toBe(20_000_000);
  });

  it('goes through thousands of members, as an eStargz layer has', async () => {
    const stream = Buffer.concat(
      Array.from({ length: 3000 }, (_, index) => zlib.gzipSync(`file ${index}\n`)),
    );
    const text = (await run([stream], { gunzipBackend })).toString();
    expect(text.startsWith('file 0\nfile 1\n') && text.endsWith('file 2999\n')).toBe(true);
  });
});

describe('the choice of backend', () => {
  it('is WebAssembly, and plain TypeScript where that is forbidden', async () => {
    const createGunzip = vi.spyOn(zlib, 'createGunzip');
    expect(gunzipBackend()).toBe('wasm');
    vi.spyOn(WebAssembly, 'Module').mockImplementation(() => {
      throw new WebAssembly.CompileError('forbidden');
    });
    expect(gunzipBackend()).toBe('js');
    expect((await run([zlib.gzipSync('abc')])).toString()).toBe('abc');
    expect(createGunzip).not.toHaveBeenCalled();
  });

  it('is node:zlib for zstd in Deno, which has it and is faster, unless the window is limited', () => {
    expect(zstdBackend()).toBe('wasm');
    vi.stubGlobal('Deno', {});
    expect(zstdBackend()).toBe('createZstdDecompress' in zlib ? 'zlib' : 'wasm');
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ createZstdDecompress: () => undefined });
    expect(zstdBackend()).toBe('zlib');
    expect(zstdBackend(1_000_000)).toBe('wasm');
  });

  it('is plain TypeScript for zstd where WebAssembly is forbidden and node:zlib does not do', async () => {
    vi.spyOn(WebAssembly, 'Module').mockImplementation(() => {
      throw new WebAssembly.CompileError('forbidden');
    });
    const builtins = vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ createZstdDecompress: vi.fn() });
    expect(zstdBackend()).toBe('zlib');
    expect(zstdBackend(1_000_000)).toBe('js');
    builtins.mockReturnValue(undefined);
    expect(zstdBackend()).toBe('js');
    expect((await run([HELLO])).toString()).toBe('hello ');
  });

  it('is plain TypeScript for zstd where there is no room for the memory of WebAssembly', async () => {
    // As many as are kept for reuse.
    const taken = await Promise.all(Array.from({ length: 4 }, () => createWasmZstdEngine()));
    vi.spyOn(WebAssembly, 'instantiate').mockRejectedValue(new RangeError('Out of memory'));
    expect((await run([HELLO])).toString()).toBe('hello ');
    const named = run([HELLO], { zstdBackend: 'wasm' });
    await expect(named).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    for (const engine of taken) engine.free();
  });

  it('refuses what is named and is not there', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
    await expect(run([zlib.gzipSync('abc')], { gunzipBackend: 'zlib' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
  });
});

describe('freeing', () => {
  it('destroys the stream of node:zlib at the end, on failure and on cancel', async () => {
    const gunzipBackend = 'zlib';
    const made: zlib.Gunzip[] = [];
    const { createGunzip } = zlib;
    vi.spyOn(zlib, 'createGunzip').mockImplementation((options) => {
      const stream = createGunzip(options);
      made.push(stream);
      return stream;
    });
    const onOutput = (): undefined => undefined;
    await run([zlib.gzipSync('abc')], { gunzipBackend });
    await run([zlib.gzipSync('abc'), Buffer.alloc(3)], { gunzipBackend });
    await expect(
      run([Buffer.concat([zlib.gzipSync('abc'), Buffer.from('xyz')])], { gunzipBackend }),
    ).rejects.toBeDefined();
    await expect(run([zlib.gzipSync('abc')], { gunzipBackend, maxBytes: 2 })).rejects.toBeDefined();
    const cancelled = createDecompressor({ gunzipBackend, onOutput });
    await cancelled.write(zlib.gzipSync('abc').subarray(0, 12));
    await cancelled.cancel();
    expect(made.map((stream) => stream.destroyed)).toEqual([true, true, true, true, true]);
  });
});

describe('zstd', () => {
  const hasZstd = 'createZstdDecompress' in zlib;
  const stream = Buffer.concat([SKIPPABLE, HELLO, SKIPPABLE, WORLD, Buffer.alloc(5)]);

  it.each(['wasm', 'zlib'] as const)('is decompressed by %s, or refused by name', async (zstdBackend) => {
    for (const size of [1, 9, 1000]) {
      const chunks = [];
      for (let at = 0; at < stream.length; at += size) chunks.push(stream.subarray(at, at + size));
      const result = await run(chunks, { zstdBackend }).then(String, (error: unknown) => error);
      if (hasZstd || zstdBackend === 'wasm') expect(result).toBe(`hello ${'world'.repeat(100)}`);
      else
        expect(result).toMatchObject({ code: 'UNSUPPORTED', message: 'this runtime cannot decompress zstd' });
    }
  });

  it('never gives an engine the end of one frame and the beginning of the next at once', async () => {
    const written: Buffer[] = [];
    const create = (): PassThrough & { bytesWritten: number } => {
      const engine = Object.assign(new PassThrough(), { bytesWritten: 0 });
      engine._transform = (chunk: Buffer, _encoding, callback): void => {
        written.push(Buffer.from(chunk));
        engine.bytesWritten += chunk.length;
        callback(null, chunk);
      };
      return engine;
    };
    const output: Uint8Array[] = [];
    const decoder = createNodeZstdDecoder((bytes) => output.push(bytes.slice()), create);
    await decoder.write(Buffer.concat([HELLO, SKIPPABLE, WORLD, HELLO.subarray(0, 8)]));
    await decoder.write(HELLO.subarray(8));
    await decoder.end();
    expect(written).toEqual([HELLO, WORLD, HELLO.subarray(0, 8), HELLO.subarray(8)]);
    expect(Buffer.concat(output).equals(Buffer.concat([HELLO, WORLD, HELLO]))).toBe(true);
    decoder.free(new Error('done'));
  });

  it('finds a truncated stream whatever the engine says', async () => {
    const create = (): PassThrough & { bytesWritten: number } => {
      const engine = Object.assign(new PassThrough(), { bytesWritten: 0 });
      engine._transform = (chunk: Buffer, _encoding, callback): void => {
        engine.bytesWritten += chunk.length;
        callback();
      };
      return engine;
    };
    const decoder = createNodeZstdDecoder(() => undefined, create);
    await decoder.write(Buffer.concat([HELLO, WORLD.subarray(0, -1)]));
    await expect(decoder.end()).rejects.toMatchObject({
      code: 'INVALID_ARCHIVE',
      message: 'invalid zstd stream: unexpected end of file',
    });
    decoder.free(new Error('done'));
  });
});
