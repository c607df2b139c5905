import { describe, expect, it, vi } from 'vitest';
import { createLayerStage } from '../layer-stage/layer-stage.ts';
import { encodeError } from '../workers/worker-error.ts';
import { createWorkerPool } from '../workers/worker-pool.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import { serve } from '../worker-serve.ts';
import type { WorkerPort } from '../workers/worker-protocol.ts';
import { join } from '../test-support/bytes.ts';
import { prose, sameBytes } from '../test-support/gzip-corpus.ts';
import { LocalThread, LocalWorker } from '../test-support/local-worker.ts';
import { createCompressor } from './compressor.ts';
import type { Compressor, CompressorInit } from './compressor-types.ts';
import { SEGMENT_SIZE } from './deflate-engine.ts';

type Send = () => void;

/** A worker whose segments somebody else sends back. */
function workerThat(answers: (send: Send, port: WorkerPort, job: number) => void): LocalWorker {
  return new LocalWorker((port) => {
    serve({
      post: (message, transfer) => {
        const send = (): void => {
          port.post(message, transfer);
        };
        if (message.type === 'deflated') answers(send, port, message.job);
        else send();
      },
      onMessage: (listener) => {
        port.onMessage(listener);
      },
    });
  });
}

/** A worker that keeps what it has compressed until it is let go on, and nothing from then on. */
function heldWorker(): { readonly worker: LocalWorker; readonly letGo: () => void } {
  const kept: Send[] = [];
  let holds = true;
  const worker = workerThat((send) => {
    if (holds) kept.push(send);
    else send();
  });
  return {
    worker,
    letGo: () => {
      holds = false;
      for (const send of kept.splice(0)) send();
    },
  };
}

/** A compressor in these workers, and what it has given out. */
async function compressorIn(
  workerPool: WorkerPool,
  init: Partial<CompressorInit> = {},
): Promise<{ readonly compressor: Compressor; readonly output: Uint8Array[] }> {
  const output: Uint8Array[] = [];
  const onOutput = (bytes: Uint8Array): void => void output.push(bytes.slice());
  return { compressor: await createCompressor({ workers: 2, workerPool, onOutput, ...init }), output };
}

async function compressAll(bytes: Uint8Array, workerPool?: WorkerPool): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const onOutput = (part: Uint8Array): void => void parts.push(part.slice());
  const workers = workerPool === undefined ? 0 : 2;
  const compressor = await createCompressor({ level: 1, workers, workerPool, onOutput });
  await compressor.write(bytes);
  await compressor.end();
  return join(...parts);
}

function poolOf(...workers: (LocalWorker | LocalThread)[]): WorkerPool {
  let next = 0;
  const create = (): LocalWorker | LocalThread => {
    const worker = workers[next];
    next += 1;
    if (worker === undefined) throw new Error('no more workers');
    return worker;
  };
  return createWorkerPool({ create, size: workers.length });
}

/** How many segments a worker was sent, and has sent back. */
function segmentsOf({ sent, received }: LocalWorker): readonly [sent: number, back: number] {
  return [
    sent.filter(({ type }) => type === 'deflate').length,
    received.filter(({ type }) => type === 'deflated').length,
  ];
}

const BYTES = prose(12 * SEGMENT_SIZE + 5);

