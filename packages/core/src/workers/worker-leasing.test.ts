import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLayerStage } from '../layer-stage/layer-stage.ts';
import type { LayerStage } from '../layer-stage/layer-stage.ts';
import { LocalThread, LocalWorker } from '../test-support/local-worker.ts';
import { LeasingPool } from './worker-leasing.ts';
import { createWorkerPool } from './worker-pool.ts';
import type { WorkerPool } from './worker-pool.ts';
import type { WorkerLike } from './worker-handle.ts';

const BYTES = new TextEncoder().encode('a layer that is not compressed');

/** A pool that tells the workers it has made. */
function observed<T extends WorkerLike = LocalWorker>(
  size: number,
  create: () => T = () => new LocalWorker() as WorkerLike as T,
): { readonly pool: WorkerPool; readonly workers: T[] } {
  const workers: T[] = [];
  const pool = createWorkerPool({
    size,
    create: () => {
      const worker = create();
      workers.push(worker);
      return worker;
    },
  });
  return { pool, workers };
}

async function finish(stage: LayerStage): Promise<number> {
  await stage.write(BYTES);
  return (await stage.end()).size;
}

afterEach(() => {
  vi.useRealTimers();
});

describe('createWorkerPool', () => {
  it('starts a worker when all others have work, up to its size, and uses them again', async () => {
    const { pool, workers } = observed(2);
    const create = (): Promise<LayerStage> => createLayerStage({ worker: pool });
    const first = await Promise.all([create(), create(), create()]);
    expect(workers).toHaveLength(2);
    expect(await Promise.all(first.map(finish))).toEqual([BYTES.length, BYTES.length, BYTES.length]);
    expect(await finish(await create())).toBe(BYTES.length);
    expect(workers).toHaveLength(2);
    await pool.close();
    expect(workers.map(({ terminated }) => terminated)).toEqual([true, true]);
  });

  it('passes buffers round: none is made for a chunk', async () => {
    const { pool, workers } = observed(1);
    const stage = await createLayerStage({ worker: pool, onOutput: () => undefined });
    for (let count = 0; count < 400; count += 1) await stage.write(new Uint8Array(64 * 1024));
    await stage.end();
    const inputs = workers[0]?.sent.filter(({ type }) => type === 'input') ?? [];
    expect(inputs.length).toBeGreaterThanOrEqual(100);
    const made = await createdBuffers(async () => {
      const another = await createLayerStage({ worker: pool, onOutput: () => undefined });
      for (let count = 0; count < 400; count += 1) await another.write(new Uint8Array(1024));
      await another.end();
    });
    expect(made).toBe(0);
    await pool.close();
  });

  it('fails what runs in a worker that dies, and replaces it', async () => {
    const { pool, workers } = observed(1);
    const stage = await createLayerStage({ worker: pool });
    const ending = stage.end();
    const cause = new RangeError('out of memory');
    workers[0]?.fail(cause);
    await expect(ending).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the worker died',
      retryable: true,
      cause,
    });
    await expect((async () => stage.write(BYTES))()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await finish(await createLayerStage({ worker: pool }))).toBe(BYTES.length);
    expect(workers).toHaveLength(2);
    await pool.close();
  });

  it('fails what runs when it is closed, and starts anew afterwards', async () => {
    const { pool, workers } = observed(1);
    const stage = await createLayerStage({ worker: pool });
    const ending = stage.end();
    await pool.close();
    await expect(ending).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'the workers were closed' });
    expect(await finish(await createLayerStage({ worker: pool }))).toBe(BYTES.length);
    expect(workers.map(({ terminated }) => terminated)).toEqual([true, false]);
    await pool.close();
  });

  it('fails those that wait for a worker that has not started when it is closed', async () => {
    const { pool, workers } = observed(1, () => new LocalWorker(() => undefined));
    const waiting = createLayerStage({ worker: pool });
    waiting.catch(() => undefined);
    await vi.waitUntil(() => workers.length === 1);
    await Promise.resolve();
    await pool.close();
    await expect(waiting).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(workers[0]?.terminated).toBe(true);
  });

  it('ends a worker that is made only after it was closed', async () => {
    const worker = new LocalWorker();
    let made: (worker: LocalWorker) => void = () => undefined;
    const pool = new LeasingPool({ create: () => new Promise<LocalWorker>((resolve) => (made = resolve)) });
    const waiting = pool.lease();
    waiting.catch(() => undefined);
    await pool.close();
    made(worker);
    await expect(waiting).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(worker.terminated).toBe(true);
  });

  it('lets the thread do the work where workers do not start, and does not ask again', async () => {
    const { pool, workers } = observed(1, () => new LocalWorker(() => undefined));
    const waiting = createLayerStage({ worker: pool });
    await vi.waitUntil(() => workers.length === 1);
    await Promise.resolve();
    workers[0]?.fail(undefined);
    expect((await waiting).place).toBe('thread');
    expect((await createLayerStage({ worker: pool })).place).toBe('thread');
    expect(workers).toHaveLength(1);
  });

  it('takes no worker with the program of another version', async () => {
    const { pool } = observed(
      1,
      () =>
        new LocalWorker((port) => {
          port.onMessage(() => {
            port.post({ type: 'ready', protocol: 0 }, []);
          });
        }),
    );
    expect((await createLayerStage({ worker: pool })).place).toBe('thread');
  });

  it('ends workers that have had nothing to do for ten seconds', async () => {
    const { pool, workers } = observed(1);
    const stage = await createLayerStage({ worker: pool });
    vi.useFakeTimers();
    stage.cancel();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(workers[0]?.terminated).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(workers[0]?.terminated).toBe(true);
    vi.useRealTimers();
    await finish(await createLayerStage({ worker: pool }));
    expect(workers).toHaveLength(2);
    await pool.close();
  });

  it('keeps a worker that is asked for again in time', async () => {
    const { pool, workers } = observed(1);
    (await createLayerStage({ worker: pool })).cancel();
    const stage = await createLayerStage({ worker: pool });
    vi.useFakeTimers();
    await vi.advanceTimersByTimeAsync(60_000);
    vi.useRealTimers();
    expect(await finish(stage)).toBe(BYTES.length);
    expect(workers).toHaveLength(1);
    await pool.close();
  });

  it('keeps a process alive only while a call waits', async () => {
    const { pool, workers } = observed(1, () => new LocalThread());
    const stage = await createLayerStage({ worker: pool });
    const [thread] = workers;
    expect(thread?.refs).toBe(0);
    await stage.write(BYTES);
    expect(thread?.refs).toBe(0);
    const ending = stage.end();
    expect(thread?.refs).toBe(1);
    await ending;
    expect(thread?.refs).toBe(0);
    const another = await createLayerStage({ worker: pool });
    void another.end().catch(() => undefined);
    another.cancel();
    expect(thread?.refs).toBe(0);
    await pool.close();
    expect(thread?.worker.terminated).toBe(true);
  });

  it.each(['error', 'exit', 'messageerror'])('takes "%s" of a thread for its death', async (event) => {
    const { pool, workers } = observed(1, () => new LocalThread());
    const stage = await createLayerStage({ worker: pool });
    const ending = stage.end();
    workers[0]?.emit(event, 3);
    await expect(ending).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('gives up a worker that cannot be posted to, and one that does not even end', async () => {
    const { pool, workers } = observed(1);
    const stage = await createLayerStage({ worker: pool });
    const [worker] = workers;
    if (worker === undefined) throw new Error('there is no worker');
    const cause = new DOMException('not to be cloned', 'DataCloneError');
    worker.postMessage = () => {
      throw cause;
    };
    worker.terminate = () => {
      throw new Error('no');
    };
    await expect((async () => stage.write(BYTES))()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the worker takes no messages',
      cause,
    });
    await expect(stage.end()).rejects.toMatchObject({ code: 'UNAVAILABLE', cause });
  });

  it('deals with what still comes from a stage that was cancelled', async () => {
    const { pool, workers } = observed(1);
    let taken: () => void = () => undefined;
    const taking = new Promise<void>((resolve) => (taken = resolve));
    const stage = await createLayerStage({ worker: pool, onOutput: () => taking });
    const writing = (async () => {
      for (;;) await stage.write(new Uint8Array(256 * 1024));
    })();
    await expect.poll(() => count(workers[0]?.received, 'output')).toBeGreaterThan(0);
    stage.cancel(new Error('enough'));
    await expect(writing).rejects.toThrow('enough');
    // What was under way comes back, and the worker is fit for the next layer.
    expect(await finish(await createLayerStage({ worker: pool }))).toBe(BYTES.length);
    const [worker] = workers;
    expect(count(worker?.sent, 'release')).toBe(count(worker?.received, 'output') - 1);
    taken();
    await expect.poll(() => count(worker?.sent, 'release')).toBe(count(worker?.received, 'output'));
    expect(count(worker?.received, 'taken')).toBe(count(worker?.sent, 'input'));
    await pool.close();
  });
});

function count(messages: readonly { readonly type: string }[] | undefined, wanted: string): number {
  return messages?.filter(({ type }) => type === wanted).length ?? 0;
}

/** How many buffers of the size that goes round are made while something is done. */
async function createdBuffers(work: () => Promise<void>): Promise<number> {
  const { ArrayBuffer: original } = globalThis;
  let made = 0;
  vi.stubGlobal(
    'ArrayBuffer',
    class extends original {
      constructor(length: number) {
        super(length);
        if (length === 256 * 1024) made += 1;
      }
    },
  );
  await work().finally(() => vi.unstubAllGlobals());
  return made;
}
