import { collect } from '@stowage/core';
import { isStowageError, MEDIA_TYPES, parseNormalizedNamed } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { AMD64 } from '../test-support/pull-subject.ts';
import { PushRegistry, toldPush } from '../test-support/push-subject.ts';
import { createTestRegistry } from '../test-support/test-registry.ts';
import { createLayerProviders } from './layer-providers.ts';
import { holdLayers } from './held-layers.ts';
import type { StowageOptions } from '../stowage.ts';
import type { PushResult } from './push-result.ts';

const ARM64 = { os: 'linux', architecture: 'arm64' };

async function open(options: StowageOptions = {}) {
  const source = createTestRegistry();
  const target = new PushRegistry();
  const stowage = await target.open({
    ...options,
    fetch: (url, init) => (url.includes('//localhost/') ? source.fetch(url, init) : target.fetch(url, init)),
  });
  return { source, target, stowage };
}

describe('all platforms', () => {
  it('go with the index that they came from, indexes within it too', async () => {
    const { source, target, stowage } = await open();
    const amd = await source.push('app:amd', [{ a: 'a' }], AMD64);
    const arm = await source.push('app:arm', [{ b: 'b' }], ARM64);
    const inner = await source.pushIndex('app:inner', [{ ...arm, platform: ARM64 }]);
    const outer = await source.pushIndex('app:v1', [{ ...amd, platform: AMD64 }, inner]);
    await stowage.pull('localhost/app:v1', { platform: ARM64 });
    await stowage.pull('localhost/app:v1', { platform: AMD64 });
    await stowage.tag('localhost/app:v1', 'there.test/app:v1');
    const { outcome } = await toldPush(stowage, 'there.test/app:v1', { allPlatforms: true });
    expect(outcome).toMatchObject({ digest: outer.digest, mediaType: MEDIA_TYPES.ociIndex });
    expect((outcome as PushResult).layers).toHaveLength(2);
    const puts = target.asked().filter((line) => line.includes('/manifests/'));
    expect(puts).toEqual(
      [amd.digest, arm.digest, inner.digest, 'v1'].map((name) => `PUT /v2/app/manifests/${name}`),
    );
    const recompressed = toldPush(stowage, 'there.test/app:v1', { allPlatforms: true, compression: 'zstd' });
    expect((await recompressed).outcome).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('do not go where there is no index, or one is missing', async () => {
    const { source, stowage } = await open();
    const amd = await source.push('app:amd', [{ a: 'a' }], AMD64);
    const arm = await source.push('app:arm', [{ b: 'b' }], ARM64);
    await source.pushIndex('app:v1', [
      { ...amd, platform: AMD64 },
      { ...arm, platform: ARM64 },
    ]);
    await stowage.pull('localhost/app:amd', { platform: AMD64 });
    await stowage.tag('localhost/app:amd', 'there.test/app:v1');
    const push = () => stowage.push('there.test/app:v1', { allPlatforms: true });
    await expect(push()).rejects.toThrow('no index in the store leads to');
    await stowage.pull('localhost/app:v1', { platform: AMD64 });
    await expect(push()).rejects.toThrow(`the image for linux/arm64 (${arm.digest}) is not in the store`);
  });
});

describe('all tags', () => {
  it('of one image go in one request, others in theirs', async () => {
    const events: string[][] = [];
    const { source, target, stowage } = await open({ onImageEvent: (...event) => events.push(event) });
    await source.push('app:v1', [{ a: 'a' }]);
    await source.push('app:v2', [{ b: 'b' }]);
    for (const tag of ['v1', 'v2']) await stowage.pull(`localhost/app:${tag}`, { platform: AMD64 });
    await stowage.tag('localhost/app:v1', 'there.test/app:v1');
    await stowage.tag('localhost/app:v1', 'there.test/app:latest');
    await stowage.tag('localhost/app:v2', 'there.test/app:v2');
    const { lines, outcome } = await toldPush(stowage, 'there.test/app', { allTags: true });
    expect(isStowageError(outcome)).toBe(false);
    const { images = [], reference } = outcome as PushResult;
    expect([reference, ...images.map((image) => image.reference)]).toEqual(
      ['', ':latest', ':v1', ':v2'].map((tag) => `there.test/app${tag}`),
    );
    expect(lines.filter((line) => line.includes(': digest: '))).toHaveLength(3);
    const puts = target.asked().filter((line) => line.includes('/manifests/'));
    expect(puts[0]).toMatch(/\?tag=latest,v1$/);
    expect(puts.at(-1)).toBe('PUT /v2/app/manifests/v2');
    expect(events.slice(2)).toEqual([['there.test/app', 'there.test/app', 'push']]);
    await expect(stowage.push('there.test/app:v1', { allTags: true })).rejects.toThrow(`tag can't be used`);
  });
});

describe('createLayerProviders', () => {
  it('gives layers as moby does: describable, without holds of their own beneath', async () => {
    const { source, stowage } = await open();
    await source.push('app:v1', [{ a: 'a' }, { b: 'b' }]);
    await stowage.pull('localhost/app:v1', { platform: AMD64 });
    const association = await stowage.references.find(parseNormalizedNamed('localhost/app:v1'));
    if (association === undefined) throw new Error('not there');
    const { config } = await stowage.imageStore.get(association.imageId);
    const layerStores = createLayerProviders({ linux: stowage.layers });
    const { layers, release } = await holdLayers(config.rootfs, 'linux', { layerStores }, {});
    expect(layers.map(({ diffId }) => diffId)).toEqual(config.rootfs.diff_ids);
    const [base, top] = layers;
    expect(top?.parent()?.chainId).toBe(base?.chainId);
    expect(base?.parent()).toBeUndefined();
    expect(top?.descriptor?.()?.mediaType).toBe(MEDIA_TYPES.ociLayer);
    expect(top?.mediaType()).toBe(MEDIA_TYPES.dockerLayer);
    const stream = (await top?.open()) ?? new ReadableStream();
    expect((await collect(stream, { maxBytes: 1 << 20 })).length).toBeGreaterThan(0);
    expect(await top?.size()).toBeGreaterThan(0);
    await base?.release();
    await release();
    await release();
    const none = holdLayers(config.rootfs, 'windows', { layerStores }, {});
    await expect(none).rejects.toThrow(
      'failed to get top layer from image: operating system is not supported',
    );
    const empty = await layerStores['linux']?.get(undefined);
    expect([empty?.descriptor?.(), empty?.parent()]).toEqual([undefined, undefined]);
    await empty?.release();
    expect((await holdLayers({ type: 'layers', diff_ids: [] }, 'linux', { layerStores }, {})).layers).toEqual(
      [],
    );
  });
});
