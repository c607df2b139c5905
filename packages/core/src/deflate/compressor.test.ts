import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createInflater } from '../inflate/inflater.ts';
import { createWorkerPool } from '../workers/worker-pool.ts';
import { join } from '../test-support/bytes.ts';
import { gzipCorpus, noise, prose, sameBytes } from '../test-support/gzip-corpus.ts';
import { LocalWorker } from '../test-support/local-worker.ts';
import { createCompressor } from './compressor.ts';
import type { GzipOptions } from './compressor-types.ts';

/** Compresses bytes that are cut at some places. */
async function compress(
  bytes: Uint8Array,
  options: GzipOptions = {},
  cuts: readonly number[] = [],
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const compressor = await createCompressor({ ...options, onOutput: (part) => parts.push(part.slice()) });
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    await compressor.write(bytes.subarray(from, cut));
    from = cut;
  }
  await compressor.end();
  return join(...parts);
}

async function decompress(bytes: Uint8Array): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const inflater = await createInflater({ onOutput: (part) => parts.push(part.slice()) });
  inflater.write(bytes);
  inflater.end();
  return join(...parts);
}

const LEVELS = [1, 2, 3, 4, 5, 6, 7, 8, 9];

function localPool(size = 2): GzipOptions {
  return { workers: size, workerPool: createWorkerPool({ create: () => new LocalWorker(), size }) };
}

