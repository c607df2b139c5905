import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { digestBytes } from '../digest/digest-bytes.ts';
import { createLayerStage } from './layer-stage.ts';
import { LocalWorker } from '../test-support/local-worker.ts';
import { createWorkerPool } from '../workers/worker-pool.ts';
import { workerBackend } from '../workers/worker-backend.ts';
import { processorCount, startWorker } from '../workers/worker-start.ts';
import { serveWorker } from '../worker.ts';
import { PROTOCOL } from '../workers/worker-protocol.ts';
import type { FromWorker, ToWorker } from '../workers/worker-protocol.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

const nextTick = process.nextTick.bind(process);

/** A process that has one builtin module at most. */
function stubModule(name = '', module?: unknown): void {
  vi.stubGlobal('process', {
    nextTick,
    getBuiltinModule: (asked: string) => (asked === name ? module : undefined),
  });
}

describe('serveWorker', () => {
  it('speaks through the parent port of a thread', () => {
    const posted: FromWorker[] = [];
    let listener: ((message: ToWorker) => void) | undefined;
    stubModule('node:worker_threads', {
      parentPort: {
        postMessage: (message: FromWorker) => posted.push(message),
        on: (_event: string, added: (message: ToWorker) => void) => (listener = added),
      },
    });
    serveWorker();
    listener?.({ type: 'hello' });
    listener?.({ type: 'input', job: 7, buffer: new ArrayBuffer(1), length: 1 });
    expect(posted).toMatchObject([{ type: 'ready' }, { type: 'taken', job: 7 }]);
  });

  it('speaks through the global scope of a worker of a page', () => {
    const posted: FromWorker[] = [];
    let listener: ((event: { data: ToWorker }) => void) | undefined;
    stubModule('node:worker_threads', { parentPort: null });
    vi.stubGlobal('WorkerGlobalScope', () => undefined);
    vi.stubGlobal('postMessage', (message: FromWorker) => posted.push(message));
    vi.stubGlobal('addEventListener', (_type: string, added: typeof listener) => (listener = added));
    serveWorker();
    listener?.({ data: { type: 'hello' } });
    listener?.({ data: { type: 'input', job: 7, buffer: new ArrayBuffer(1), length: 1 } });
    expect(posted).toMatchObject([{ type: 'ready' }, { type: 'taken', job: 7 }]);
  });

  it('refuses to serve outside a worker', () => {
    stubModule();
    expect(serveWorker).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  });
});

describe('the way to make workers', () => {
  it('is node:worker_threads where it is there', () => {
    expect(workerBackend()).toBe('threads');
  });

  it('is Worker in a page, from one blob: address', async () => {
    const made: string[] = [];
    stubModule();
    vi.stubGlobal('Worker', function (url: string) {
      made.push(url);
    });
    expect(workerBackend()).toBe('web');
    await startWorker();
    await startWorker();
    expect(made[0]).toMatch(/^blob:/);
    expect(made[1]).toBe(made[0]);
  });

  it('is none where there is neither', async () => {
    stubModule();
    vi.stubGlobal('Worker', undefined);
    expect(workerBackend()).toBe('none');
    await expect(startWorker()).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('counts processors by Node, by the navigator, and else takes one', () => {
    stubModule('node:os', { availableParallelism: () => 7 });
    expect(processorCount()).toBe(7);
    stubModule();
    vi.stubGlobal('navigator', { hardwareConcurrency: 3 });
    expect(processorCount()).toBe(3);
    vi.stubGlobal('navigator', undefined);
    expect(processorCount()).toBe(1);
  });
});

describe('a stage in a worker', () => {
  it('hashes by node:crypto, in this thread where the worker has but one layer', async () => {
    const workers: LocalWorker[] = [];
    const create = (): LocalWorker => {
      const worker = new LocalWorker();
      workers.push(worker);
      return worker;
    };
    const pool = createWorkerPool({ create, size: 1 });
    const expected = await digestBytes(new Uint8Array(1000));
    const [alone, second] = [
      await createLayerStage({ worker: pool }),
      await createLayerStage({ worker: pool }),
    ];
    for (const stage of [alone, second]) {
      await stage.write(new Uint8Array(1000));
      expect(await stage.end()).toMatchObject({ digest: expected, diffId: expected });
    }
    const begun = workers[0]?.sent.filter(({ type }) => type === 'begin');
    expect(begun).toMatchObject([
      { work: { digest: undefined, diffId: undefined }, output: true },
      { work: { digest: undefined, diffId: 'sha256' }, output: false },
    ]);
    await pool.close();
  });
});

describe('a thread that dies', () => {
  const ready = `const { parentPort } = require('node:worker_threads');
    parentPort.once('message', () => {
      parentPort.postMessage({ type: 'ready', protocol: ${PROTOCOL} });
      parentPort.on('message', die);
    });`;

  it.each([
    ['by an exception', `function die() { throw new RangeError('crash'); }`, 'crash'],
    ['by itself', `function die() { process.exit(3); }`, 'the worker exited with code 3'],
  ])('%s fails the stage that has it', async (_name, program, message) => {
    const pool = createWorkerPool({
      create: () => new Worker(`${ready} ${program}`, { eval: true }),
      size: 1,
    });
    await expect(createLayerStage({ worker: pool })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      cause: expect.objectContaining({ message }) as Error,
    });
  });

  it.each([
    ['an exception', `throw new Error('no')`],
    ['nothing', ``],
  ])('before it is ready, by %s, is done without', async (_name, program) => {
    const pool = createWorkerPool({ create: () => new Worker(program, { eval: true }) });
    const stage = await createLayerStage({ worker: pool });
    expect(stage.place).toBe('thread');
    stage.cancel();
  });
});
