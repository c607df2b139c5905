import { collect, createTarWriter, streamOf } from '@stowage/core';
import { encodeGoJson, formatReference } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStowage } from './open-stowage.ts';
import type { Stowage } from './stowage.ts';

const NOW = 1_700_000_000_000;

let stowage: Stowage;

beforeEach(async () => {
  stowage = await openStowage({ clock: { now: () => NOW, sleep: () => Promise.resolve() } });
});

afterEach(() => stowage.close());

function archive(): ReadableStream<Uint8Array> {
  const tar = createTarWriter();
  const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } };
  const item = { Config: 'c', RepoTags: ['app:1'], Layers: [] };
  const files = { c: config, 'manifest.json': [item] };
  const parts = Object.entries(files).flatMap(([name, value]) => tar.entry({ name }, encodeGoJson(value)));
  return streamOf(...parts, tar.end());
}

describe('Stowage.load and save', () => {
  it('names images where that is asked for, and notes the time', async () => {
    const { images } = await stowage.load(archive(), { tags: true });
    expect(images[0]?.tagged.map(formatReference)).toEqual(['docker.io/library/app:1']);
    expect(await stowage.images()).toMatchObject([{ id: images[0]?.id, references: ['app:1'] }]);
    expect((await stowage.imageStore.get(images[0]?.id as never)).lastUpdated).toBe(NOW);
  });

  it('keeps an image without a name until the next collection, and leaves no lease', async () => {
    const { images } = await stowage.load(archive(), { platform: 'linux/amd64' });
    expect(images[0]?.tagged).toEqual([]);
    await stowage.tag(images[0]?.id ?? '', 'kept');
    await stowage.gc();
    expect((await stowage.inspect('kept')).id).toBe(images[0]?.id);
    await stowage.remove('kept');
    expect(await stowage.images()).toEqual([]);
    const keys: string[] = [];
    for await (const key of stowage.metadata.keys('leases')) keys.push(key);
    expect(keys).toEqual([]);
  });

  it('saves what it loads', async () => {
    const { images } = await stowage.load(archive(), { tags: true });
    const again = await openStowage();
    const result = await again.load(stowage.save(['app'], { format: 'oci' }));
    expect(result.images).toMatchObject([{ id: images[0]?.id }]);
    await again.close();
  });

  it('ends with the store', async () => {
    await stowage.load(archive(), { tags: true });
    const saving = stowage.save(['app']);
    await stowage.close();
    await expect(collect(saving, { maxBytes: 1 << 20 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(stowage.load(archive())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(() => stowage.save(['app'])).toThrow('the store was closed');
  });
});
