import { chainId } from '@stowage/core';
import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import type { Descriptor, DiffID } from '@stowage/types';
import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildImage,
  buildIndex,
  pushImage,
  pushManifest,
  UNCOMPRESSED,
  ZSTD,
} from '../support/image-builder.ts';
import type { BuildOptions, BuiltImage, BuiltIndex } from '../support/image-builder.ts';
import { pullWithContainerd, startContainerd } from './support/containerd.ts';
import type { Containerd } from './support/containerd.ts';
import type { HttpServer } from './support/http.ts';
import { findPeers } from './support/peers.ts';
import { inspectWithSkopeo } from './support/skopeo.ts';
import { useRegistries } from './support/use-registries.ts';

/** An image whose layers no other has. */
function imageOf(seed: string, options: BuildOptions = {}, count = 2): BuiltImage {
  const layers = Array.from({ length: count }, (_, at) => [
    { name: 'file', content: `${seed} ${String(at)}` },
  ]);
  return buildImage(layers, options);
}

function onPlatform({ descriptor }: BuiltIndex, architecture: string): Descriptor {
  return { ...descriptor, platform: { os: 'linux', architecture } };
}

/** An image, and the indexes over it, the last of which the tag names. */
interface Pull {
  readonly tag: string;
  readonly image: BuiltImage;
  readonly indexes: readonly BuiltIndex[];
}

const arm = imageOf('arm', { architecture: 'arm64' });

function multi(tag: string, { nested = false, docker = false } = {}): Pull {
  const image = imageOf(tag, { docker });
  const index = buildIndex([onPlatform(arm, 'arm64'), onPlatform(image, 'amd64')], docker);
  const outer = buildIndex([onPlatform(arm, 'arm64'), onPlatform(index, 'amd64')]);
  return { tag, image, indexes: nested ? [index, outer] : [index] };
}

const single = (tag: string, options?: BuildOptions, count?: number): Pull => ({
  tag,
  image: imageOf(tag, options, count),
  indexes: [],
});

const PULLS: readonly Pull[] = [
  single('docker', { docker: true }),
  single('oci'),
  single('uncompressed', { compression: UNCOMPRESSED }),
  single('zstd', { compression: ZSTD }),
  single('120-layers', {}, 120),
  multi('list', { docker: true }),
  multi('index'),
  multi('nested', { nested: true }),
];

const registries = useRegistries();
let server: HttpServer;
let ours: Stowage;

beforeAll(async () => {
  const registry = createRegistryServer({ storage: createMemoryStorage() });
  server = await registries.serve(registry);
  ours = await openStowage();
  const origin = `http://${server.host}`;
  await pushImage(fetch, origin, 'app', arm.descriptor.digest, arm);
  for (const { tag, image, indexes } of PULLS) {
    await pushImage(fetch, origin, 'app', indexes.length === 0 ? tag : image.descriptor.digest, image);
    for (const one of indexes) {
      await pushManifest(fetch, origin, 'app', one === indexes.at(-1) ? tag : one.descriptor.digest, one);
    }
    await ours.pull(`${server.host}/app:${tag}`, { platform: 'linux/amd64' });
  }
});
afterAll(async () => {
  await ours.close();
});

/** What our store has of a tag. */
async function found(tag: string): Promise<{ digest: string; id: string; diffIds: readonly DiffID[] }> {
  const { id, rootfs } = await ours.inspect(`${server.host}/app:${tag}`);
  const { digest } = await ours.resolve(`${server.host}/app:${tag}`);
  expect((await ours.inspect(`${server.host}/app@${digest}`)).id).toBe(id);
  return { digest, id, diffIds: rootfs.diff_ids };
}

describe('IDs and digests are those of skopeo', () => {
  // skopeo follows no index within an index.
  it.each(PULLS.filter(({ tag }) => tag !== 'nested'))('of $tag', async ({ tag, image }) => {
    const mine = await found(tag);
    expect(mine).toEqual(await inspectWithSkopeo(`${server.host}/app:${tag}`));
    expect(mine.diffIds).toEqual(image.layers.map(({ diffId }) => diffId));
  });
});

describe.each(findPeers('containerd'))('IDs and digests are those of %s', () => {
  let containerd: Containerd;
  beforeAll(async () => {
    containerd = await startContainerd();
  });
  afterAll(() => containerd.stop());

  it.each(PULLS)('of $tag', async ({ tag }) => {
    const { digest, id, diffIds } = await found(tag);
    const theirs = await pullWithContainerd(containerd, `${server.host}/app:${tag}`);
    expect(theirs.digest).toBe(digest);
    expect(theirs.content).toContain(id);
    expect(theirs.chainIds).toContain(chainId(diffIds));
  });
});
