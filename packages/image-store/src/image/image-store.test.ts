import { digestBytes } from '@stowage/core';
import type { ImageID } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { openImageStore } from './image-store.ts';
import { configOf } from '../test-support/fake-layer-store.ts';
import { bound, A, B, NOBODY, setup, recordOf, setRecord } from '../test-support/image-setup.ts';

describe('create', () => {
  it('stores the bytes as they are and names them by their digest', async () => {
    const { storage, images } = await setup();
    const config = configOf([A], { unknown: { 'kept as it is': 1 } });
    const id = await images.create(config);
    expect(id).toBe(await digestBytes(config));
    const image = await images.get(id);
    expect(image.raw).toEqual(config);
    expect(image.config).toMatchObject({ os: 'linux', unknown: { 'kept as it is': 1 } });
    expect(image).not.toHaveProperty('parent');
    expect(image).not.toHaveProperty('lastUpdated');
    expect(await recordOf(storage, id)).toBe('{}');
    expect(await storage.content.read(id, { maxBytes: 1000 })).toEqual(config);
  });

  it('holds the top layer once, however often the image is created', async () => {
    const { layers, images, chain } = await setup();
    const id = await images.create(configOf([A]));
    await images.setLastUpdated(id, 5);
    expect(await images.create(configOf([A]))).toBe(id);
    await Promise.all([images.create(configOf([A])), images.create(configOf([A])), images.get(id)]);
    expect(layers.holds(chain)).toBe(1);
    expect((await images.get(id)).lastUpdated).toBe(5);
  });

  it('holds layers for each image', async () => {
    const { layers, images, chain } = await setup();
    await images.create(configOf([A]));
    await images.create(configOf([A], { author: 'somebody' }));
    expect(layers.holds(chain)).toBe(2);
  });

  it('takes an image without layers', async () => {
    const { images } = await setup();
    const id = await images.create(configOf([]));
    expect((await images.get(id)).config.rootfs.diff_ids).toEqual([]);
    expect(await images.delete(id)).toEqual([]);
  });

  it('refuses an image whose layers are missing, and keeps its bytes', async () => {
    const { storage, layers, images } = await setup();
    const config = configOf([A, B]);
    const id = (await digestBytes(config)) as ImageID;
    const chain = layers.add(A, B);
    layers.lose(chain);
    await expect(images.create(config)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `failed to get layer ${chain}: layer does not exist`,
    });
    await expect(images.get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await recordOf(storage, id)).toBeUndefined();
    expect((await storage.content.info(id)).size).toBe(config.byteLength);
    layers.add(A, B);
    expect(await images.create(config)).toBe(id);
  });

  it.each([
    ['no JSON', new TextEncoder().encode('nonsense'), 'image configuration is not JSON'],
    ['no rootfs', new TextEncoder().encode('{"os":"linux"}'), 'invalid image JSON, no RootFS key'],
    [
      'too much history',
      configOf([A], { history: [{}, { empty_layer: true }, {}] }),
      'too many non-empty layers in History section',
    ],
  ])('refuses %s', async (_, config, message) => {
    const { images } = await setup();
    const error = expect(images.create(config)).rejects;
    await error.toMatchObject({
      code: 'INVALID_MANIFEST',
      message: expect.stringContaining(message) as string,
    });
    expect(await images.heads()).toEqual([]);
  });

  it('refuses a configuration beyond reason', async () => {
    const { images } = await setup();
    const config = configOf([A], { padding: 'x'.repeat(8 * 1024 * 1024) });
    await expect(images.create(config)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('goes on from bytes that a crash left behind', async () => {
    const { storage, images } = await setup();
    const config = configOf([A]);
    const ingest = await storage.content.ingest(`image-${await digestBytes(config)}`);
    await ingest.write(new Uint8Array([1, 2, 3]));
    await ingest.close();
    const id = await images.create(config);
    expect((await images.get(id)).raw).toEqual(config);
  });

  it('repairs a record that is damaged', async () => {
    const { storage, images } = await setup();
    const id = await images.create(configOf([A]));
    await setRecord(storage, id, 'nonsense');
    await expect(images.get(id)).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await images.create(configOf([A]));
    expect((await images.get(id)).id).toBe(id);
  });

  it('notes when, with the record and in one write', async () => {
    const { storage, images } = await setup();
    const parent = await images.create(configOf([]));
    const id = await images.create(configOf([A]), { lastUpdated: 5 });
    expect(await recordOf(storage, id)).toBe('{"lastUpdated":5}');
    await images.setParent(id, parent);
    expect(await images.create(configOf([A]), { lastUpdated: 6 })).toBe(id);
    expect(await images.create(configOf([A]))).toBe(id);
    expect(await recordOf(storage, id)).toBe(`{"parent":"${parent}","lastUpdated":6}`);
    await expect(images.create(configOf([A]), { lastUpdated: NaN })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'NaN is no time',
    });
  });

  it('leaves nothing behind when it is aborted', async () => {
    const { layers, images, chain } = await setup();
    const reason = new Error('no longer wanted');
    await expect(images.create(configOf([A]), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(layers.holds(chain)).toBe(0);
    expect(await images.heads()).toEqual([]);
  });
});

describe('get', () => {
  it('knows nothing of other images', async () => {
    const { images } = await setup();
    await expect(images.get(NOBODY)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `unrecognized image ID ${NOBODY}`,
    });
  });

  it('row 1: makes no path of a string that is no digest', async () => {
    const { images } = await setup();
    await expect(images.get('sha256:../../x' as ImageID)).rejects.toMatchObject({ code: 'INVALID_DIGEST' });
    await expect(images.delete('sha256:../../x' as ImageID)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('reports bytes that are no longer what they were', async () => {
    const { storage, layers } = await setup();
    const config = configOf([A]);
    const id = await (await openImageStore({ storage, layers })).create(config);
    const changed = config.slice();
    changed[0] = 0x20;
    const content = { ...bound(storage.content), read: () => Promise.resolve(changed) };
    const images = await openImageStore({ storage: { ...storage, content }, layers });
    await expect(images.get(id)).rejects.toMatchObject({ code: 'DATA_LOSS' });
    expect(await images.map()).toEqual(new Map());
  });

  it('answers NOT_FOUND where the configuration is gone', async () => {
    const { storage, images } = await setup();
    const id = await images.create(configOf([A]));
    await storage.content.delete(id);
    await expect(images.get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('search', () => {
  it('finds an image by a prefix of its ID', async () => {
    const { images } = await setup();
    const id = await images.create(configOf([A]));
    const hex = id.slice('sha256:'.length);
    for (const term of [id, hex, hex.slice(0, 12), hex.slice(0, 1), `sha256:${hex.slice(0, 3)}`]) {
      expect(await images.search(term)).toBe(id);
    }
  });

  it('refuses what fits nothing', async () => {
    const { images } = await setup();
    const hex = (await images.create(configOf([A]))).slice('sha256:'.length);
    for (const term of [
      '',
      'sha256:',
      `sha512:${hex}`,
      'x',
      `${hex}0`,
      hex.toUpperCase().replace(/^\d*/, 'F'),
    ]) {
      await expect(images.search(term)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: `No such image: ${term}`,
      });
    }
  });

  it('refuses what fits several', async () => {
    const { images } = await setup();
    const seen = new Set<string>();
    for (let number = 0; ; number += 1) {
      const first = (await images.create(configOf([A], { author: String(number) }))).charAt('sha256:'.length);
      if (!seen.has(first)) {
        seen.add(first);
        continue;
      }
      await expect(images.search(first)).rejects.toMatchObject({
        code: 'AMBIGUOUS',
        message: 'ambiguous digest string',
      });
      return;
    }
  });
});
