import { streamOf } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { digestKey, MEDIA_TYPES, StowageError } from '@stowage/types';
import type { Bytes, Layer, LayerReader, Storage } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LayerLimits } from '../content/limits.ts';
import { decodeSeekIndex } from '../seek/decode-seek-index.ts';
import { gzip, tarOf, textOf, withContent } from '../test-support/layers.ts';
import { openLayerStore } from './layer-store.ts';
import { forgetSeekIndexes, readSeekIndex } from './seek-records.ts';

const TAR = tarOf({ a: 'first', b: 'second' });

let storage: Storage;
/** How often a blob was opened. */
let opened = 0;

beforeEach(() => {
  const inner = createMemoryStorage();
  opened = 0;
  storage = withContent(inner, {
    open: (digest, options) => {
      opened++;
      return inner.content.open(digest, options);
    },
  });
});

async function pathsOf(layer: LayerReader): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of layer.entries()) paths.push(path);
  return paths;
}

function stored(layer: LayerReader, of: Storage = storage): Promise<Bytes | undefined> {
  return of.metadata.get('seek', digestKey(layer.diffId));
}

/** A store that has just been opened, and remembers nothing. */
async function again({ chainId }: Layer, limits: LayerLimits = {}): Promise<Layer> {
  return (await openLayerStore({ storage, limits })).get(chainId);
}

