import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { MEDIA_TYPES } from '@stowage/types';
import { openStowage } from 'stowage';
import type { PushResult, Stowage } from 'stowage';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildImage, buildIndex, pushImage, pushManifest } from '../support/image-builder.ts';
import type { BuiltImage } from '../support/image-builder.ts';
import { inspectWithSkopeo } from './support/skopeo.ts';
import { runCommand } from './support/run-command.ts';
import { ALICE, useRegistries } from './support/use-registries.ts';

const ARCHITECTURES = ['amd64', 'arm64', 's390x'] as const;
const [AMD64, ...OTHERS] = ARCHITECTURES.map((architecture) =>
  buildImage([[{ name: 'base', content: 'the base' }], [{ name: 'one', content: architecture }]], {
    architecture,
  }),
) as [BuiltImage, ...BuiltImage[]];
const INDEX = buildIndex(
  [AMD64, ...OTHERS].map(({ descriptor }, at) => ({
    ...descriptor,
    platform: { os: 'linux', architecture: ARCHITECTURES[at] ?? '' },
  })),
);
const registries = useRegistries();
let source: string;
let kinds: Record<string, { readonly host: string; readonly log: () => Promise<readonly string[]> }>;
let stowage: Stowage;

beforeAll(async () => {
  const from = await registries.serve(createRegistryServer({ storage: createMemoryStorage() }));
  source = `${from.host}/team`;
  const origin = `http://${from.host}`;
  for (const image of [AMD64, ...OTHERS])
    await pushImage(fetch, origin, 'team/multi', image.descriptor.digest, image);
  await pushManifest(fetch, origin, 'team/multi', 'v1', INDEX);
  await pushImage(fetch, origin, 'team/app', 'v1', AMD64);
  const debian = await registries.start();
  const ours = await registries.serve(createRegistryServer({ storage: createMemoryStorage() }));
  kinds = {
    'docker-registry': { host: debian.host, log: () => debian.requests() },
    'our server': { host: ours.host, log: () => Promise.resolve(ours.requests) },
  };
});

beforeEach(async () => {
  stowage = await openStowage();
});

afterEach(() => stowage.close());

/** Pushes what is named `from` to another registry. */
async function pushTo(host: string, from: string, name: string, options = {}): Promise<PushResult> {
  await stowage.tag(from, `${host}/${name}`);
  return await stowage.push(`${host}/${name}`, options);
}

/** What we make of an image of a registry, in a new store. */
async function pulledBack(name: string, platform = 'linux/amd64') {
  const other = await openStowage();
  try {
    const result = await other.pull(name, { platform });
    expect((await other.check()).problems).toEqual([]);
    return result;
  } finally {
    await other.close();
  }
}

function rawManifest(name: string): Promise<string> {
  const inspect = ['--insecure-policy', 'inspect', '--tls-verify=false', '--raw'];
  return runCommand('skopeo', [...inspect, `docker://${name}`]);
}

const digestsOf = (image: BuiltImage): string[] => image.layers.map(({ descriptor }) => descriptor.digest);

