import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import type { Progress } from '@stowage/types';
import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImage, buildIndex, pushImage, pushManifest, UNCOMPRESSED } from '../support/image-builder.ts';
import type { BuiltImage } from '../support/image-builder.ts';
import type { DockerRegistry } from './support/docker-registry.ts';
import { startDockerd } from './support/dockerd.ts';
import type { DockerLine, Dockerd } from './support/dockerd.ts';
import type { HttpServer } from './support/http.ts';
import { findPeers } from './support/peers.ts';
import { layerSteps, pullLines, toLines } from './support/progress-lines.ts';
import { copyAsSchema1 } from './support/skopeo.ts';
import { useRegistries } from './support/use-registries.ts';

const NOTHING = `sha256:${'0'.repeat(64)}`;
const BASE = [{ name: 'base', content: 'base' }];
const first = buildImage([BASE, [{ name: 'a', content: 'first' }], [{ name: 'b', content: 'first' }]]);
const second = buildImage([BASE, [{ name: 'a', content: 'second' }]]);
const twice = buildImage([BASE, [{ name: 'c', content: 'x' }], BASE], { docker: true });
const plain = buildImage([BASE, [{ name: 'e', content: 'plain' }]], { compression: UNCOMPRESSED });
const old = buildImage([BASE, [{ name: 'f', content: 'old' }], BASE], { docker: true });
const arm = buildImage([BASE], { architecture: 'arm64' });
const intel = buildImage([BASE, [{ name: 'd', content: 'amd64' }]]);
const index = buildIndex([
  { ...arm.descriptor, platform: { os: 'linux', architecture: 'arm64' } },
  { ...intel.descriptor, platform: { os: 'linux', architecture: 'amd64' } },
]);
const list = buildIndex([{ ...twice.descriptor, platform: { os: 'linux', architecture: 'amd64' } }], true);
const foreign = buildIndex([{ ...arm.descriptor, platform: { os: 'linux', architecture: 's390x' } }]);

describe('the comparison', () => {
  const [a, b] = ['0123456789ab', 'ba9876543210'];
  const lines = [
    { id: 'v1', status: 'Pulling from team/a' },
    { id: b, status: 'Pulling fs layer' },
    { id: a, status: 'Pulling fs layer' },
    { id: a, status: 'Downloading' },
    { id: a, status: 'Downloading' },
    { id: b, status: 'Pull complete' },
    { id: a, status: 'Pull complete' },
    { status: 'Digest: sha256:1' },
    { error: 'but no' },
  ];

  it('keeps what is said of each layer together', () => {
    expect(pullLines(lines)).toEqual([
      'v1: Pulling from team/a',
      ...[`${b}: Pulling fs layer`, `${b}: Pull complete`, `${a}: Pulling fs layer`, `${a}: Pull complete`],
      ...['Digest: sha256:1', 'error: but no'],
    ]);
  });

  it('knows every step of a layer once', () => {
    expect(layerSteps(lines)).toEqual({
      [b]: ['Pulling fs layer', 'Pull complete'],
      [a]: ['Pulling fs layer', 'Downloading', 'Pull complete'],
    });
  });
});

