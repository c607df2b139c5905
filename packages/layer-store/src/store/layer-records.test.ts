import { streamOf } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { asDigest, digestKey } from '@stowage/types';
import type { ChainID, Storage } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { openLayerStore } from './layer-store.ts';
import { codeOf, gzip, tarOf, textOf } from '../test-support/layers.ts';

const encoder = new TextEncoder();
const NOBODY = asDigest(`sha256:${'0'.repeat(64)}`) as ChainID;

const TAR = tarOf({ 'etc/motd': 'hello', 'etc/issue': 'world' });
const OTHER = tarOf({ other: 'o' });
let storage: Storage;

beforeEach(() => {
  storage = createMemoryStorage();
});

describe('reopening', () => {
  it('finds the layers again, with their parents and without holds', async () => {
    const store = await openLayerStore({ storage });
    const base = await store.register(streamOf(TAR));
    const top = await store.register(streamOf(await gzip(OTHER)), base.chainId);
    const reopened = await openLayerStore({ storage });
    expect(new Set((await reopened.map()).keys())).toEqual(new Set([base.chainId, top.chainId]));
    const again = await reopened.get(top.chainId);
    expect(again).toMatchObject({
      diffId: top.diffId,
      size: top.size,
      diffSize: top.diffSize,
      descriptor: top.descriptor,
    });
    expect(again.parent?.descriptor).toEqual(base.descriptor);
    expect(await textOf(again.readFile('other'))).toBe('o');
    const heldBase = await reopened.get(base.chainId);
    expect(await reopened.release(heldBase)).toEqual([]);
    expect((await reopened.release(again)).length).toBe(2);
  });

  it('writes a record of a known shape', async () => {
    const store = await openLayerStore({ storage });
    const base = await store.register(streamOf(TAR));
    const top = await store.register(streamOf(OTHER), base.chainId);
    const bytes = await storage.metadata.get('layers', digestKey(top.chainId, '.json'));
    expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual({
      diffId: top.diffId,
      parent: base.chainId,
      size: TAR.length + OTHER.length,
      diffSize: OTHER.length,
      descriptor: top.descriptor,
    });
  });

  const damages: [string, (record: Record<string, unknown>) => unknown][] = [
    ['no JSON', () => undefined],
    ['no object', () => [1]],
    ['another layer’s record', (record) => ({ ...record, diffId: NOBODY })],
    ['a malformed DiffID', (record) => ({ ...record, diffId: '../x' })],
    ['a malformed parent', (record) => ({ ...record, parent: 1 })],
    ['a negative size', (record) => ({ ...record, size: -1 })],
    ['a size that does not add up', (record) => ({ ...record, size: 1 })],
    ['a size that is no number', (record) => ({ ...record, diffSize: '1' })],
    ['no descriptor', (record) => ({ ...record, descriptor: null })],
    [
      'a descriptor without type',
      (record) => ({ ...record, descriptor: { ...(record['descriptor'] as object), mediaType: 1 } }),
    ],
    [
      'a descriptor of a missing blob',
      (record) => ({ ...record, descriptor: { ...(record['descriptor'] as object), digest: NOBODY } }),
    ],
    [
      'a descriptor of another size',
      (record) => ({ ...record, descriptor: { ...(record['descriptor'] as object), size: 1 } }),
    ],
    [
      'urls that are no strings',
      (record) => ({ ...record, descriptor: { ...(record['descriptor'] as object), urls: [1] } }),
    ],
    [
      'annotations that are no strings',
      (record) => ({ ...record, descriptor: { ...(record['descriptor'] as object), annotations: { a: 1 } } }),
    ],
  ];
  it.each(damages)('does not know a layer whose record is damaged: %s', async (_what, damage) => {
    const store = await openLayerStore({ storage });
    const base = await store.register(streamOf(TAR));
    const top = await store.register(streamOf(OTHER), base.chainId);
    const key = digestKey(base.chainId, '.json');
    const record = JSON.parse(new TextDecoder().decode(await storage.metadata.get('layers', key))) as Record<
      string,
      unknown
    >;
    const damaged = damage(record);
    const text = damaged === undefined ? '{' : JSON.stringify(damaged);
    await storage.metadata.set('layers', key, encoder.encode(text));

    const reopened = await openLayerStore({ storage });
    expect((await reopened.map()).size).toBe(0);
    expect(await codeOf(reopened.get(base.chainId))).toBe('NOT_FOUND');
    expect(await codeOf(reopened.get(top.chainId))).toBe('NOT_FOUND');
    // Registering it again mends it, and its children with it.
    const mended = await reopened.registerBlob(base.descriptor);
    expect((await reopened.get(top.chainId)).parent?.chainId).toBe(mended.chainId);
  });

  it('ignores keys that are no layers', async () => {
    await storage.metadata.set('layers', 'readme', encoder.encode('x'));
    await storage.metadata.set('layers', 'sha256/zz.json', encoder.encode('{}'));
    expect((await (await openLayerStore({ storage })).map()).size).toBe(0);
  });
});

describe('two stores on one storage', () => {
  it('see what the other has added and removed', async () => {
    const one = await openLayerStore({ storage });
    const two = await openLayerStore({ storage });
    const layer = await one.register(streamOf(TAR));
    expect((await two.map()).size).toBe(1);
    const held = await two.get(layer.chainId);
    await two.release(held);
    expect(await codeOf(two.get(layer.chainId))).toBe('NOT_FOUND');
    expect((await two.map()).size).toBe(0);
  });

  it('do not remove a layer that the other has built on', async () => {
    const one = await openLayerStore({ storage });
    const two = await openLayerStore({ storage });
    const base = await one.register(streamOf(TAR));
    const top = await two.register(streamOf(OTHER), base.chainId);
    expect(await one.release(base)).toEqual([]);
    expect((await two.release(top)).length).toBe(2);
    expect((await one.map()).size).toBe(0);
  });

  it('bring back a parent that the other removed while it was held here', async () => {
    const one = await openLayerStore({ storage });
    const two = await openLayerStore({ storage });
    const base = await one.register(streamOf(TAR));
    await two.release(await two.get(base.chainId));
    const top = await one.register(streamOf(OTHER), base.chainId);
    expect((await (await openLayerStore({ storage })).get(top.chainId)).parent?.chainId).toBe(base.chainId);
  });
});
