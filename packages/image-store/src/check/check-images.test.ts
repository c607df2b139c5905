import { createMemoryStorage } from '@stowage/storage';
import { asDigest, digestKey, MEDIA_TYPES, parseNormalizedNamed } from '@stowage/types';
import type { ChainID, CheckedItem, Digest, ImageID, ImageStore, Storage } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkImages } from './check-images.ts';
import { openImageStore } from '../image/image-store.ts';
import { openReferenceStore } from '../reference/reference-store.ts';
import { configOf, createFakeLayerStore, diffIdOf } from '../test-support/fake-layer-store.ts';
import type { FakeLayerStore } from '../test-support/fake-layer-store.ts';

const A = diffIdOf('a');
const NAME = parseNormalizedNamed('busybox');

let storage: Storage;
let layers: FakeLayerStore;
let imageStore: ImageStore;
let present: Set<ChainID>;
let id: ImageID;

beforeEach(async () => {
  storage = createMemoryStorage();
  layers = createFakeLayerStore();
  const chain = layers.add(A);
  present = new Set([chain]);
  imageStore = await openImageStore({ storage, layers });
  id = await imageStore.create(configOf([A]));
  await (await openReferenceStore({ storage })).addTag(NAME, id);
});

async function check(): Promise<CheckedItem[]> {
  const items: CheckedItem[] = [];
  for await (const item of checkImages({ storage, imageStore, layers: present })) items.push(item);
  return items;
}

async function faults(): Promise<(string | undefined)[]> {
  return (await check()).map(({ fault }) => fault);
}

async function putBlob(bytes: Uint8Array): Promise<Digest> {
  const ingest = await storage.content.ingest('blob');
  await ingest.write(bytes);
  return (await ingest.commit()).digest;
}

async function setIndex(document: unknown): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  await storage.metadata.set('layout', 'index.json', bytes);
}

describe('checkImages', () => {
  it('finds nothing wrong with what is sound', async () => {
    expect(await check()).toEqual([
      { kind: 'image', subject: id },
      { kind: 'reference', subject: 'docker.io/library/busybox:latest' },
    ]);
    await imageStore.create(configOf([]));
    expect(await faults()).toEqual([undefined, undefined, undefined]);
  });

  it('tells of a layer that is missing, and of the names of the image', async () => {
    const [chain = ''] = present;
    present.clear();
    expect(await faults()).toEqual([
      `its layer ${chain} is damaged, or not in the store`,
      `its image ${id} is damaged, or not in the store`,
    ]);
  });

  it('tells of a configuration that is gone, and of a damaged record', async () => {
    await storage.content.delete(id);
    expect((await faults())[0]).toMatch(id);
    await storage.metadata.set('images', digestKey(id, '.json'), new Uint8Array([1]));
    expect((await faults())[0]).toMatch('is damaged');
  });

  it('looks for the blobs of layers that are pending', async () => {
    const blob = new TextEncoder().encode('a blob');
    const digest = await putBlob(blob);
    const descriptor = { mediaType: MEDIA_TYPES.ociLayer, digest, size: blob.length };
    const missing = { ...descriptor, digest: diffIdOf('2') };
    const config = configOf([diffIdOf('3'), diffIdOf('4')]);
    await imageStore.create(config, { pending: [descriptor, descriptor] });
    expect((await faults()).filter((fault) => fault !== undefined)).toEqual([]);
    await imageStore.create(config, { pending: [descriptor, missing] });
    expect(await faults()).toContain(`${missing.digest} is not in the store`);
    await imageStore.create(config, { pending: [{ ...descriptor, size: 5 }, descriptor] });
    expect(await faults()).toContain(`${digest} has 6 bytes, and should have 5`);
  });

  it('drops images and then their names', async () => {
    present.clear();
    for (const { drop } of await check()) await drop?.();
    expect(await check()).toEqual([]);
  });

  it('tells of a name whose target is missing or has another size', async () => {
    const references = await openReferenceStore({ storage });
    const digest = asDigest(`sha256:${'3'.repeat(64)}`);
    const target = { mediaType: MEDIA_TYPES.ociManifest, digest, size: 5 };
    await references.addTag(NAME, id, true, { target });
    expect((await faults())[1]).toBe(`${digest} is not in the store`);
    await references.addTag(NAME, id, true, { target: { ...target, digest: id } });
    expect((await faults())[1]).toMatch(/ bytes, and should have 5$/);
    for (const { drop } of await check()) await drop?.();
    expect(await references.all()).toEqual([]);
  });

  it('looks at what other tools wrote, and does not touch it', async () => {
    const digest = asDigest(`sha256:${'3'.repeat(64)}`);
    const foreign = { mediaType: MEDIA_TYPES.ociManifest, digest, size: 5 };
    await setIndex({
      schemaVersion: 2,
      manifests: [foreign, { ...foreign, digest: id, size: configOf([A]).length }],
    });
    expect((await check()).slice(1)).toEqual([
      { kind: 'index', subject: digest, fault: `${digest} is not in the store` },
      { kind: 'index', subject: id },
    ]);
  });

  it('tells of an index that cannot be read, and leaves it', async () => {
    await setIndex(['no index']);
    const [, index] = await check();
    expect(index).toMatchObject({ kind: 'index', subject: 'index.json' });
    expect(index?.fault).toMatch('index.json is damaged');
    expect(index?.drop).toBeUndefined();
  });

  it("ends with errors that are nobody's fault", async () => {
    const broken = Object.assign(Object.create(imageStore) as ImageStore, {
      get: () => Promise.reject(new TypeError('a mistake')),
    });
    await expect(checkImages({ storage, imageStore: broken, layers: present }).next()).rejects.toThrow(
      'a mistake',
    );
  });
});
