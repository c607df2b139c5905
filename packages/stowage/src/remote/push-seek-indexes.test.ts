import { collect } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { digestKey, parseManifest } from '@stowage/types';
import type { Descriptor, Digest, Platform } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { openStowage } from '../open-stowage.ts';
import type { Stowage } from '../stowage.ts';
import { createTestRegistry } from '../test-support/test-registry.ts';
import type { TestRegistry } from '../test-support/test-registry.ts';

const PLATFORM: Platform = { os: 'linux', architecture: 'amd64' };
const APP = 'localhost/team/app:v1';
const BASE = { 'etc/motd': 'hello' };
const TREES = [BASE, { 'bin/app': 'x'.repeat(5000) }, BASE];

let registry: TestRegistry;
let image: Descriptor;
let layers: readonly Digest[];
let stowage: Stowage;

beforeEach(async () => {
  registry = createTestRegistry();
  image = await registry.push('team/app:v1', TREES);
  stowage = await openStowage({ fetch: registry.fetch });
  const response = await registry.fetch('http://registry/v2/team/app/manifests/v1', {});
  const manifest = parseManifest(new Uint8Array(await response.arrayBuffer()));
  layers = manifest.kind === 'manifest' ? manifest.layers.map(({ digest }) => digest) : [];
  registry.requests.length = 0;
});

/** What was asked of the registry since the last call and contains a text. */
const asked = (text: string): string[] => registry.requests.splice(0).filter((line) => line.includes(text));
const isLayer = (line: string): boolean =>
  layers.some((digest) => line === `GET /v2/team/app/blobs/${digest}`);

describe('pushSeekIndexes', () => {
  it('pushes one artifact with the index of each layer, which refers to the image', async () => {
    const told: string[] = [];
    const pushed = await stowage.pushSeekIndexes(APP, {
      platform: 'linux/amd64',
      onProgress: ({ action }) => told.push(action ?? ''),
    });
    expect(pushed).toMatchObject({
      artifactType: 'application/vnd.stowage.seek-index.v1',
      subject: image.digest,
      reference: `localhost/team/app@${pushed.digest}`,
    });
    const { files } = await stowage.pullArtifact(pushed.reference);
    expect(files.map(({ mediaType, annotations }) => [mediaType, annotations])).toEqual(
      layers
        .slice(0, 2)
        .map((digest) => [
          'application/vnd.stowage.seek-index.layer.v1',
          { 'dev.stowage.seek-index.layer': digest },
        ]),
    );
    const [first] = files;
    const bytes = first && (await collect(await first.open(), { maxBytes: first.size }));
    expect(await stowage.metadata.get('remote-seek', digestKey(layers[0] ?? image.digest))).toEqual(bytes);
    expect(told.filter((action) => action === 'Read complete').length).toBe(2);
    const listed: Digest[] = [];
    for await (const { digest } of stowage.referrers(APP)) listed.push(digest);
    expect(listed).toEqual([pushed.digest]);
  });

  it('reads no layer again, and sends nothing that is there', async () => {
    const { digest } = await stowage.pushSeekIndexes(APP, { platform: PLATFORM });
    expect(registry.requests.filter(isLayer).length).toBe(2);
    registry.requests.length = 0;
    const again = await stowage.pushSeekIndexes(APP, { platform: PLATFORM });
    expect([again.digest, again.blobs.map(({ status }) => status)]).toEqual([
      digest,
      ['existing', 'existing', 'existing'],
    ]);
    expect(registry.requests.filter((line) => isLayer(line) || /^(PUT|POST|PATCH)/.test(line))).toEqual([]);
  });

  it('takes what a pull has left, which is the same', async () => {
    const { digest } = await stowage.pushSeekIndexes(APP, { platform: PLATFORM });
    const other = await openStowage({ fetch: registry.fetch });
    await other.pull(APP, { platform: PLATFORM });
    asked('');
    expect((await other.pushSeekIndexes(APP, { platform: PLATFORM })).digest).toBe(digest);
    expect(registry.requests.filter(isLayer)).toEqual([]);
    // One that is damaged is made again.
    const [layer = image.digest] = layers;
    await other.metadata.set('seek', digestKey(layer), new Uint8Array([1, 2, 3]));
    expect((await other.pushSeekIndexes(APP, { platform: PLATFORM })).digest).toBe(digest);
    expect(registry.requests.filter(isLayer).length).toBe(1);
  });

  it('does not vouch for what others have pushed', async () => {
    await stowage.pushSeekIndexes(APP, { platform: PLATFORM });
    const other = await openStowage({ fetch: registry.fetch });
    await other.viewRemote(APP, { platform: PLATFORM });
    asked('');
    await other.pushSeekIndexes(APP, { platform: PLATFORM });
    expect(registry.requests.filter(isLayer).length).toBe(2);
  });

  it('lets others look into the image without streaming its layers', async () => {
    await stowage.pushSeekIndexes(APP, { platform: PLATFORM });
    const storage = createMemoryStorage();
    const read = async (referrers?: boolean): Promise<string> => {
      await using other = await openStowage({ fetch: registry.fetch, storage });
      const view = await other.viewRemote(APP, { platform: PLATFORM, referrers });
      registry.requests.push('open');
      return new TextDecoder().decode(await collect(await view.readFile('etc/motd'), { maxBytes: 100 }));
    };
    const beforeOpen = (): string[] =>
      registry.requests.splice(0, registry.requests.indexOf('open') + 1).filter((line) => line !== 'open');
    asked('');
    expect(await read()).toBe('hello');
    const first = beforeOpen();
    // The end of each layer, for a table; the image has one of them twice.
    expect(first.filter(isLayer).length).toBe(2);
    expect(first.filter((line) => line.includes('/referrers/')).length).toBe(1);
    // The configuration, and an index for each layer.
    expect(first.filter((line) => line.includes('/blobs/') && !isLayer(line)).length).toBe(1 + 2);

    asked('');
    expect(await read()).toBe('hello');
    expect(beforeOpen().filter((line) => isLayer(line) || line.includes('/referrers/'))).toEqual([]);

    // Who trusts nobody but the image is not given what is kept of others.
    asked('');
    expect(await read(false)).toBe('hello');
    const alone = beforeOpen();
    expect(alone.filter((line) => line.includes('/referrers/'))).toEqual([]);
    expect(alone.filter(isLayer).length).toBeGreaterThanOrEqual(2 * 2);
    await using other = await openStowage({ fetch: registry.fetch, storage });
    await other.gc();
    for (const namespace of ['remote-seek', 'referred-seek']) {
      for await (const key of storage.metadata.keys(namespace)) expect.fail(key);
    }
  });

  it('says what is not there, and ends with the reason of an abort', async () => {
    await expect(stowage.pushSeekIndexes('localhost/team/none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(stowage.pushSeekIndexes(APP, { signal })).rejects.toBe(reason);
  });
});
