import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistryServer, toFetch } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { openStowage } from 'stowage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStorageOn } from '../../packages/storage/src/file-storage.ts';
import { countSyncs } from '../support/counting-file-system.ts';
import { buildImage, pushImage } from '../support/image-builder.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stowage-syncs-'));
});

afterEach(() => rm(root, { recursive: true }));

describe('what a pull makes durable', () => {
  it('is the content and the record of each layer, and no lease', async () => {
    const fetch = toFetch(createRegistryServer({ storage: createMemoryStorage() }));
    for (const count of [1, 2, 7]) {
      const layers = Array.from({ length: count }, (_, index) => [{ name: `${count}-${index}` }]);
      await pushImage(fetch, 'http://localhost', 'app', `v${count}`, buildImage(layers));
    }
    const { fs, counts } = countSyncs();
    const storage = await openStorageOn(fs, root);
    await using stowage = await openStowage({ storage, fetch });
    const pull = async (tag: string): Promise<{ files: number; directories: number }> => {
      const { files, directories } = counts;
      await stowage.pull(`localhost/app:${tag}`, { platform: 'linux/amd64' });
      return { files: counts.files - files, directories: counts.directories - directories };
    };
    // The first pull makes directories, and these once and for all.
    await pull('v1');
    const two = await pull('v2');
    const seven = await pull('v7');
    // The manifest and its label, the configuration, the image and the index of names come to five.
    expect([two.files, seven.files]).toEqual([2 * 2 + 5, 2 * 7 + 5]);
    // Each with its directory; of what comes in at the same time one sync may serve several.
    expect(two.directories).toBeLessThanOrEqual(2 * 2 + 5);
    expect(seven.directories).toBeLessThanOrEqual(2 * 7 + 5);
    expect(counts.log.filter((path) => /leases|diffid/.test(path) && !path.endsWith('/'))).toEqual([]);
    // Nothing new, but the time.
    expect(await pull('v7')).toEqual({ files: 1, directories: 1 });
    await storage.close();
  });
});
