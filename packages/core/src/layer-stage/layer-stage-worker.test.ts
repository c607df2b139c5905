import { gzip } from 'pako';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { digestBytes } from '../digest/digest-bytes.ts';
import { createLayerStage } from './layer-stage.ts';
import type { LayerStage, LayerStageInit } from './layer-stage.ts';
import { LocalWorker } from '../test-support/local-worker.ts';
import { createWorkerPool } from '../workers/worker-pool.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import type { ToWorker } from '../workers/worker-protocol.ts';

const PLAIN = new TextEncoder().encode('what a layer may hold: names, sizes and bytes; '.repeat(40_000));
const BLOB = gzip(PLAIN, { level: 1 });

/** What a worker was told to begin with. */
function begun({ sent }: LocalWorker): unknown {
  const message = sent.find((each): each is Extract<ToWorker, { type: 'begin' }> => each.type === 'begin');
  return message && { digest: message.work.digest, diffId: message.work.diffId, output: message.output };
}

/** Makes this thread like that of a page, with no hash of its own. */
function hideNativeHash(): void {
  const { process } = globalThis as { process?: { nextTick: unknown } };
  if (process !== undefined) vi.stubGlobal('process', { nextTick: process.nextTick });
}

interface Shared {
  readonly pool: WorkerPool;
  readonly workers: LocalWorker[];
  readonly create: (init?: LayerStageInit) => Promise<LayerStage>;
}

function share(size: number): Shared {
  const workers: LocalWorker[] = [];
  const pool = createWorkerPool({
    size,
    create: () => {
      const worker = new LocalWorker();
      workers.push(worker);
      return worker;
    },
  });
  return { pool, workers, create: (init) => createLayerStage({ ...init, worker: pool }) };
}

async function writeAll(stage: LayerStage): Promise<void> {
  for (let at = 0; at < BLOB.length; at += 5000) await stage.write(BLOB.subarray(at, at + 5000));
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('a layer stage in workers', () => {
  it('hashes the plain bytes in a second worker', async () => {
    hideNativeHash();
    const { pool, workers, create } = share(2);
    const stage = await create({ diffIdAlgorithm: 'sha512' });
    await writeAll(stage);
    const { digest, diffId, diffSize } = await stage.end();
    expect([String(digest), diffSize]).toEqual([await digestBytes(BLOB), PLAIN.length]);
    expect(String(diffId)).toBe(await digestBytes(PLAIN, 'sha512'));
    expect(workers.map(begun)).toEqual([
      { digest: 'sha256', diffId: undefined, output: true },
      { digest: 'sha512', diffId: undefined, output: false },
    ]);
    // Both have nothing left to do, and serve the next layer.
    const next = await create();
    await writeAll(next);
    expect(String((await next.end()).diffId)).toBe(await digestBytes(PLAIN));
    expect(workers).toHaveLength(2);
    await pool.close();
  });

  it('hashes in the one worker where there is no second', async () => {
    hideNativeHash();
    const { pool, workers, create } = share(1);
    const stage = await create();
    await writeAll(stage);
    expect(String((await stage.end()).diffId)).toBe(await digestBytes(PLAIN));
    expect(workers.map(begun)).toEqual([{ digest: 'sha256', diffId: 'sha256', output: false }]);
    await pool.close();
  });

  it('gives output to the taker before a second worker hashes it', async () => {
    hideNativeHash();
    const { pool, create } = share(2);
    let size = 0;
    const stage = await create({
      async onOutput(bytes) {
        await Promise.resolve();
        size += bytes.length;
      },
    });
    await writeAll(stage);
    expect(String((await stage.end()).diffId)).toBe(await digestBytes(PLAIN));
    expect(size).toBe(PLAIN.length);
    await pool.close();
  });

  it('fails when the second worker dies, or fails by itself, and lets go of both', async () => {
    hideNativeHash();
    const { pool, workers, create } = share(2);
    const stage = await create();
    await writeAll(stage);
    workers[1]?.fail(new Error('crash'));
    await expect(stage.end()).rejects.toMatchObject({ code: 'UNAVAILABLE', cause: { message: 'crash' } });

    const unhashed = create({ diffIdAlgorithm: 'md5' as 'sha256' });
    await expect(unhashed.then((begun) => begun.end())).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    const last = await create();
    await writeAll(last);
    expect(String((await last.end()).diffId)).toBe(await digestBytes(PLAIN));
    expect(workers).toHaveLength(3);
    await pool.close();
  });

  it('lets go of both workers when it is cancelled', async () => {
    hideNativeHash();
    const { pool, workers, create } = share(2);
    const stage = await create({ onOutput: () => new Promise(() => undefined) });
    const writing = writeAll(stage);
    writing.catch(() => undefined);
    stage.cancel(new Error('enough'));
    await expect(stage.end()).rejects.toThrow('enough');
    vi.useFakeTimers();
    try {
      (await create()).cancel();
      await vi.advanceTimersByTimeAsync(10_000);
      expect(workers.map(({ terminated }) => terminated)).toEqual([true, true]);
    } finally {
      vi.useRealTimers();
    }
    await pool.close();
  });
});
