import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApi } from './storage-subject.ts';
import { webSuites } from './web-suites.ts';

describe('the origin private file system in a window', () => {
  webSuites({ describe, it, expect });
});

describe('the origin private file system in a dedicated worker', () => {
  let worker: Worker;

  beforeAll(() => {
    worker = new Worker(new URL('web-worker.ts', import.meta.url), { type: 'module' });
  });

  afterAll(() => {
    worker.terminate();
  });

  /** Runs a test there and fails with what it fails with. */
  const run = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      worker.onerror = ({ message }) => {
        reject(new Error(message));
      };
      worker.onmessage = ({ data }: MessageEvent<{ index: number; failure?: string }>) => {
        expect(data.index).toBe(index);
        if (data.failure === undefined) resolve();
        else reject(new Error(data.failure));
      };
      worker.postMessage(index);
    });

  // The worker has the same tests in the same order.
  let count = 0;
  const api = {
    describe,
    it: (name: string) => {
      const index = count;
      count += 1;
      it(name, () => run(index));
    },
    expect,
  };
  webSuites(api as unknown as TestApi);
});
