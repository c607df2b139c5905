import type { Storage } from '@stowage/types';
import { failure, rejection, withSubject } from './storage-subject.ts';
import type { StorageSetup, TestApi } from './storage-subject.ts';

/** Takes and gives back another lock: time enough for whoever could have gone on to do so. */
async function meanwhile(storage: Storage): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await (await storage.lock('meanwhile'))[Symbol.asyncDispose]();
}

/**
 * What every driver's `Storage.lock` must do.
 *
 * @param api the test runner
 * @param setup makes a fresh storage for each test
 */
export function storageLockSuite({ describe, it, expect }: TestApi, setup: StorageSetup): void {
  const test = (name: string, body: Parameters<typeof withSubject>[1]): void => {
    it(name, withSubject(setup, body));
  };

  describe('Storage.lock', () => {
    test('is held by one at a time, in the order of asking', async ({ storage }) => {
      const order: number[] = [];
      let inside = 0;
      const work = async (turn: number): Promise<void> => {
        await using _lock = await storage.lock('index');
        inside += 1;
        expect(inside).toBe(1);
        order.push(turn);
        await meanwhile(storage);
        inside -= 1;
      };
      await Promise.all([1, 2, 3, 4, 5].map(work));
      expect(order).toEqual([1, 2, 3, 4, 5]);
    });

    test('knows its locks by name', async ({ storage }) => {
      const first = await storage.lock('one');
      const second = await storage.lock('two');
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    });

    test('may be given back twice, and the second time does nothing', async ({ storage }) => {
      const first = await storage.lock('index');
      await first[Symbol.asyncDispose]();
      const second = await storage.lock('index');
      await first[Symbol.asyncDispose]();
      let third = false;
      const waiting = storage.lock('index').then((lock) => {
        third = true;
        return lock;
      });
      await meanwhile(storage);
      expect(third).toBe(false);
      await second[Symbol.asyncDispose]();
      await (await waiting)[Symbol.asyncDispose]();
    });

    test('stops waiting when it is aborted, and others move up', async ({ storage }) => {
      const first = await storage.lock('index');
      const controller = new AbortController();
      const second = rejection(storage.lock('index', { signal: controller.signal }));
      const third = storage.lock('index');
      const reason = new Error('enough');
      controller.abort(reason);
      expect(await second).toBe(reason);
      await first[Symbol.asyncDispose]();
      await (await third)[Symbol.asyncDispose]();
      expect(await rejection(storage.lock('index', { signal: controller.signal }))).toBe(reason);
      await (await storage.lock('index'))[Symbol.asyncDispose]();
    });

    test('is not taken away by an abort that comes after', async ({ storage }) => {
      const controller = new AbortController();
      const first = await storage.lock('index', { signal: controller.signal });
      controller.abort(new Error('too late'));
      let second = false;
      const waiting = storage.lock('index').then((lock) => {
        second = true;
        return lock;
      });
      await meanwhile(storage);
      expect(second).toBe(false);
      await first[Symbol.asyncDispose]();
      await (await waiting)[Symbol.asyncDispose]();
    });

    test('ends with the storage', async (subject) => {
      const lock = await subject.storage.lock('index');
      const waiting = failure('UNAVAILABLE', subject.storage.lock('index'));
      await subject.storage.close();
      await waiting;
      await failure('UNAVAILABLE', subject.storage.lock('index'));
      await lock[Symbol.asyncDispose]();
      if (subject.reopen === undefined) return;
      const storage = await subject.reopen();
      await (await storage.lock('index'))[Symbol.asyncDispose]();
    });

    test('refuses names that are none', async ({ storage }) => {
      const names = [
        '',
        'Index',
        'a b',
        '../x',
        'a/b',
        '-a',
        'a-',
        'a--b',
        'a.b',
        'a\u0000',
        'a\n',
        'x'.repeat(129),
      ];
      for (const name of names) await failure('INVALID_ARGUMENT', storage.lock(name));
      await (await storage.lock('x'.repeat(128)))[Symbol.asyncDispose]();
    });
  });
}
