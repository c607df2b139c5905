import { afterEach, describe, expect, it, vi } from 'vitest';
import { processorCount, startWorker, workerBackend } from './worker-start.ts';
import { serveWorker } from './worker.ts';
import type { FromWorker, ToWorker } from './worker-protocol.ts';

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
