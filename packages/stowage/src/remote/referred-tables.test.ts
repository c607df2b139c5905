import { collect, digestBytes, streamOf } from '@stowage/core';
import { buildSeekIndex, decodeSeekIndex, encodeSeekIndex } from '@stowage/layer-store';
import { digestKey, MEDIA_TYPES } from '@stowage/types';
import type { Bytes, Descriptor, Digest, Fetch, Platform } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { openStowage } from '../open-stowage.ts';
import type { Stowage } from '../stowage.ts';
import { refusal } from '../test-support/fake-registry.ts';
import { createTestRegistry, tarOf } from '../test-support/test-registry.ts';
import type { TestRegistry } from '../test-support/test-registry.ts';

const PLATFORM: Platform = { os: 'linux', architecture: 'amd64' };
const APP = 'localhost/team/app:v1';
const TYPE = 'application/vnd.stowage.seek-index.v1';
const LAYER_TYPE = 'application/vnd.stowage.seek-index.layer.v1';
const OF = 'dev.stowage.seek-index.layer';
const TAR = tarOf({ 'etc/motd': 'hello' });
const LAYER = await digestBytes(TAR);

let registry: TestRegistry;
let image: Descriptor;
let stowage: Stowage;
/** Answers in place of the registry where it gives an answer. */
let instead: (path: string, method: string) => Response | undefined;

beforeEach(async () => {
  registry = createTestRegistry();
  image = await registry.push('team/app:v1', [{ 'etc/motd': 'hello' }]);
  instead = () => undefined;
  const fetch: Fetch = async (text, init) =>
    instead(new URL(text).pathname, init?.method ?? 'GET') ?? (await registry.fetch(text, init));
  stowage = await openStowage({ fetch, retry: { attempts: 1 } });
});

async function indexOf(tar: Bytes, digest?: Digest): Promise<Bytes> {
  const content = { open: () => Promise.resolve(streamOf(tar)) };
  const descriptor = { digest: await digestBytes(tar), size: tar.length };
  const index = await buildSeekIndex({ content, descriptor });
  if (digest === undefined) return index;
  return await encodeSeekIndex({
    ...(await decodeSeekIndex(index)),
    blob: { digest, size: tar.length },
  });
}

/** Pushes an artifact of indexes beside the image, each said to be that of the layer. */
async function refer(...indexes: readonly Bytes[]): Promise<void> {
  await stowage.pushArtifact('localhost/team/app', {
    artifactType: TYPE,
    subject: image.digest,
    files: indexes.map((content) => ({ content, mediaType: LAYER_TYPE, annotations: { [OF]: LAYER } })),
  });
}

/** Reads the file, and tells how often the layer was asked for and whether an index of others was used. */
async function read(): Promise<{ readonly text: string; readonly streamed: boolean }> {
  const view = await stowage.viewRemote(APP, { platform: PLATFORM });
  const text = new TextDecoder().decode(await collect(await view.readFile('etc/motd'), { maxBytes: 100 }));
  let streamed = false;
  for await (const key of stowage.metadata.keys('remote-seek')) streamed = key !== '';
  let referred = false;
  for await (const key of stowage.metadata.keys('referred-seek')) referred = key !== '';
  expect(referred).toBe(!streamed);
  return { text, streamed };
}

const STREAMED = { text: 'hello', streamed: true };
const REFERRED = { text: 'hello', streamed: false };

