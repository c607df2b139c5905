import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect, streamOf } from '@stowage/core';
import { createRegistryServer, toFetch } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { formatReference } from '@stowage/types';
import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImage, pushImage } from '../support/image-builder.ts';
import type { BuiltImage } from '../support/image-builder.ts';
import type { ArchiveFormat } from '@stowage/image-store';
import { ARCHIVE_PEERS } from './support/archive-peers.ts';
import type { ArchivePeer, PeerImage } from './support/archive-peers.ts';
import { findPeers } from './support/peers.ts';

/** Two images on one base, and one that no archive names. */
const BASE = [{ name: 'etc/base', content: 'base' }];
const IMAGES: Readonly<Record<'one' | 'two' | 'nameless', BuiltImage>> = {
  one: buildImage([BASE, [{ name: 'top', content: 'one' }]]),
  two: buildImage([BASE, [{ name: 'top', content: 'two' }]]),
  nameless: buildImage([BASE, BASE]),
};
const NAMES = { one: 'team/one:v1', two: 'team/two:v2' } as const;
const MOST = 10_000_000;

let directory: string;
let ours: Stowage;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stowage-peers-'));
  const fetch = toFetch(createRegistryServer({ storage: createMemoryStorage() }));
  ours = await openStowage({ fetch });
  for (const [name, image] of Object.entries(IMAGES)) {
    await pushImage(fetch, 'https://registry.example', `team/${name}`, 'v1', image);
    await ours.pull(`team/${name}@${image.descriptor.digest}`);
  }
  for (const name of ['one', 'two'] as const) await ours.tag(idOf(name), NAMES[name]);
});

afterAll(async () => {
  await ours.close();
  await rm(directory, { recursive: true, force: true });
});

function idOf(name: keyof typeof IMAGES): string {
  return IMAGES[name].config.descriptor.digest;
}

function diffIdsOf(name: keyof typeof IMAGES): string[] {
  return IMAGES[name].layers.map(({ diffId }) => diffId);
}

/** The images that are saved, in the order of the archive, and what names each. */
const SAVED = [
  ['one', NAMES.one],
  ['two', NAMES.two],
  ['nameless', idOf('nameless')],
] as const;

async function save(refs: readonly string[], format: ArchiveFormat, name: string): Promise<string> {
  const file = join(directory, `${name}.tar`);
  await writeFile(file, await collect(ours.save(refs, { format }), { maxBytes: MOST }));
  return file;
}

/** Loads an archive into an empty store of ours, and answers what came in. */
async function load(file: string): Promise<PeerImage[]> {
  await using stowage = await openStowage();
  const { images } = await stowage.load(streamOf(await readFile(file)), { tags: true });
  const loaded = images.map(async ({ id, tagged }) => ({
    id,
    diffIds: (await stowage.inspect(id)).rootfs.diff_ids,
    names: tagged.map((reference) => formatReference(reference)),
  }));
  const found = await Promise.all(loaded);
  expect((await stowage.check()).problems).toEqual([]);
  return found;
}

it.each(['docker-v1', 'docker', 'oci'] as const)(
  'our archives are read by ourselves, as %s',
  async (format) => {
    const loaded = await load(
      await save(
        SAVED.map(([, ref]) => ref),
        format,
        `own-${format}`,
      ),
    );
    const wanted = SAVED.map(([name, ref]) => ({
      id: idOf(name),
      diffIds: diffIdsOf(name),
      names: name === 'nameless' ? [] : [`docker.io/${ref}`],
    }));
    expect(loaded).toHaveLength(wanted.length);
    expect(loaded).toEqual(expect.arrayContaining(wanted));
  },
);

describe.each(findPeers('dockerd', 'podman', 'buildah'))('%s', (program) => {
  const { start, formats, several, home } = ARCHIVE_PEERS[program];
  let peer: ArchivePeer;

  beforeAll(async () => {
    peer = await start();
  });
  afterAll(() => peer.stop());

  /** Has the peer load all images. */
  async function give(format: ArchiveFormat): Promise<void> {
    await peer.clear();
    const refs = SAVED.map(([, ref]) => ref);
    await peer.load(await save(refs, format, `${program}-${format}`), 'docker-archive', refs.length);
  }

  it.each(['docker-v1', 'docker'] as const)('reads archives of several images, as %s', async (format) => {
    await give(format);
    for (const [name, ref] of SAVED) {
      const names = name === 'nameless' ? [] : [home + ref];
      expect(await peer.inspect(idOf(name))).toEqual({ id: idOf(name), diffIds: diffIdsOf(name), names });
    }
  });

  it('writes archives that are read', async () => {
    await give('docker');
    for (const form of formats) {
      for (const [name, ref] of SAVED) {
        const file = join(directory, `${program}-${form}-${name}.tar`);
        await peer.save(file, form, [ref]);
        const loaded = await load(file);
        expect(loaded).toMatchObject([{ id: idOf(name), diffIds: diffIdsOf(name) }]);
      }
    }
  });

  if (several) {
    it('writes archives of several images that are read', async () => {
      await give('docker');
      const file = join(directory, `${program}-several.tar`);
      await peer.save(file, 'docker-archive', [NAMES.one, NAMES.two]);
      const images = (await load(file)).sort((a, b) => String(a.names).localeCompare(String(b.names)));
      const registry = home === '' ? 'docker.io/' : home;
      const names = [NAMES.one, NAMES.two];
      expect(images).toEqual(
        (['one', 'two'] as const).map((name, index) => ({
          id: idOf(name),
          diffIds: diffIdsOf(name),
          names: [registry + (names[index] ?? '')],
        })),
      );
    });
  }

  if (formats.includes('oci-archive')) {
    it.each(['docker', 'oci'] as const)('reads the OCI layout of an archive, as %s', async (format) => {
      await peer.clear();
      await peer.load(await save([NAMES.two], format, `${program}-layout-${format}`), 'oci-archive', 1);
      const { id, diffIds } = await peer.inspect(idOf('two'));
      expect([id, diffIds]).toEqual([idOf('two'), diffIdsOf('two')]);
    });
  }
});
