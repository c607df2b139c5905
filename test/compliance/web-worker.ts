// Runs in a dedicated worker: takes the tests of all suites in their order, and runs the ones that it is sent.
import { expect } from 'vitest';
import type { TestApi } from './storage-subject.ts';
import { webSuites } from './web-suites.ts';

const bodies: (() => Promise<void>)[] = [];
const api = {
  describe: (_name: string, body: () => void) => {
    body();
  },
  it: (_name: string, body: () => Promise<void>) => {
    bodies.push(body);
  },
  expect,
};
webSuites(api as unknown as TestApi);

async function run(index: number): Promise<string | undefined> {
  try {
    await bodies[index]?.();
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

addEventListener('message', ({ data }: MessageEvent<number>) => {
  void run(data).then((failure) => {
    postMessage({ index: data, failure });
  });
});
