import { closeWorkers, createWorkerPool, streamOf } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { MEDIA_TYPES } from '@stowage/types';
import type { Bytes, Descriptor, DiffID, Storage } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_LAYER_DIFF_ID } from '../content/empty-layer.ts';
import { openLayerStore } from './layer-store.ts';
import { codeOf, diffIdOf, gzip, NOBODY, OTHER, TAR, withContent } from '../test-support/layers.ts';

async function put(storage: Storage, bytes: Bytes, mediaType: string): Promise<Descriptor> {
  const ingest = await storage.content.ingest(`put-${String(bytes.length)}`);
  await ingest.write(bytes);
  const { digest, size } = await ingest.commit();
  return { mediaType, digest, size };
}

let storage: Storage;

beforeEach(() => {
  storage = createMemoryStorage();
});

describe('scan', () => {
  it('learns DiffID and size from pieces of any size', async () => {
    const store = await openLayerStore({ storage });
    const zipped = await gzip(TAR);
    const scan = await store.scan({ mediaType: MEDIA_TYPES.ociLayer, digest: NOBODY, size: zipped.length });
    for (const byte of zipped) await scan.write(Uint8Array.of(byte));
    expect(await scan.end()).toMatchObject({ diffId: await diffIdOf(TAR), diffSize: TAR.length });
    await scan.cancel();
  });

  it('has workers inflate large layers, where there are any', async () => {
    const zipped = await gzip(TAR);
    const scanned = { diffId: await diffIdOf(TAR), diffSize: TAR.length };
    let asked = 0;
    const none = createWorkerPool({
      create: () => {
        asked += 1;
        throw new Error('no workers here');
      },
    });
    for (const [worker, size, workers] of [
      [none, 4 * 1024 * 1024 - 1, 0],
      [false, 4 * 1024 * 1024, 0],
      [none, 4 * 1024 * 1024, 1],
      [true, 4 * 1024 * 1024, 1],
    ] as const) {
      const store = await openLayerStore({ storage, worker });
      const scan = await store.scan({ mediaType: MEDIA_TYPES.ociLayer, digest: NOBODY, size });
      await scan.write(zipped);
      expect(await scan.end()).toMatchObject(scanned);
      expect(asked).toBe(workers);
    }
    await closeWorkers();
  });

  it('can be given up at any time', async () => {
    const store = await openLayerStore({ storage });
    const scan = await store.scan({ mediaType: MEDIA_TYPES.ociLayer, digest: NOBODY, size: 1 });
    await scan.write(TAR);
    await scan.cancel();
    await scan.cancel();
    expect(await codeOf(scan.write(TAR))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(scan.end())).toBe('INVALID_ARGUMENT');
  });

  it('refuses a type that is no layer, a broken tar and an abort', async () => {
    const store = await openLayerStore({ storage });
    await expect(store.scan({ mediaType: 'text/plain', digest: NOBODY, size: 1 })).rejects.toThrow(
      'unsupported media type text/plain',
    );
    const scan = await store.scan({ mediaType: MEDIA_TYPES.ociLayer, digest: NOBODY, size: 1 });
    const reason = new Error('enough');
    await expect(scan.write(TAR, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await codeOf(scan.write(new TextEncoder().encode('x'.repeat(600))))).toBe('INVALID_ARCHIVE');
    expect(await codeOf(scan.end())).toBe('INVALID_ARCHIVE');
  });
});

describe('registerBlob', () => {
  it('reads the blob to find out', async () => {
    const store = await openLayerStore({ storage });
    const descriptor = await put(storage, await gzip(TAR), MEDIA_TYPES.dockerLayerGzip);
    const diffId = await diffIdOf(TAR);
    const layer = await store.registerBlob(descriptor, undefined, { diffId });
    expect(layer).toMatchObject({ diffId, diffSize: TAR.length, descriptor });
  });

  it('does not read it again when it was scanned', async () => {
    const descriptor = await put(storage, await gzip(TAR), MEDIA_TYPES.dockerLayerGzip);
    let opened = 0;
    const watched = withContent(storage, {
      open: (digest, options) => {
        opened++;
        return storage.content.open(digest, options);
      },
    });
    const store = await openLayerStore({ storage: watched });
    const scanned = { diffId: await diffIdOf(TAR), diffSize: TAR.length };
    const told: number[] = [];
    const onProgress = (bytes: number): number => told.push(bytes);
    await store.registerBlob(descriptor, undefined, { scanned, onProgress });
    expect([opened, told]).toEqual([0, []]);
    await store.registerBlob(descriptor, undefined, { onProgress });
    expect([opened, told.at(-1)]).toEqual([1, descriptor.size]);
  });

  it('keeps where else the blob can be had, and not the blob itself', async () => {
    const store = await openLayerStore({ storage });
    const plain = await put(storage, TAR, MEDIA_TYPES.ociLayer);
    const layer = await store.registerBlob({
      ...plain,
      urls: ['https://example.test/layer'],
      annotations: { a: 'b' },
      data: 'AAAA',
    });
    const descriptor = { ...plain, urls: ['https://example.test/layer'], annotations: { a: 'b' } };
    expect(layer.descriptor).toEqual(descriptor);
    const again = await (await openLayerStore({ storage })).get(layer.chainId);
    expect(again.descriptor).toEqual(descriptor);
  });

  it('registers nothing when the DiffID is another', async () => {
    const store = await openLayerStore({ storage });
    const descriptor = await put(storage, TAR, MEDIA_TYPES.ociLayer);
    const diffId = await diffIdOf(OTHER);
    const scanned = { diffId: await diffIdOf(TAR), diffSize: TAR.length };
    expect(await codeOf(store.registerBlob(descriptor, undefined, { diffId }))).toBe('DIGEST_MISMATCH');
    expect(await codeOf(store.registerBlob(descriptor, undefined, { diffId, scanned }))).toBe(
      'DIGEST_MISMATCH',
    );
    expect((await store.map()).size).toBe(0);
  });

  it('refuses what it cannot register', async () => {
    const store = await openLayerStore({ storage });
    const descriptor = await put(storage, TAR, MEDIA_TYPES.ociLayer);
    const diffId = await diffIdOf(TAR);
    expect(await codeOf(store.registerBlob({ ...descriptor, mediaType: 'text/plain' }))).toBe('UNSUPPORTED');
    expect(await codeOf(store.registerBlob({ ...descriptor, digest: NOBODY }))).toBe('NOT_FOUND');
    expect(await codeOf(store.registerBlob({ ...descriptor, size: 1 }))).toBe('SIZE_MISMATCH');
    await expect(store.registerBlob(descriptor, NOBODY)).rejects.toThrow('layer does not exist');
    for (const diffSize of [-1, 1.5, NaN]) {
      const work = store.registerBlob(descriptor, undefined, { scanned: { diffId, diffSize } });
      expect(await codeOf(work)).toBe('INVALID_ARGUMENT');
    }
    const hostile = { scanned: { diffId: '../x' as DiffID, diffSize: 1 } };
    expect(await codeOf(store.registerBlob(descriptor, undefined, hostile))).toBe('INVALID_DIGEST');
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await codeOf(store.registerBlob(descriptor, undefined, { signal }))).toBe('Error: enough');
    expect((await store.map()).size).toBe(0);
  });

  it('gives two callers of one chain one layer and two holds', async () => {
    const store = await openLayerStore({ storage });
    const descriptor = await put(storage, TAR, MEDIA_TYPES.ociLayer);
    const [a, b] = await Promise.all([store.registerBlob(descriptor), store.registerBlob(descriptor)]);
    expect(a).not.toBe(b);
    expect((await store.map()).size).toBe(1);
    expect(await store.release(a)).toEqual([]);
    expect((await store.release(b)).length).toBe(1);
  });

  it('stacks 125 layers and no more', async () => {
    const store = await openLayerStore({ storage });
    const descriptor = await put(storage, new Uint8Array(1024), MEDIA_TYPES.ociLayer);
    const options = { scanned: { diffId: EMPTY_LAYER_DIFF_ID, diffSize: 1024 } };
    let top = await store.registerBlob(descriptor, undefined, options);
    for (let depth = 2; depth <= 125; depth++) {
      const next = await store.registerBlob(descriptor, top.chainId, options);
      await store.release(top);
      top = next;
    }
    expect(top.size).toBe(125 * 1024);
    await expect(store.registerBlob(descriptor, top.chainId, options)).rejects.toThrow('max depth exceeded');
    expect(await codeOf(store.register(streamOf(TAR), top.chainId))).toBe('LIMIT_EXCEEDED');
    const reopened = await openLayerStore({ storage });
    expect((await reopened.map()).size).toBe(125);
    expect((await store.release(top)).length).toBe(125);
  });
});
