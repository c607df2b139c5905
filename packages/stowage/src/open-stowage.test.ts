import { createV2MetadataService } from '@stowage/image-store';
import { createMemoryStorage } from '@stowage/storage';
import { digestBytes } from '@stowage/core';
import { formatPlatform, isStowageError, MEDIA_TYPES, parseNormalizedNamed } from '@stowage/types';
import type { Clock, Descriptor, Platform } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { openStowage } from './open-stowage.ts';
import type { Stowage, StowageOptions } from './stowage.ts';
import { createTestRegistry } from './test-support/test-registry.ts';
import type { TestRegistry } from './test-support/test-registry.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64' };
const PLATFORM = { platform: AMD64 };

async function open(registry: TestRegistry, options: StowageOptions = {}): Promise<Stowage> {
  return openStowage({ fetch: registry.fetch, ...options });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => 'no error',
    (caught: unknown) => caught,
  );
  return isStowageError(error) ? error.code : String(error);
}

async function blobs({ content }: Stowage): Promise<number> {
  let count = 0;
  for await (const _ of content.walk()) count += 1;
  return count;
}

describe('pull', () => {
  it('brings an image, names it, tells of it, and shows its files', async () => {
    const registry = createTestRegistry();
    const manifest = await registry.push('team/app:v1', [
      { 'etc/motd': 'one\n', 'etc/gone': 'x' },
      { 'etc/motd': 'two\n', 'etc/.wh.gone': '' },
    ]);
    await using stowage = await open(registry);
    const messages: string[] = [];
    const result = await stowage.pull('localhost/team/app:v1', {
      ...PLATFORM,
      onProgress: ({ id, action, message }) => messages.push(`${id}: ${message ?? action ?? ''}`),
    });
    expect(result).toMatchObject({
      reference: 'localhost/team/app:v1',
      digest: manifest.digest,
      platform: AMD64,
      status: 'downloaded',
    });
    expect(result.layers).toHaveLength(2);
    expect(messages[0]).toBe('v1: Pulling from team/app');
    expect(messages.slice(-2)).toEqual([
      `: Digest: ${manifest.digest}`,
      ': Status: Downloaded newer image for localhost/team/app:v1',
    ]);
    for (const word of [
      'Pulling fs layer',
      'Downloading',
      'Verifying Checksum',
      'Download complete',
      'Pull complete',
    ]) {
      expect(messages.filter((line) => line.endsWith(`: ${word}`)).length, word).toBeGreaterThanOrEqual(2);
    }
    const inspected = await stowage.inspect('localhost/team/app:v1');
    expect(inspected).toMatchObject({
      id: result.imageId,
      references: ['localhost/team/app:v1'],
      digests: [`localhost/team/app@${manifest.digest}`],
      mediaType: MEDIA_TYPES.ociManifest,
      platform: AMD64,
      created: '2024-01-02T03:04:05Z',
    });
    expect(inspected.layers.map(({ digest }) => digest)).toEqual(result.layers.map(({ digest }) => digest));
    await using view = await stowage.view(result.imageId);
    expect([...view.walk()].map(({ path }) => path)).toEqual(['etc', 'etc/motd']);
    expect(await new Response(await view.readFile('etc/motd')).text()).toBe('two\n');
  });

  it('costs one HEAD when nothing has changed, and moves the tag when it has', async () => {
    const registry = createTestRegistry();
    await registry.push('app:v1', [{ a: '1' }]);
    await using stowage = await open(registry);
    const first = await stowage.pull('localhost/app:v1', PLATFORM);
    registry.requests.length = 0;
    expect(await stowage.pull('localhost/app:v1', PLATFORM)).toMatchObject({
      status: 'up-to-date',
      imageId: first.imageId,
    });
    expect(registry.requests.filter((line) => !line.endsWith('/v2/'))).toEqual(['HEAD /v2/app/manifests/v1']);

    await registry.push('app:v1', [{ a: '1' }, { b: '2' }]);
    registry.requests.length = 0;
    const messages: string[] = [];
    const second = await stowage.pull('localhost/app:v1', {
      ...PLATFORM,
      onProgress: ({ action }) => action !== undefined && messages.push(action),
    });
    expect(second.status).toBe('downloaded');
    expect(messages[0]).toBe('Already exists');
    expect(registry.requests.filter((line) => line.includes('/blobs/'))).toHaveLength(2);
    expect((await stowage.images()).map(({ references }) => references)).toEqual([['localhost/app:v1'], []]);
  });

  it('refuses images for another operating system than was asked for, and keeps none of them', async () => {
    const registry = createTestRegistry();
    await registry.push('app:windows', [{ a: '1' }], { os: 'windows', architecture: 'amd64' });
    await using stowage = await open(registry);
    await expect(stowage.pull('localhost/app:windows', PLATFORM)).rejects.toMatchObject({
      code: 'PLATFORM_MISMATCH',
      message: 'image operating system "windows" cannot be used on this platform',
    });
    expect([await stowage.images(), [...(await stowage.layers.map())]]).toEqual([[], []]);
    const result = await stowage.pull('localhost/app:windows', { platform: 'windows/amd64' });
    expect(result.platform.os).toBe('windows');
    await expect(stowage.pull('localhost/app:windows', PLATFORM)).rejects.toMatchObject({
      code: 'PLATFORM_MISMATCH',
    });
  });

  it('chooses from indexes, nested ones too, and says when there is nothing to choose', async () => {
    const registry = createTestRegistry();
    const named = async (platform: Platform): Promise<Descriptor> => ({
      ...(await registry.push(
        `app:${platform.architecture}`,
        [{ arch: formatPlatform(platform) }],
        platform,
      )),
      platform,
    });
    const inner = await registry.pushIndex('app:inner', [await named(ARM64)]);
    const outer = await registry.pushIndex('app:multi', [await named(AMD64), { ...inner, platform: ARM64 }]);
    await using stowage = await open(registry);
    for (const platform of ['linux/arm64', 'linux/amd64']) {
      const pulled = await stowage.pull('localhost/app:multi', { platform });
      expect(pulled).toMatchObject({ digest: outer.digest, status: 'downloaded' });
      await using view = await stowage.view('localhost/app:multi');
      expect(await new Response(await view.readFile('arch')).text()).toBe(platform);
    }
    const both = (await stowage.images()).map(({ digests }) => digests);
    expect(both.every((digests) => digests.length === 1)).toBe(true);
    const wanted = stowage.pull('localhost/app:multi', { platform: 'linux/s390x' });
    await expect(wanted).rejects.toThrow('no matching manifest for linux/s390x in the manifest list entries');
    expect(await stowage.resolve('localhost/app:multi')).toMatchObject({ digest: outer.digest });
    expect(await stowage.resolve('localhost/app:multi', { platform: 'linux/amd64' })).toMatchObject({
      platform: AMD64,
    });
    expect(await codeOf(stowage.resolve('localhost/app:multi', { platform: 'linux/s390x' }))).toBe(
      'PLATFORM_MISMATCH',
    );
  });

  it('goes by digest, and all tags', async () => {
    const registry = createTestRegistry();
    const one = await registry.push('app:one', [{ a: '1' }]);
    await registry.push('app:two', [{ a: '2' }]);
    await using stowage = await open(registry);
    expect(await stowage.pull(`localhost/app@${one.digest}`, PLATFORM)).toMatchObject({ digest: one.digest });
    expect((await stowage.inspect(`localhost/app@${one.digest}`)).references).toEqual([]);
    const all = await stowage.pull('localhost/app', { ...PLATFORM, allTags: true });
    expect(all).toMatchObject({ reference: 'localhost/app', status: 'downloaded' });
    expect(all.images?.map(({ reference }) => reference)).toEqual(['localhost/app:one', 'localhost/app:two']);
    const tags: string[] = [];
    for await (const tag of stowage.tags('localhost/app')) tags.push(tag);
    expect(tags).toEqual(['one', 'two']);
  });

  it('says what is wrong', async () => {
    const registry = createTestRegistry();
    await registry.push('app:v1', [{ a: '1' }]);
    await using stowage = await open(registry);
    expect(await codeOf(stowage.pull('localhost/app:v2'))).toBe('NOT_FOUND');
    await expect(stowage.pull('localhost/app:v2')).rejects.toThrow(
      'manifest for localhost/app:v2 not found: manifest unknown',
    );
    expect(await codeOf(stowage.pull('Not A Name'))).toBe('INVALID_REFERENCE');
    expect(await codeOf(stowage.pull('scratch'))).toBe('DENIED');
    expect(await codeOf(stowage.pull('localhost/app:v1', { allTags: true }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(stowage.pull('localhost/app:v1', { platform: 'not/a/platform/at/all' }))).toBe(
      'INVALID_ARGUMENT',
    );
    expect(await codeOf(stowage.inspect('localhost/absent'))).toBe('NOT_FOUND');
    expect(await codeOf(openStowage({ root: '/x', storage: createMemoryStorage() }))).toBe(
      'INVALID_ARGUMENT',
    );
    await stowage.close();
    expect(await codeOf(stowage.pull('localhost/app:v1'))).toBe('UNAVAILABLE');
  });

  it('keeps what is no image whole, makes none of it, and lets it go by its name', async () => {
    const registry = createTestRegistry();
    const config = { mediaType: 'application/vnd.cncf.helm.config.v1+json' };
    const manifest = await registry.push('chart:v1', [{ 'Chart.yaml': 'name: x' }], AMD64, config);
    await using stowage = await open(registry);
    expect(await stowage.pull('localhost/chart:v1')).toMatchObject({
      artifactType: config.mediaType,
      digest: manifest.digest,
      imageId: manifest.digest,
      status: 'downloaded',
    });
    expect([await stowage.images(), (await stowage.layers.map()).size]).toEqual([[], 0]);
    expect((await stowage.check()).problems).toEqual([]);
    await stowage.gc();
    expect(await blobs(stowage)).toBe(3);
    registry.requests.length = 0;
    expect((await stowage.pull('localhost/chart:v1')).status).toBe('up-to-date');
    expect(registry.requests.filter((line) => line.startsWith('GET /v2/chart'))).toEqual([]);
    expect(await stowage.remove('localhost/chart:v1')).toEqual({
      untagged: ['localhost/chart:v1', `localhost/chart@${manifest.digest}`],
      deleted: [manifest.digest],
    });
    expect(await blobs(stowage)).toBe(0);
  });

  it('refuses a manifest whose layers are not those of its configuration', async () => {
    const registry = createTestRegistry();
    await registry.push('app:v1', [{ a: '1' }], AMD64, { diffIds: [await digestBytes(new Uint8Array(1))] });
    await using stowage = await open(registry);
    await expect(stowage.pull('localhost/app:v1', PLATFORM)).rejects.toThrow(
      `layers from manifest don't match image configuration`,
    );
    expect(await stowage.images()).toEqual([]);
    await stowage.gc();
    expect(await blobs(stowage)).toBe(0);
  });
});

describe('names and garbage', () => {
  it('an image goes with its last name, and what it alone used goes with it', async () => {
    const registry = createTestRegistry();
    await registry.push('one:v1', [{ shared: 's' }, { one: '1' }]);
    await registry.push('two:v1', [{ shared: 's' }, { two: '2' }]);
    await using stowage = await open(registry);
    await stowage.pull('localhost/one:v1', PLATFORM);
    await stowage.pull('localhost/two:v1', PLATFORM);
    expect(await blobs(stowage)).toBe(7);
    await stowage.tag('localhost/one:v1', 'other:v9');
    expect((await stowage.inspect('other:v9')).references).toEqual(['other:v9', 'localhost/one:v1']);
    expect((await stowage.remove('localhost/one:v1')).deleted).toEqual([]);
    const { id, layers } = await stowage.inspect('other:v9');
    expect(await stowage.remove('other:v9')).toEqual({
      untagged: ['other:v9'],
      deleted: [id, layers[1]?.chainId],
    });
    expect(await blobs(stowage)).toBe(4);
    const left = await stowage.inspect('localhost/two:v1');
    expect(left.layers).toHaveLength(2);
    // Where a layer was seen is known for as long as the layer is here.
    const seen = createV2MetadataService(stowage.metadata);
    const places = await Promise.all(left.layers.map(({ diffId }) => seen.getMetadata(diffId)));
    expect(places.map((list) => list.map(({ sourceRepository }) => sourceRepository))).toEqual([
      ['localhost/one', 'localhost/two'],
      ['localhost/two'],
    ]);
    await stowage.remove('localhost/two:v1');
    expect(await blobs(stowage)).toBe(0);
    for (const namespace of ['diffid-by-digest', 'v2metadata-by-diffid']) {
      for await (const key of stowage.metadata.keys(namespace)) expect(key).toBeUndefined();
    }
    expect(await stowage.images()).toEqual([]);
  });

  it('an ID that several repositories name is removed by force only', async () => {
    const registry = createTestRegistry();
    await registry.push('one:v1', [{ one: '1' }]);
    await using stowage = await open(registry);
    const { imageId } = await stowage.pull('localhost/one:v1', PLATFORM);
    await stowage.tag(imageId, 'other:v1');
    expect(await codeOf(stowage.remove(imageId.slice(0, 20)))).toBe('CONFLICT');
    expect((await stowage.remove(imageId, { force: true })).deleted[0]).toBe(imageId);
    expect(await blobs(stowage)).toBe(0);
  });

  it('gc frees images without a name and stray blobs, and keeps what other tools have named', async () => {
    const registry = createTestRegistry();
    await registry.push('app:v1', [{ a: '1' }]);
    await using stowage = await open(registry);
    await stowage.pull('localhost/app:v1', PLATFORM);
    await registry.push('app:v1', [{ a: '2' }]);
    await stowage.pull('localhost/app:v1', PLATFORM);
    const stray = new TextEncoder().encode('stray');
    const kept = new TextEncoder().encode('{"named":"by another tool"}');
    for (const bytes of [stray, kept]) {
      await using ingest = await stowage.content.ingest('by-hand');
      await ingest.write(bytes);
      await ingest.commit();
    }
    const index = (await stowage.metadata.get('layout', 'index.json')) ?? new Uint8Array();
    const document = JSON.parse(new TextDecoder().decode(index)) as { manifests: unknown[] };
    document.manifests.push({
      mediaType: 'application/x-other',
      digest: await digestBytes(kept),
      size: kept.length,
    });
    await stowage.metadata.set('layout', 'index.json', new TextEncoder().encode(JSON.stringify(document)));

    // The first image keeps its digest as a name, so nothing of it goes.
    expect(await stowage.gc()).toEqual({
      images: 0,
      layers: 0,
      blobs: 1,
      ingests: 0,
      bytes: stray.length,
    });
    const [, old] = await stowage.images();
    for (const digest of old?.digests ?? []) await stowage.references.delete(parseNormalizedNamed(digest));
    expect(await stowage.gc()).toMatchObject({ images: 1, layers: 1, blobs: 3 });
    expect(await blobs(stowage)).toBe(4);
    expect(await stowage.gc()).toEqual({ images: 0, layers: 0, blobs: 0, ingests: 0, bytes: 0 });
  });

  it('gc throws away what nobody went on with for a week, and nothing that is open', async () => {
    let now = 0;
    const clock: Clock = { now: () => now, sleep: () => Promise.reject(new Error('no need to wait')) };
    const storage = createMemoryStorage({ clock });
    await using stowage = await openStowage({ storage, clock });
    for (const ref of ['old', 'open']) {
      const ingest = await stowage.content.ingest(ref);
      await ingest.write(new Uint8Array(100));
      await ingest.close();
    }
    await using open = await stowage.content.ingest('open');
    const refs = async (): Promise<string[]> => {
      const list: string[] = [];
      for await (const { ref } of stowage.content.ingests()) list.push(ref);
      return list;
    };
    now = 7 * 24 * 60 * 60 * 1000;
    expect(await stowage.gc()).toMatchObject({ ingests: 0, bytes: 0 });
    now += 1;
    expect(await stowage.gc()).toMatchObject({ ingests: 1, bytes: 100 });
    expect(await refs()).toEqual(['open']);
    await open.close();
    expect(await stowage.gc()).toMatchObject({ ingests: 1, bytes: 100 });
    expect(await refs()).toEqual([]);
  });

  it('gc leaves alone what a pull is bringing in', async () => {
    const registry = createTestRegistry();
    await registry.push('app:v1', [{ a: '1' }, { b: '2' }]);
    const collected: Promise<unknown>[] = [];
    await using stowage = await open(registry);
    await stowage.pull('localhost/app:v1', {
      ...PLATFORM,
      onProgress: ({ action }) => {
        if (action === 'Download complete' || action === 'Pull complete') collected.push(stowage.gc());
      },
    });
    await Promise.all(collected);
    expect(collected.length).toBeGreaterThanOrEqual(4);
    await using view = await stowage.view('localhost/app:v1');
    expect([...view.walk()].map(({ path }) => path)).toEqual(['a', 'b']);
    expect(await blobs(stowage)).toBe(4);
  });
});