describe('a compressor in workers', () => {
  it('lets a worker go on while another one is late, up to a limit, and gives out all in order', async () => {
    const [late, quick] = [heldWorker(), new LocalWorker()];
    const { compressor, output } = await compressorIn(poolOf(late.worker, quick), { level: 1 });
    const writing = compressor.write(BYTES);
    await vi.waitFor(() => {
      expect(segmentsOf(quick)).toEqual([6, 6]);
    });
    expect(segmentsOf(late.worker)).toEqual([2, 0]);
    expect(output).toEqual([]);
    late.letGo();
    await writing;
    await compressor.end();
    expect(sameBytes(join(...output), await compressAll(BYTES))).toBe(true);
  });

  it('waits for room while no worker has any', async () => {
    const held = [heldWorker(), heldWorker()];
    const workers = held.map(({ worker }) => worker);
    const { compressor } = await compressorIn(poolOf(...workers), { level: 1 });
    expect(compressor.write(BYTES.subarray(0, 4 * SEGMENT_SIZE))).toBeUndefined();
    const settled = vi.fn();
    const writing = compressor.write(BYTES.subarray(0, 4 * SEGMENT_SIZE));
    void writing?.then(settled);
    await expect(compressor.write(BYTES)).rejects.toMatchObject({
      message: 'the compressor is busy: await each call before the next',
    });
    expect(workers.map((worker) => segmentsOf(worker)[0])).toEqual([2, 2]);
    expect(settled).not.toHaveBeenCalled();
    for (const { letGo } of held) letGo();
    await writing;
    compressor.free();
  });

  it('fails with what a worker says of a segment, and gives all workers back', async () => {
    const failing = workerThat((_send, port, job) => {
      port.post({ type: 'failed', job, error: encodeError(new Error('no memory')) }, []);
    });
    const healthy = new LocalWorker();
    const pool = poolOf(failing, healthy);
    const { compressor } = await compressorIn(pool);
    await expect(compressor.write(BYTES)).rejects.toThrow('no memory');
    await expect(compressor.end()).rejects.toThrow('no memory');
    const stages = [await createLayerStage({ worker: pool }), await createLayerStage({ worker: pool })];
    expect(stages.map(({ place }) => place)).toEqual(['worker', 'worker']);
    for (const stage of stages) stage.cancel();
  });

  it('is done when it is freed amid segments: what comes late disturbs nobody', async () => {
    const held = [heldWorker(), heldWorker()];
    const workers = held.map(({ worker }) => worker);
    const pool = poolOf(...workers);
    const { compressor, output } = await compressorIn(pool, { level: 1 });
    const writing = compressor.write(BYTES);
    compressor.free();
    await expect(writing).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'the compressor was cancelled',
    });
    const next = compressAll(BYTES, pool);
    for (const { letGo } of held) letGo();
    expect(sameBytes(await next, await compressAll(BYTES))).toBe(true);
    expect(output).toEqual([]);
  });

  it('can be freed by whoever takes its output', async () => {
    const { compressor } = await compressorIn(poolOf(new LocalWorker()), {
      onOutput: () => {
        compressor.free();
      },
    });
    await expect(compressor.write(BYTES)).rejects.toMatchObject({ message: 'the compressor was cancelled' });
  });

  it('fails when its pool is closed', async () => {
    const pool = poolOf(heldWorker().worker);
    const { compressor } = await compressorIn(pool);
    const writing = compressor.write(BYTES);
    await pool.close();
    await expect(writing).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('fails when a worker dies before the others have started, and gives those back', async () => {
    const [first, second] = [new LocalWorker(), new LocalWorker()];
    const started = [first, second];
    const create = (): LocalWorker => {
      const worker = started.shift();
      if (worker === second) first.fail(new Error('crash'));
      return worker ?? new LocalWorker();
    };
    const pool = createWorkerPool({ create, size: 2 });
    await expect(compressorIn(pool)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(sameBytes(await compressAll(BYTES, pool), await compressAll(BYTES))).toBe(true);
  });

  it('has different workers, whatever else they do', async () => {
    const pool = poolOf(new LocalWorker(), new LocalWorker());
    const stages = [await createLayerStage({ worker: pool }), await createLayerStage({ worker: pool })];
    stages[0]?.cancel();
    const { compressor } = await compressorIn(pool, { workers: 3 });
    expect(compressor.workers).toBe(2);
    compressor.free();
    stages[1]?.cancel();
  });

  it('keeps a process alive only while there is something to wait for', async () => {
    const thread = new LocalThread();
    const pool = poolOf(thread);
    expect(sameBytes(await compressAll(BYTES, pool), await compressAll(BYTES))).toBe(true);
    expect(thread.refs).toBe(0);
    const { compressor } = await compressorIn(pool);
    const writing = compressor.write(BYTES);
    expect(thread.refs).toBe(1);
    compressor.free();
    expect(thread.refs).toBe(0);
    await expect(writing).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

it('a worker says so when it cannot compress a segment', async () => {
  const worker = new LocalWorker();
  const message = {
    type: 'deflate',
    job: 7,
    dictionary: 0,
    length: 0,
    effort: [1, 32, 0],
    last: true,
  } as const;
  worker.postMessage({ ...message, buffer: new ArrayBuffer(2 * SEGMENT_SIZE) }, []);
  await vi.waitFor(() => {
    expect(worker.received).toMatchObject([{ type: 'failed', job: 7 }]);
  });
  worker.terminate();
});
