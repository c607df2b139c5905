import { createRegistryServer, toFetch } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import type { Clock, Fetch } from '@stowage/types';
import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { describe, expect, it } from 'vitest';
import { openStorageOn } from '../../packages/storage/src/file-storage.ts';
import { MortalFileSystem, survivors } from '../../packages/storage/src/test-support/mortal-file-system.ts';
import { buildImage, pushImage } from '../support/image-builder.ts';
import { seededBytes, seededRandom } from '../support/random.ts';

const base = [{ name: 'base', content: seededBytes(2_000, 1) }];
const images = {
  v1: buildImage([base, [{ name: 'top', content: seededBytes(3_000, 2) }]]),
  v2: buildImage([base, [{ name: 'top', content: seededBytes(1_000, 3) }]]),
};
const PLATFORM = { platform: 'linux/amd64' };
const DAY = 24 * 60 * 60 * 1000;

/** One in so many of all states that the disk may be found in: they are too many to look at each. */
const SAMPLE = 300;

async function registry(): Promise<Fetch> {
  const fetch = toFetch(createRegistryServer({ storage: createMemoryStorage() }));
  for (const [tag, image] of Object.entries(images)) {
    await pushImage(fetch, 'http://localhost', 'app', tag, image);
  }
  return fetch;
}

async function openOn(fs: MortalFileSystem, fetch: Fetch, now: number): Promise<Stowage> {
  const clock: Clock = { now: () => now, sleep: () => Promise.reject(new Error('nobody else is here')) };
  return openStowage({ storage: await openStorageOn(fs, '/store', { clock }), fetch, clock });
}

/** What a store goes through; the names that must be there are noted when they are. */
async function live(stowage: Stowage, names: Set<string>): Promise<void> {
  await stowage.pull('localhost/app:v1', PLATFORM);
  names.add('localhost/app:v1');
  await stowage.tag('localhost/app:v1', 'kept:latest');
  names.add('kept:latest');
  await stowage.pull('localhost/app:v2', PLATFORM);
  names.add('localhost/app:v2');
  names.delete('localhost/app:v1');
  await stowage.remove('localhost/app:v1');
  names.delete('kept:latest');
  await stowage.remove('kept:latest');
  await stowage.gc();
}

describe('a store whose machine loses power', { timeout: 120_000 }, () => {
  it('has everything that was done, nothing by halves, and goes on', async () => {
    const fetch = await registry();
    const fs = new MortalFileSystem();
    const random = seededRandom(1);
    const names = new Set<string>();
    const disks = new Map<string, { readonly disk: MortalFileSystem; readonly names: readonly string[] }>();
    const stowage = await openOn(fs, fetch, 0);
    let changes = 0;
    fs.onChange = () => {
      changes += 1;
      for (const survives of survivors(fs.pending, changes)) {
        if (random() * SAMPLE >= 1) continue;
        const disk = fs.losePower(survives);
        disks.set(`${[...names].join()} ${disk.fingerprint()}`, { disk, names: [...names] });
      }
    };
    await live(stowage, names);
    await stowage.close();
    expect(disks.size).toBeGreaterThan(100);
    for (const { disk, names: expected } of disks.values()) {
      // Leases of who died then are over, and so are their locks.
      const again = await openOn(disk, fetch, 2 * DAY);
      expect((await again.check()).problems).toEqual([]);
      for (const name of expected) await again.inspect(name);
      await again.gc();
      for (const name of expected) await again.inspect(name);
      await live(again, new Set());
      expect((await again.check()).problems).toEqual([]);
      await again.close();
    }
  });
});
