import { chainId } from '@stowage/core';
import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import type { Storage } from '@stowage/types';
import { openStowage } from 'stowage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pullWithContainerd, removeFromContainerd, startContainerd } from './support/containerd.ts';
import type { Containerd } from './support/containerd.ts';
import { startDockerd } from './support/dockerd.ts';
import type { Dockerd } from './support/dockerd.ts';
import { findPeers } from './support/peers.ts';
import { preparePushList, PUSH_LIST } from './support/push-list.ts';
import type { PushSubject } from './support/push-list.ts';
import { useRegistries } from './support/use-registries.ts';

const REGISTRIES = ['docker-registry', 'our server'] as const;
type RegistryKind = (typeof REGISTRIES)[number];

const registries = useRegistries();
let storage: Storage;
let hosts: Readonly<Record<RegistryKind, string>>;

/** What each registry is asked for. To unpack 120 layers takes peers longer than all the rest. */
function casesOf(left: readonly string[] = []): (readonly [RegistryKind, string, PushSubject])[] {
  const subjects = PUSH_LIST.filter(({ name }) => name !== 'deep' && !left.includes(name));
  return REGISTRIES.flatMap((kind) => subjects.map((subject) => [kind, subject.name, subject] as const));
}

/** Pushes an image to a registry; answers its name there, and its digest. */
async function push(kind: RegistryKind, { name, options }: PushSubject) {
  await using stowage = await openStowage({ storage });
  const reference = `${hosts[kind]}/team/${name}`;
  await stowage.tag(`kept/${name}:v1`, `${reference}:v1`);
  return { reference, digest: (await stowage.push(`${reference}:v1`, options)).digest };
}

describe.each(findPeers('containerd', 'dockerd').slice(0, 1))('pulled back', () => {
  beforeAll(async () => {
    storage = await preparePushList();
    const ours = await registries.serve(createRegistryServer({ storage: createMemoryStorage() }));
    hosts = { 'docker-registry': (await registries.start()).host, 'our server': ours.host };
  });

  describe.each(findPeers('containerd'))('by %s', () => {
    let containerd: Containerd;
    beforeAll(async () => {
      containerd = await startContainerd();
    });
    afterAll(() => containerd.stop());

    it.each(casesOf())('from %s, %s has the same IDs', async (kind, _, subject) => {
      const { reference, digest } = await push(kind, subject);
      const found = await pullWithContainerd(containerd, `${reference}:v1`);
      expect(found.digest).toBe(digest);
      expect(found.content).toContain(subject.image.config.descriptor.digest);
      expect(found.chainIds).toContain(chainId(subject.image.layers.map(({ diffId }) => diffId)));
      await removeFromContainerd(containerd, `${reference}:v1`);
    });
  });

  describe.each(findPeers('dockerd'))('by %s', () => {
    let dockerd: Dockerd;
    beforeAll(async () => {
      dockerd = await startDockerd();
    });
    afterAll(() => dockerd.stop());

    // dockerd 20.10 knows no zstd.
    it.each(casesOf(['zstd', 'anew']))('from %s, %s has the same IDs', async (kind, _, subject) => {
      const { reference, digest } = await push(kind, subject);
      const lines = await dockerd.pull(reference, 'v1');
      expect(lines.filter(({ error }) => error !== undefined)).toEqual([]);
      const found = await dockerd.inspect(`${reference}:v1`);
      expect(found.Id).toBe(subject.image.config.descriptor.digest);
      expect(found.RepoDigests).toEqual([`${reference}@${digest}`]);
      expect(found.RootFS.Layers).toEqual(subject.image.layers.map(({ diffId }) => diffId));
      await dockerd.remove(found.Id);
    });
  });
});
