import { chainId as chainIdOf, collect, digestBytes, streamOf } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { isStowageError, MEDIA_TYPES } from '@stowage/types';
import type { Bytes, ChainID, Layer, Storage } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_LAYER, EMPTY_LAYER_DIFF_ID } from '../content/empty-layer.ts';
import { openLayerStore } from './layer-store.ts';
import { codeOf, diffIdOf, gzip, join, NOBODY, OTHER, TAR } from '../test-support/layers.ts';

const encoder = new TextEncoder();

async function ingestCount(storage: Storage): Promise<number> {
  let count = 0;
  for await (const _ingest of storage.content.ingests()) count++;
  return count;
}

let storage: Storage;

beforeEach(() => {
  storage = createMemoryStorage();
});

describe('register', () => {
  it('stores a plain tar as it is', async () => {
    const store = await openLayerStore({ storage });
    const layer = await store.register(streamOf(TAR));
    const diffId = await diffIdOf(TAR);
    expect(layer.diffId).toBe(diffId);
    expect(layer.chainId).toBe(diffId);
    expect(layer.parent).toBe(undefined);
    expect([layer.size, layer.diffSize]).toEqual([TAR.length, TAR.length]);
    expect(layer.descriptor).toEqual({ mediaType: MEDIA_TYPES.ociLayer, digest: diffId, size: TAR.length });
    expect(await collect(await layer.tarStream(), { maxBytes: TAR.length })).toEqual(TAR);
  });

  it('stores a compressed tar as it came, and stacks layers', async () => {
    const store = await openLayerStore({ storage });
    const base = await store.register(streamOf(TAR));
    const zipped = await gzip(OTHER);
    const top = await store.register(streamOf(zipped.subarray(0, 1), zipped.subarray(1)), base.chainId);
    const diffId = await diffIdOf(OTHER);
    expect(top.diffId).toBe(diffId);
    expect(top.chainId).toBe(chainIdOf([base.diffId, diffId]));
    expect(top.parent).toMatchObject({ chainId: base.chainId, diffId: base.diffId });
    expect([top.size, top.diffSize]).toEqual([TAR.length + OTHER.length, OTHER.length]);
    expect(top.descriptor.mediaType).toBe(MEDIA_TYPES.ociLayerGzip);
    expect(top.descriptor.digest).toBe(await digestBytes(zipped));
    expect(await storage.content.read(top.descriptor.digest, { maxBytes: 1 << 20 })).toEqual(zipped);
    expect(await collect(await top.tarStream(), { maxBytes: 1 << 20 })).toEqual(OTHER);
  });

  it('knows the empty layer, and takes a stream without bytes', async () => {
    const store = await openLayerStore({ storage });
    expect((await store.register(streamOf(new Uint8Array(1024)))).diffId).toBe(EMPTY_LAYER_DIFF_ID);
    expect((await store.register(streamOf())).diffId).toBe(await diffIdOf(new Uint8Array(0)));
  });

  it('answers an existing chain with the layer that is there', async () => {
    const store = await openLayerStore({ storage });
    const first = await store.register(streamOf(TAR));
    const second = await store.register(streamOf(await gzip(TAR)));
    expect(second).not.toBe(first);
    expect(second.chainId).toBe(first.chainId);
    expect(second.descriptor).toEqual(first.descriptor);
    expect(await store.release(first)).toEqual([]);
    expect((await store.release(second)).length).toBe(1);
  });

  it('hashes what follows the end of the archive', async () => {
    const store = await openLayerStore({ storage });
    const padded = join([TAR, new Uint8Array(9000), encoder.encode('tail')]);
    const layer = await store.register(streamOf(padded));
    expect(layer.diffId).toBe(await diffIdOf(padded));
    expect(layer.diffSize).toBe(padded.length);
  });

  it.each<[string, () => Promise<Bytes>]>([
    ['no tar', () => Promise.resolve(encoder.encode('x'.repeat(1024)))],
    ['a tar that is cut short', () => Promise.resolve(TAR.subarray(0, 700))],
    ['gzip that is cut short', async () => (await gzip(TAR)).subarray(0, 60)],
    ['gzip with a tail', async () => join([await gzip(TAR), encoder.encode('tail')])],
  ])('refuses %s and leaves nothing behind', async (_what, make) => {
    const store = await openLayerStore({ storage });
    const base = await store.register(streamOf(OTHER));
    expect(await codeOf(store.register(streamOf(await make()), base.chainId))).toBe('INVALID_ARCHIVE');
    expect(await ingestCount(storage)).toBe(0);
    expect((await store.map()).size).toBe(1);
    expect((await store.release(base)).length).toBe(1);
  });

  it('refuses what inflates beyond the limit', async () => {
    const store = await openLayerStore({ storage, limits: { maxLayerBytes: 2000 } });
    expect(await codeOf(store.register(streamOf(await gzip(TAR))))).toBe('LIMIT_EXCEEDED');
    expect((await store.map()).size).toBe(0);
  });

  it('cancels the stream when there is no such parent', async () => {
    const store = await openLayerStore({ storage });
    let cancelled: unknown;
    const stream = new ReadableStream<Bytes>({
      cancel: (reason) => {
        cancelled = reason;
      },
    });
    await expect(store.register(stream, NOBODY)).rejects.toThrow('layer does not exist');
    expect(isStowageError(cancelled, 'NOT_FOUND')).toBe(true);
  });

  it('ends with the reason of an abort and lets go of everything', async () => {
    const store = await openLayerStore({ storage });
    const base = await store.register(streamOf(OTHER));
    const controller = new AbortController();
    const reason = new Error('enough');
    let cancelled: unknown;
    const stream = new ReadableStream<Bytes>({
      start: (c) => {
        c.enqueue(TAR.subarray(0, 512));
      },
      cancel: (why) => {
        cancelled = why;
      },
    });
    const work = store.register(stream, base.chainId, { signal: controller.signal });
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
    expect(cancelled).toBe(reason);
    expect(await ingestCount(storage)).toBe(0);
    expect((await store.release(base)).length).toBe(1);
    await expect(store.register(streamOf(TAR), undefined, { signal: controller.signal })).rejects.toBe(
      reason,
    );
  });

  it('holds the parent until it is done, and no longer', async () => {
    const store = await openLayerStore({ storage });
    const base = await store.register(streamOf(OTHER));
    let fail: (error: Error) => void = () => undefined;
    const stream = new ReadableStream<Bytes>({
      start: (c) => {
        c.enqueue(TAR.subarray(0, 512));
        fail = (error) => {
          c.error(error);
        };
      },
    });
    const work = store.register(stream, base.chainId);
    const ended = codeOf(work);
    expect(await store.release(base)).toEqual([]);
    fail(new Error('network'));
    expect(await ended).toBe('Error: network');
    expect(await codeOf(store.get(base.chainId))).toBe('NOT_FOUND');
  });
});