describe.each(['docker-registry', 'our server'])('%s', (kind) => {
  const host = (): string => kinds[kind]?.host ?? '';

  it('gets a pulled image as it was, and no bytes of it twice', async () => {
    await stowage.pull(`${source}/app:v1`, { platform: 'linux/amd64' });
    const pushed = await pushTo(host(), `${source}/app:v1`, 'team/app:v1');
    expect(pushed.digest).toBe(AMD64.descriptor.digest);
    expect(pushed.layers.map(({ digest }) => digest)).toEqual(digestsOf(AMD64));
    expect(await rawManifest(`${host()}/team/app:v1`)).toBe(new TextDecoder().decode(AMD64.manifest));
    const { imageId, layers } = await pulledBack(`${host()}/team/app:v1`);
    expect(imageId).toBe(AMD64.config.descriptor.digest);
    expect(layers.map(({ digest }) => digest)).toEqual(digestsOf(AMD64));
    expect((await inspectWithSkopeo(`${host()}/team/app:v1`)).id).toBe(imageId);

    const before = (await kinds[kind]?.log())?.length;
    await stowage.push(`${host()}/team/app:v1`);
    const sent = ((await kinds[kind]?.log()) ?? [])
      .slice(before)
      .filter((line) => /^(?:POST|PATCH|PUT)/.test(line));
    expect(sent).toEqual(['PUT /v2/team/app/manifests/v1 201']);

    await pushTo(host(), `${source}/app:v1`, 'team/sibling:v1');
    const log = ((await kinds[kind]?.log()) ?? []).filter((line) =>
      line.includes('/team/sibling/blobs/uploads/'),
    );
    expect(log.filter((line) => / 201$/.test(line) && line.includes('from=team%2Fapp'))).toHaveLength(2);
    // The configuration alone is sent.
    expect(log.filter((line) => !line.includes('from='))).toHaveLength(2);
  });

  it('gets a loaded archive, compressed on its way, the second time not at all', async () => {
    await stowage.pull(`${source}/app:v1`, { platform: 'linux/amd64' });
    const loaded = await openStowage();
    try {
      const archive = stowage.save([`${source}/app:v1`], { format: 'docker-v1' });
      const { images } = await loaded.load(archive, { tags: true });
      await loaded.tag(images[0]?.id ?? '', `${host()}/team/loaded:v1`);
      const { mediaType, layers, digest } = await loaded.push(`${host()}/team/loaded:v1`);
      expect(mediaType).toBe(MEDIA_TYPES.dockerManifest);
      expect(layers.map((layer) => layer.mediaType)).toEqual(layers.map(() => MEDIA_TYPES.dockerLayerGzip));
      const before = (await kinds[kind]?.log())?.length;
      expect((await loaded.push(`${host()}/team/loaded:v1`)).digest).toBe(digest);
      const log = ((await kinds[kind]?.log()) ?? []).slice(before);
      expect(log.filter((line) => /^(?:POST|PATCH)/.test(line))).toEqual([]);
    } finally {
      await loaded.close();
    }
    const skopeo = await inspectWithSkopeo(`${host()}/team/loaded:v1`);
    expect(skopeo.id).toBe(AMD64.config.descriptor.digest);
    expect(skopeo.diffIds).toEqual(AMD64.layers.map(({ diffId }) => diffId));
    expect((await pulledBack(`${host()}/team/loaded:v1`)).imageId).toBe(skopeo.id);
  });

  it('gets an index with all of its platforms', async () => {
    for (const architecture of ARCHITECTURES) {
      if (architecture === 's390x') {
        const incomplete = pushTo(host(), `${source}/multi:v1`, 'team/multi:v1', { allPlatforms: true });
        await expect(incomplete).rejects.toThrow('the image for linux/s390x');
      }
      await stowage.pull(`${source}/multi:v1`, { platform: `linux/${architecture}` });
    }
    const pushed = await pushTo(host(), `${source}/multi:v1`, 'team/multi:v1', { allPlatforms: true });
    expect(pushed.digest).toBe(INDEX.descriptor.digest);
    expect(await rawManifest(`${host()}/team/multi:v1`)).toBe(new TextDecoder().decode(INDEX.manifest));
    for (const [at, image] of [AMD64, ...OTHERS].entries()) {
      const { imageId } = await pulledBack(`${host()}/team/multi:v1`, `linux/${ARCHITECTURES[at] ?? ''}`);
      expect(imageId).toBe(image.config.descriptor.digest);
    }
  });

  it('gets layers compressed by zstd', async () => {
    await stowage.pull(`${source}/app:v1`, { platform: 'linux/amd64' });
    const pushed = await pushTo(host(), `${source}/app:v1`, 'team/zstd:v1', { compression: 'zstd' });
    expect(pushed.layers.map((layer) => layer.mediaType)).toEqual(
      pushed.layers.map(() => MEDIA_TYPES.ociLayerZstd),
    );
    const { imageId, layers } = await pulledBack(`${host()}/team/zstd:v1`);
    expect(imageId).toBe(AMD64.config.descriptor.digest);
    expect(layers.map(({ digest }) => digest)).toEqual(pushed.layers.map(({ digest }) => digest));
    expect((await inspectWithSkopeo(`${host()}/team/zstd:v1`)).id).toBe(imageId);
  });
});

describe('docker-registry with a password', () => {
  it('is pushed to with the right one alone', async () => {
    const { host } = await registries.startWithPassword();
    await stowage.pull(`${source}/app:v1`, { platform: 'linux/amd64' });
    const refused = pushTo(host, `${source}/app:v1`, 'team/app:v1');
    await expect(refused).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const alice = await openStowage({ storage: stowage.storage, auth: { ...ALICE, serverAddress: host } });
    expect((await alice.push(`${host}/team/app:v1`)).digest).toBe(AMD64.descriptor.digest);
    await alice.close();
  });
});