describe('what refers to an image', () => {
  it('opens its layers', async () => {
    await refer(await indexOf(TAR));
    expect(await read()).toEqual(REFERRED);
  });

  it.each<[string, () => Promise<Bytes>]>([
    ['that of another layer', () => indexOf(tarOf({ 'etc/motd': 'other' }))],
    ['one of another DiffID', () => indexOf(tarOf({ 'etc/motd': 'jello' }), LAYER)],
    ['larger than the layer', () => Promise.resolve(new Uint8Array(TAR.length + 1))],
    ['nothing of the kind', () => Promise.resolve(new Uint8Array([1, 2, 3]))],
    [
      'damaged',
      async () => {
        const index = await indexOf(TAR);
        return index.map((byte, at) => (at === 60 ? byte ^ 1 : byte));
      },
    ],
  ])('is passed over where it is %s, for the next one', async (_name, make) => {
    await refer(await make());
    expect(await read()).toEqual(STREAMED);
    await stowage.gc();
    await refer(await indexOf(TAR));
    expect(await read()).toEqual(REFERRED);
  });

  it.each([-1, 1])('is passed over where its descriptor lies by %i about its size', async (by) => {
    const index = await indexOf(TAR);
    await refer(index);
    const [listed] = await referrers();
    const path = `/v2/team/app/manifests/${listed?.digest ?? ''}`;
    const sound = await (await registry.fetch(`http://registry${path}`, {})).text();
    const lie = sound.replace(`"size":${String(index.length)}`, `"size":${String(index.length + by)}`);
    expect(lie).not.toBe(sound);
    const digest = await digestBytes(new TextEncoder().encode(lie));
    instead = (asked) => {
      if (asked.includes('/referrers/')) return list([{ ...listed, digest }]);
      if (!asked.endsWith(digest)) return undefined;
      return new Response(lie, { headers: { 'content-type': MEDIA_TYPES.ociManifest } });
    };
    expect(await read()).toEqual(STREAMED);
  });

  it.each([
    [1_000, 4],
    [1_000_000, 0],
  ])('is listed to a limit, and read four times at most, of %i', async (count, expected) => {
    const page = list(
      Array.from({ length: Math.min(count, 1_001) }, (_, at) => ({
        mediaType: MEDIA_TYPES.ociManifest,
        digest: `sha256:${at.toString(16).padStart(64, '0')}`,
        size: 2,
        artifactType: at % 2 === 0 ? 'application/vnd.example.other' : TYPE,
      })),
    );
    let manifests = 0;
    instead = (asked) => {
      if (asked.includes('/manifests/sha256:0000')) manifests += 1;
      return asked.includes('/referrers/') ? page : undefined;
    };
    expect(await read()).toEqual(STREAMED);
    expect(manifests).toBe(expected);
  });

  it.each([400, 401, 403, 404, 429, 500, 503])(
    'is nothing where its list is answered with %i',
    async (status) => {
      await refer(await indexOf(TAR));
      instead = (asked) => (asked.includes('/referrers/') ? refusal(status, 'ODD') : undefined);
      expect(await read()).toEqual(STREAMED);
    },
  );

  it.each(['manifests', 'blobs'])('is nothing where its %s are refused', async (what) => {
    const index = await indexOf(TAR);
    await refer(index);
    const [listed] = await referrers();
    const digest = what === 'blobs' ? await digestBytes(index) : (listed?.digest ?? '');
    instead = (asked) => (asked.endsWith(`/${what}/${digest}`) ? refusal(403, 'DENIED') : undefined);
    expect(await read()).toEqual(STREAMED);
  });

  it('is kept for its repository alone', async () => {
    await refer(await indexOf(TAR));
    expect(await read()).toEqual(REFERRED);
    await registry.push('other/app:v1', [{ 'etc/motd': 'hello' }]);
    await stowage.viewRemote('localhost/other/app:v1', { platform: PLATFORM });
    expect(await stowage.metadata.get('remote-seek', digestKey(LAYER))).toBeDefined();
  });

  it('is taken by what its manifest says, where the list does not tell its type', async () => {
    await refer(await indexOf(TAR));
    const [{ artifactType: _type, ...listed } = image] = await referrers();
    instead = (asked) => (asked.includes('/referrers/') ? list([image, listed]) : undefined);
    expect(await read()).toEqual(REFERRED);
  });

  it('ends with an abort', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    instead = (asked) => {
      if (asked.includes('/referrers/')) stop.abort(reason);
      return undefined;
    };
    await expect(stowage.viewRemote(APP, { platform: PLATFORM, signal: stop.signal })).rejects.toBe(reason);
  });
});

async function referrers(): Promise<Descriptor[]> {
  const found: Descriptor[] = [];
  for await (const referrer of stowage.referrers(APP)) found.push(referrer);
  return found;
}

function list(manifests: readonly object[]): Response {
  const headers = { 'content-type': MEDIA_TYPES.ociIndex };
  return Response.json({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests }, { headers });
}