describe('the index of a stored layer', () => {
  it('is made while the layer comes in, and makes listing and reading cheap', async () => {
    const store = await openLayerStore({ storage });
    const layer = await store.register(streamOf(await gzip(TAR)));
    const index = await decodeSeekIndex((await stored(layer)) ?? TAR);
    expect(index).toMatchObject({ diffId: layer.diffId, diffSize: TAR.length, format: 'gzip' });
    expect(index.blob).toEqual({ digest: layer.descriptor.digest, size: layer.descriptor.size });
    expect(await pathsOf(await again(layer))).toEqual(['a', 'b']);
    expect(opened).toBe(0);
    expect(await textOf((await again(layer)).readFile('b'))).toBe('second');
    expect(opened).toBe(1);
  });

  it('is made by a scan and by registering a blob', async () => {
    const store = await openLayerStore({ storage });
    const zipped = await gzip(TAR);
    const ingest = await storage.content.ingest('x');
    await ingest.write(zipped);
    const { digest, size } = await ingest.commit();
    const descriptor = { mediaType: MEDIA_TYPES.ociLayerGzip, digest, size };
    const scan = await store.scan(descriptor);
    await scan.write(zipped);
    const scanned = await scan.end();
    const layer = await store.registerBlob(descriptor, undefined, { scanned });
    expect(await stored(layer)).toEqual(scanned.seekIndex);
    await store.release(layer);
    expect(await stored(await store.registerBlob(descriptor))).toEqual(scanned.seekIndex);
  });

  it('goes with the last layer that has it', async () => {
    const store = await openLayerStore({ storage });
    const base = await store.register(streamOf(TAR));
    const top = await store.register(streamOf(TAR), base.chainId);
    await store.release(top);
    expect(await stored(base)).toBeDefined();
    await store.release(base);
    expect(await stored(base)).toBeUndefined();
  });

  it.each([
    ['missing', undefined],
    ['cut short', (index: Bytes) => index.subarray(0, 50)],
    ['damaged', (index: Bytes) => index.with(60, (index[60] ?? 0) ^ 1)],
    ['of a later version', (index: Bytes) => index.with(3, 2)],
  ])('is made again where it is %s', async (_name, damage) => {
    const layer = await (await openLayerStore({ storage })).register(streamOf(await gzip(TAR)));
    const index = (await stored(layer)) ?? TAR;
    const key = digestKey(layer.diffId);
    if (damage === undefined) await storage.metadata.delete('seek', key);
    else await storage.metadata.set('seek', key, damage(index));
    expect(
      await textOf((await again(layer)).readRange?.(512, 5) ?? Promise.reject(new Error('no range'))),
    ).toBe('first');
    opened = 0;
    const fresh = await again(layer);
    expect(await pathsOf(fresh)).toEqual(['a', 'b']);
    expect(opened).toBe(1);
    expect(await stored(layer)).toEqual(index);
    expect(await pathsOf(await again(layer))).toEqual(['a', 'b']);
    expect(opened).toBe(1);
  });

  it('is removed where its layer is gone, by whoever collects garbage', async () => {
    const store = await openLayerStore({ storage });
    const layer = await store.register(streamOf(TAR));
    const stray = `sha256/${'0'.repeat(64)}`;
    await storage.metadata.set('seek', stray, new Uint8Array(3));
    await forgetSeekIndexes(storage, new Set([layer.diffId]));
    expect(await readSeekIndex(storage, layer.diffId)).toEqual(await stored(layer));
    expect(await stored(layer)).toBeDefined();
    expect(await storage.metadata.get('seek', stray)).toBeUndefined();
    await forgetSeekIndexes(storage, new Set());
    expect(await stored(layer)).toBeUndefined();
    expect(await pathsOf(layer)).toEqual(['a', 'b']);
  });

  it('lists, and does not read, where it is of another blob of the same layer', async () => {
    const layer = await (await openLayerStore({ storage })).register(streamOf(await gzip(TAR)));
    const other = createMemoryStorage();
    const plain = await (await openLayerStore({ storage: other })).register(streamOf(TAR));
    await storage.metadata.set('seek', digestKey(layer.diffId), (await stored(plain, other)) ?? TAR);
    const fresh = await again(layer);
    expect(await pathsOf(fresh)).toEqual(['a', 'b']);
    expect(opened).toBe(0);
    expect(await textOf(fresh.readFile('b'))).toBe('second');
  });

  it('is there for no layer with more entries than the limit, which is read as before', async () => {
    const store = await openLayerStore({ storage, limits: { maxIndexedEntries: 1 } });
    const layer = await store.register(streamOf(await gzip(TAR)));
    expect(await stored(layer)).toBeUndefined();
    const fresh = await again(layer, { maxIndexedEntries: 1, maxCachedEntries: 0 });
    expect(await pathsOf(fresh)).toEqual(['a', 'b']);
    // Once to find out that it is too large, once to list it.
    expect(opened).toBe(2);
    expect(await pathsOf(fresh)).toEqual(['a', 'b']);
    expect(await textOf(fresh.readFile('a'))).toBe('first');
    expect(opened).toBe(5);
    expect(await stored(layer)).toBeUndefined();
  });

  it('is not kept where that fails, and nothing else fails', async () => {
    const { metadata: inner } = storage;
    const metadata: Storage['metadata'] = {
      get: (...from) => inner.get(...from),
      set: (...to) =>
        to[0] === 'seek' ? Promise.reject(new StowageError('STORAGE', 'no room')) : inner.set(...to),
      delete: (...from) => inner.delete(...from),
      keys: (...from) => inner.keys(...from),
    };
    const full: Storage = { ...withContent(storage, {}), metadata };
    const store = await openLayerStore({ storage: full });
    const layer = await store.register(streamOf(await gzip(TAR)));
    expect(await stored(layer)).toBeUndefined();
    expect(await pathsOf(layer)).toEqual(['a', 'b']);
  });

  it('leaves it to the blob to say what is wrong with it', async () => {
    const layer = await (await openLayerStore({ storage })).register(streamOf(TAR));
    await storage.metadata.delete('seek', digestKey(layer.diffId));
    const broken = withContent(storage, {
      open: () => Promise.resolve(streamOf(tarOf({ a: 'FIRST', b: 'second' }))),
    });
    const swapped = await (await openLayerStore({ storage: broken })).get(layer.chainId);
    await expect(pathsOf(swapped)).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await storage.content.delete(layer.descriptor.digest);
    await expect(pathsOf(layer)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const reason = new Error('enough');
    const aborted = layer.entries({ signal: AbortSignal.abort(reason) });
    await expect(aborted[Symbol.asyncIterator]().next()).rejects.toBe(reason);
  });
});