describe('holds', () => {
  it('goes up through parents that nothing else keeps, top first', async () => {
    const store = await openLayerStore({ storage });
    const base = await store.register(streamOf(TAR));
    const middle = await store.register(streamOf(OTHER), base.chainId);
    const top = await store.register(streamOf(TAR), middle.chainId);
    expect(await store.release(base)).toEqual([]);
    expect(await store.release(middle)).toEqual([]);
    const removed = await store.release(top);
    expect(removed).toEqual(
      [top, middle, base].map(({ chainId, diffId, size, diffSize }) => ({ chainId, diffId, size, diffSize })),
    );
    expect((await store.map()).size).toBe(0);
    expect((await (await openLayerStore({ storage })).map()).size).toBe(0);
    // The blob is left to a garbage collector.
    expect((await storage.content.info(base.descriptor.digest)).size).toBe(TAR.length);
  });

  it('stops at a parent that somebody holds, or that has another child', async () => {
    const store = await openLayerStore({ storage });
    const base = await store.register(streamOf(TAR));
    const one = await store.register(streamOf(OTHER), base.chainId);
    const two = await store.register(streamOf(TAR), base.chainId);
    await store.release(base);
    expect((await store.release(one)).map(({ chainId }) => chainId)).toEqual([one.chainId]);
    const again = await store.get(base.chainId);
    expect((await store.release(two)).map(({ chainId }) => chainId)).toEqual([two.chainId]);
    expect((await store.release(again)).map(({ chainId }) => chainId)).toEqual([base.chainId]);
  });

  it('takes each hold back once', async () => {
    const store = await openLayerStore({ storage });
    const first = await store.register(streamOf(TAR));
    const second = await store.get(first.chainId);
    await store.release(first);
    await expect(store.release(first)).rejects.toThrow('layer not retained');
    const results = await Promise.allSettled([store.release(second), store.release(second)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await codeOf(store.release(EMPTY_LAYER))).toBe('INVALID_ARGUMENT');
  });

  it('does not count a parent that was reached from its child', async () => {
    const store = await openLayerStore({ storage });
    const base = await store.register(streamOf(TAR));
    const top = await store.register(streamOf(OTHER), base.chainId);
    expect(await codeOf(store.release(top.parent as Layer))).toBe('INVALID_ARGUMENT');
  });

  it('keeps a hold when its release is aborted', async () => {
    const store = await openLayerStore({ storage });
    const layer = await store.register(streamOf(TAR));
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await codeOf(store.release(layer, { signal }))).toBe('Error: enough');
    expect((await store.release(layer)).length).toBe(1);
  });

  it('gives no hold on a layer that is being removed', async () => {
    const store = await openLayerStore({ storage });
    const layer = await store.register(streamOf(TAR));
    const [released, got] = await Promise.allSettled([store.release(layer), store.get(layer.chainId)]);
    // Whoever comes first wins, and the other sees what the first has done.
    const removed = released.status === 'fulfilled' && released.value.length === 1;
    expect(got.status).toBe(removed ? 'rejected' : 'fulfilled');
    expect((await (await openLayerStore({ storage })).map()).size).toBe(removed ? 0 : 1);
  });

  it('says of a layer that there is none, and of a digest that it is none', async () => {
    const store = await openLayerStore({ storage });
    await expect(store.get(NOBODY)).rejects.toThrow('layer does not exist');
    expect(await codeOf(store.get('../x' as ChainID))).toBe('INVALID_DIGEST');
    expect(await codeOf(store.get(NOBODY, { signal: AbortSignal.abort(new Error('enough')) }))).toBe(
      'Error: enough',
    );
  });
});
