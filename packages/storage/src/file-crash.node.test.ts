import { join, resolve } from 'node:path';
import type { Clock } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { openStorageOn } from './file-storage.ts';
import type { FileSystem } from './file-system.ts';
import { finish, inspect, scenario } from './test-support/crash-scenario.ts';
import { MortalFileSystem, survivors } from './test-support/mortal-file-system.ts';

const ROOT = resolve('/store');

/** Bytes of an ingest that no listing shows would never be thrown away. */
async function expectNoHiddenBytes(fs: FileSystem): Promise<void> {
  for (const { name } of await fs.list(join(ROOT, 'ingest'))) {
    const names = (await fs.list(join(ROOT, 'ingest', name))).map((entry) => entry.name);
    if (names.includes('data')) expect(names).toContain('ref');
  }
}

/** A clock that stands still, and nobody to wait for. */
function clockAt(now: number): Clock {
  return { now: () => now, sleep: () => Promise.reject(new Error('nobody else is here')) };
}

const BEFORE = clockAt(1_000_000);
/** This process lives on and so do its locks, unlike those of one that died; the lease ends them. */
const AFTER = clockAt(1_060_000);

describe('a file storage that dies', { timeout: 120_000 }, () => {
  it('is whole after any operation, the process lost', async () => {
    let deaths = 0;
    for (let operation = 1; ; operation += 1) {
      const fs = new MortalFileSystem();
      const done: string[] = [];
      const storage = await openStorageOn(fs, ROOT, { clock: BEFORE });
      fs.dieAt(operation);
      const died = await scenario(storage, done).then(
        () => false,
        () => true,
      );
      await storage.close().catch(() => undefined);
      if (!died) break;
      deaths += 1;
      fs.revive();
      const again = await openStorageOn(fs, ROOT, { clock: AFTER });
      await inspect(again, done);
      await expectNoHiddenBytes(fs);
      await finish(again);
      await again.close();
    }
    expect(deaths).toBeGreaterThan(100);
  });

  it('is whole after any change, the power lost, whatever of the unsynced came to the disk', async () => {
    const fs = new MortalFileSystem();
    const done: string[] = [];
    const disks = new Map<string, { readonly disk: MortalFileSystem; readonly done: readonly string[] }>();
    const storage = await openStorageOn(fs, ROOT, { clock: BEFORE });
    let changes = 0;
    fs.onChange = () => {
      changes += 1;
      for (const survives of survivors(fs.pending, changes)) {
        const disk = fs.losePower(survives);
        disks.set(`${done.join()} ${disk.fingerprint()}`, { disk, done: [...done] });
      }
    };
    await scenario(storage, done);
    await storage.close();
    for (const { disk, done: before } of disks.values()) {
      const again = await openStorageOn(disk, ROOT, { clock: AFTER });
      await inspect(again, before);
      await finish(again);
      await again.close();
    }
    expect(disks.size).toBeGreaterThan(changes);
  });

  it('is opened again whenever it died while it was made', async () => {
    for (let operation = 1; ; operation += 1) {
      const fs = new MortalFileSystem();
      fs.dieAt(operation);
      const died = await openStorageOn(fs, ROOT).then(
        () => false,
        () => true,
      );
      fs.revive();
      const disks = [...survivors(fs.pending, operation)].map((survives) => fs.losePower(survives));
      for (const disk of [fs, ...disks]) {
        const storage = await openStorageOn(disk, ROOT);
        const index = new TextDecoder().decode(await storage.metadata.get('layout', 'index.json'));
        expect(JSON.parse(index)).toMatchObject({ schemaVersion: 2, manifests: [] });
      }
      if (!died) break;
    }
  });
});