describe('createCompressor', () => {
  it.each(gzipCorpus())('gives %s back at every level', async (_name, bytes) => {
    for (const level of LEVELS) {
      const compressed = await compress(bytes, { level });
      expect(sameBytes(await decompress(compressed), bytes)).toBe(true);
      expect(compressed.length).toBeLessThanOrEqual(bytes.length + 28 + Math.ceil(bytes.length / 10_000) * 5);
    }
  });

  it.each(gzipCorpus())('makes the same of %s in workers', async (_name, bytes) => {
    for (const workers of [1, 2, 3]) {
      expect(sameBytes(await compress(bytes, localPool(workers)), await compress(bytes))).toBe(true);
    }
  });

  it('makes the same however the input is cut', async () => {
    const bytes = join(prose(200_000), noise(80_000), prose(300_000));
    const expected = [
      [1, await compress(bytes, { level: 1 })],
      [6, await compress(bytes)],
    ] as const;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 30 }), async (cuts) => {
        const sorted = cuts.sort((one, other) => one - other);
        for (const [level, made] of expected) {
          expect(sameBytes(await compress(bytes, { level }, sorted), made)).toBe(true);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('gives any bytes back', async () => {
    const runs = fc.array(
      fc.record({ byte: fc.nat(255), length: fc.integer({ min: 1, max: 600 }), random: fc.boolean() }),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(runs, fc.integer({ min: 1, max: 9 }), async (parts, level) => {
        const bytes = join(
          ...parts.map(({ byte, length, random }) =>
            random ? noise(length, byte + 1) : new Uint8Array(length).fill(byte),
          ),
        );
        expect(sameBytes(await decompress(await compress(bytes, { level })), bytes)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('has a header that tells neither time nor system', async () => {
    const headers = await Promise.all([1, 6, 9].map((level) => compress(new Uint8Array(), { level })));
    expect(headers.map((bytes) => [...bytes])).toEqual(
      [4, 0, 2].map((effort) => [31, 139, 8, 0, 0, 0, 0, 0, effort, 255, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    );
  });

  it('makes these very bytes', async () => {
    const hex = Array.from(await compress(new TextEncoder().encode('stowage stowage stowage')), (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join('');
    expect(hex).toBe('1f8b08000000000000ff2b2ec92f4f4c4f5540a30174cb42b017000000');
  });

  it.each([0, 10, 1.5, Number.NaN])('refuses level %s', async (level) => {
    await expect(compress(new Uint8Array(), { level })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it.each([-1, 0.5])('refuses %s workers', async (workers) => {
    await expect(compress(new Uint8Array(), { workers })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('refuses a pool of another make', async () => {
    const options = { workerPool: { close: () => Promise.resolve() } };
    await expect(compress(new Uint8Array(), options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('takes no more after its end and after it was freed', async () => {
    const ended = await createCompressor({ onOutput: () => undefined });
    await ended.end();
    await expect(ended.write(new Uint8Array(1))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'the compressor has ended',
    });
    const freed = await createCompressor({ onOutput: () => undefined });
    freed.free();
    freed.free();
    await expect(freed.end()).rejects.toMatchObject({ message: 'the compressor was cancelled' });
  });

  it('takes nothing within onOutput', async () => {
    const refusals: unknown[] = [];
    const compressor = await createCompressor({
      onOutput: () => {
        refusals.push(compressor.write(new Uint8Array(1)), compressor.end());
      },
    });
    await compressor.write(new Uint8Array(300_000));
    expect(refusals.length).toBeGreaterThan(0);
    await expect(refusals[0]).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(refusals[1]).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    compressor.free();
  });

  it.each([{}, { workers: 1 }])('ends with what onOutput throws (%o)', async (options) => {
    const failure = new Error('full');
    const pool = options.workers === undefined ? {} : localPool(1);
    const compressor = await createCompressor({
      ...pool,
      onOutput: () => {
        throw failure;
      },
    });
    const writeAll = async (): Promise<void> => {
      for (let part = 0; part < 8; part += 1) await compressor.write(new Uint8Array(300_000));
      await compressor.end();
    };
    await expect(writeAll()).rejects.toBe(failure);
    await expect(compressor.end()).rejects.toBe(failure);
  });

  it('ends with the reason of an abort', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const compressor = await createCompressor({ signal: controller.signal, onOutput: () => undefined });
    controller.abort(reason);
    await expect(compressor.write(new Uint8Array(1))).rejects.toBe(reason);
    await expect(createCompressor({ signal: controller.signal, onOutput: () => undefined })).rejects.toBe(
      reason,
    );
  });

  it('gives workers back when it is aborted while they start', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const worker = new LocalWorker();
    const create = (): LocalWorker => {
      controller.abort(reason);
      return worker;
    };
    const workerPool = createWorkerPool({ create, size: 1 });
    const init = { workers: 2, workerPool, onOutput: () => undefined };
    await expect(createCompressor({ ...init, signal: controller.signal })).rejects.toBe(reason);
    expect(worker.sent.map(({ type }) => type)).toEqual(['hello']);
    const next = await createCompressor(init);
    expect(next.workers).toBe(1);
    next.free();
  });

  it('ends with the reason of an abort while workers work', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const compressor = await createCompressor({
      ...localPool(2),
      signal: controller.signal,
      onOutput: () => undefined,
    });
    const writing = compressor.write(noise(3_000_000));
    controller.abort(reason);
    await expect(writing).rejects.toBe(reason);
    await expect(compressor.end()).rejects.toBe(reason);
  });

  it('does the work itself where no worker can be had', async () => {
    const create = (): never => {
      throw new Error('forbidden');
    };
    const compressor = await createCompressor({
      workers: 2,
      workerPool: createWorkerPool({ create }),
      onOutput: () => undefined,
    });
    expect(compressor.workers).toBe(0);
    compressor.free();
  });

  it('fails when a worker dies, and holds few segments at once', async () => {
    const worker = new LocalWorker();
    const workerPool = createWorkerPool({ create: () => worker, size: 1 });
    const compressor = await createCompressor({ workers: 4, workerPool, onOutput: () => undefined });
    expect(compressor.workers).toBe(1);
    const writing = compressor.write(new Uint8Array(2_000_000));
    expect(worker.sent.filter(({ type }) => type === 'deflate')).toHaveLength(2);
    worker.fail(new Error('crash'));
    await expect(writing).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(compressor.end()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('is served by pako where it must be, whose bytes are others', async () => {
    for (const [, bytes] of gzipCorpus()) {
      expect(sameBytes(await decompress(await compress(bytes, { backend: 'js' })), bytes)).toBe(true);
    }
    expect((await createCompressor({ backend: 'js', workers: 2, onOutput: () => undefined })).workers).toBe(
      0,
    );
  }, 30_000);
});
