import type { Clock, Storage } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { openFileSystemStorage } from './file-system-storage.ts';
import { OpfsFileSystem } from './opfs-file-system.ts';
import { finish, HALF, inspect, scenario } from './test-support/crash-scenario.ts';
import { FakeOpfs } from './test-support/fake-opfs.ts';
import { WebLocks } from './web-locks.ts';

const ROOT = '/store';

function open(opfs: FakeOpfs, inPlace: boolean, now: number): Promise<Storage> {
  const { directory, locks } = opfs;
  const clock: Clock = { now: () => now, sleep: () => Promise.reject(new Error('nobody else is here')) };
  const fs = new OpfsFileSystem({ directory, locks, inPlace }, ROOT);
  return openFileSystemStorage({ fs, clock, locks: new WebLocks(locks), root: ROOT });
}

async function died(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => false,
    () => true,
  );
}

/** Bytes of an ingest that no listing shows would never be thrown away. */
function expectNoHiddenBytes(paths: readonly string[]): void {
  const parts = paths.map((path) => path.split('/')).filter(([, , kind]) => kind === 'ingest');
  const named = new Set(parts.filter((path) => path[4] === 'ref').map((path) => path[3]));
  for (const path of parts) if (path[4]?.startsWith('data') === true) expect(named).toContain(path[3]);
}

// Many stores are opened: longer than one test should take on a machine with much else to do.
describe('a storage in the origin private file system whose page dies', { timeout: 120_000 }, () => {
  const ways = [
    { name: 'a window, then a window', first: false, second: false },
    { name: 'a window, then a worker', first: false, second: true },
    { name: 'a worker, then a worker', first: true, second: true },
    { name: 'a worker, then a window', first: true, second: false },
  ];

  it.each(ways)('is whole after any operation: $name', async ({ first, second }) => {
    let deaths = 0;
    for (let operation = 1; ; operation += 1) {
      const opfs = new FakeOpfs();
      const done: string[] = [];
      const storage = await open(opfs, first, 1_000_000);
      opfs.dieAt(operation);
      if (!(await died(scenario(storage, done)))) break;
      await storage.close().catch(() => undefined);
      deaths += 1;
      opfs.revive();
      const again = await open(opfs, second, 5_000_000);
      await inspect(again, done);
      expectNoHiddenBytes(opfs.paths());
      await finish(again);
      await again.close();
    }
    expect(deaths).toBeGreaterThan(100);
  });

  it.each(ways)(
    'loses nothing that was kept, whoever dies while going on: $name',
    async ({ first, second }) => {
      for (let operation = 1; ; operation += 1) {
        const opfs = new FakeOpfs();
        const storage = await open(opfs, first, 1_000_000);
        for (let at = 0; at < HALF.byteLength; at += 4) {
          const ingest = await storage.content.ingest('layer');
          expect(ingest.offset).toBe(at);
          await ingest.write(HALF.subarray(at, at + 4));
          await ingest.close();
        }
        await storage.close();
        // The second dies while it goes on with what the first has kept; then the first comes again.
        const other = await open(opfs, second, 1_000_000);
        opfs.dieAt(operation);
        const dead = await died(finish(other));
        await other.close().catch(() => undefined);
        opfs.revive();
        const again = await open(opfs, first, 5_000_000);
        if (dead) await inspect(again, ['keep half']);
        await finish(again);
        await again.close();
        if (!dead) break;
      }
    },
  );

  it('is opened again whenever it died while it was made', async () => {
    for (let operation = 1; ; operation += 1) {
      const opfs = new FakeOpfs();
      opfs.dieAt(operation);
      const dead = await died(open(opfs, false, 1_000_000));
      opfs.revive();
      const storage = await open(opfs, true, 1_000_000);
      const index = new TextDecoder().decode(await storage.metadata.get('layout', 'index.json'));
      expect(JSON.parse(index)).toMatchObject({ schemaVersion: 2, manifests: [] });
      if (!dead) break;
    }
  });
});