describe.each(findPeers('dockerd'))('a pull by %s says what ours does', () => {
  const registries = useRegistries();
  let registry: DockerRegistry;
  let own: HttpServer;
  let dockerd: Dockerd;
  let ours: Stowage;

  beforeAll(async () => {
    const server = createRegistryServer({ storage: createMemoryStorage() });
    [registry, own, dockerd, ours] = await Promise.all([
      registries.start({ schema1: true }),
      registries.serve((request) =>
        new URL(request.url).pathname.startsWith('/v2/denied/') ? Promise.resolve(denial()) : server(request),
      ),
      startDockerd(),
      openStowage(),
    ]);
    await push('a', 'v1', first);
    await push('a', 'v2', second);
    await push('a', 'twice', twice);
    await push('multi', arm.descriptor.digest, arm);
    await push('multi', intel.descriptor.digest, intel);
    await pushManifest(fetch, `http://${registry.host}`, 'team/multi', 'v1', index);
    await pushManifest(fetch, `http://${registry.host}`, 'team/multi', 'foreign', foreign);
    await pushManifest(fetch, `http://${registry.host}`, 'team/a', 'list', list);
    await push('plain', 'v1', plain);
    await push('old', 'v2', old);
    await copyAsSchema1(`${registry.host}/team/old:v2`, `${registry.host}/team/old:v1`);
  });
  afterAll(async () => {
    await ours.close();
    await dockerd.stop();
  });

  async function push(name: string, tag: string, image: BuiltImage): Promise<void> {
    await pushImage(fetch, `http://${registry.host}`, `team/${name}`, tag, image);
  }

  async function both(name: string, tag: string): Promise<[theirs: DockerLine[], ours: DockerLine[]]> {
    const steps: Progress[] = [];
    const reference = referenceOf(name, tag);
    const failed = (error: unknown): DockerLine[] => [{ error: (error as Error).message }];
    const [theirs, mine] = await Promise.all([
      dockerd.pull(name, tag).catch(failed),
      ours
        .pull(reference, { allTags: tag === '', onProgress: (step) => steps.push(step) })
        .then(() => [], failed),
    ]);
    return [[...theirs], [...toLines(steps), ...mine]];
  }

  /** Compares a pull line by line, and what came of it; `name` without its registry. Answers the lines. */
  async function compare(
    name: string,
    tag: string,
    { host }: { readonly host: string } = registry,
  ): Promise<readonly string[]> {
    const [theirs, mine] = await both(`${host}/${name}`, tag);
    expect(pullLines(mine)).toEqual(pullLines(theirs));
    const said = layerSteps(theirs);
    for (const [id, steps] of Object.entries(layerSteps(mine))) {
      expect(steps).toEqual(STEPS.filter((step) => steps.includes(step)));
      // dockerd keeps no blobs: what is here, and is to stand on other layers, it downloads again.
      const known = steps.includes('Downloading') ? steps : STEPS;
      expect(known.filter((step) => said[id]?.includes(step))).toEqual(said[id]);
    }
    return pullLines(mine);
  }

  /** Compares an image that both have, and finds the digest that it was pulled by among its names. */
  async function compareImages(name: string, tag: string, digest: string): Promise<void> {
    const reference = referenceOf(`${registry.host}/${name}`, tag);
    const theirs = await dockerd.inspect(reference);
    const mine = await ours.inspect(reference);
    expect([mine.id, mine.rootfs.diff_ids]).toEqual([theirs.Id, theirs.RootFS.Layers]);
    expect(theirs.RepoDigests).toContain(`${registry.host}/${name}@${digest}`);
    expect((await ours.inspect(`${registry.host}/${name}@${digest}`)).id).toBe(theirs.Id);
  }

  // In this order: every pull finds what the ones before brought in.
  it('of an image of several layers, of OCI', async () => {
    expect(await compare('team/a', 'v1')).toHaveLength(9);
    await compareImages('team/a', 'v1', first.descriptor.digest);
  });

  it('of an image that is here', async () => {
    expect((await compare('team/a', 'v1')).at(-1)).toMatch(/^Status: Image is up to date for /);
  });

  it('of an image on layers that are here', async () => {
    expect((await compare('team/a', 'v2'))[1]).toMatch(/: Already exists$/);
    await compareImages('team/a', 'v2', second.descriptor.digest);
  });

  it('of a tag that has moved', async () => {
    await push('a', 'v1', second);
    expect((await compare('team/a', 'v1')).at(-1)).toMatch(/^Status: Downloaded newer image for /);
    await compareImages('team/a', 'v1', second.descriptor.digest);
  });

  it('of all tags, with an image of docker and a list', async () => {
    const lines = await compare('team/a', '');
    expect(lines.filter((line) => line.endsWith(': Pulling from team/a'))).toHaveLength(4);
    await compareImages('team/a', 'twice', twice.descriptor.digest);
    await compareImages('team/a', 'list', list.descriptor.digest);
  });

  it('of an index', async () => {
    await compare('team/multi', 'v1');
    await compareImages('team/multi', 'v1', index.descriptor.digest);
  });

  it('of a digest, of an index and of an image', async () => {
    for (const { digest } of [index.descriptor, arm.descriptor]) {
      await compare('team/multi', digest);
      await compareImages('team/multi', digest, digest);
    }
  });

  it('of layers that are not compressed', async () => {
    await compare('team/plain', 'v1');
    await compareImages('team/plain', 'v1', plain.descriptor.digest);
  });

  it('of schema 1, and of schema 2 with the same layers', async () => {
    const lines = await compare('team/old', 'v1');
    const digest = lines.find((line) => line.startsWith('Digest: '))?.slice('Digest: '.length) ?? '';
    await compareImages('team/old', 'v1', digest);
    await compare('team/old', 'v2');
    await compareImages('team/old', 'v2', old.descriptor.digest);
    expect((await ours.inspect(`${registry.host}/team/old:v1`)).rootfs.diff_ids).toEqual(
      old.layers.map(({ diffId }) => diffId),
    );
  });

  it.each([
    ['a platform that an index has not', 'team/multi', 'foreign', /no matching manifest for linux/],
    [
      'a digest that is not there',
      'team/multi',
      NOTHING,
      /^error: manifest for .* not found: manifest unknown/,
    ],
    ['a tag that is not there', 'team/a', 'v9', /^error: manifest for .* not found: manifest unknown/],
    [
      'a repository that is not there',
      'team/none',
      'v1',
      /^error: manifest for .* not found: manifest unknown/,
    ],
    ['all tags of a repository that is not there', 'team/none', '', /^error: repository .* not found/],
  ])('that fails for %s', async (_, name, tag, message) => {
    expect((await compare(name, tag)).at(-1)).toMatch(message);
  });

  it('that is denied', async () => {
    expect(await compare('denied/a', 'v1', own)).toEqual([
      expect.stringMatching(
        /^error: pull access denied for .* or may require 'docker login': denied: not for you$/,
      ),
    ]);
  });
});

/** What dockerd says of a layer, in order. It leaves steps out when it is busy. */
const STEPS = [
  ...['Already exists', 'Pulling fs layer', 'Waiting', 'Downloading', 'Verifying Checksum'],
  ...['Download complete', 'Extracting', 'Pull complete'],
];

function referenceOf(name: string, tag: string): string {
  return tag === '' ? name : `${name}${tag.includes(':') ? '@' : ':'}${tag}`;
}

function denial(): Response {
  const errors = [{ code: 'DENIED', message: 'not for you' }];
  return Response.json({ errors }, { status: 403 });
}
