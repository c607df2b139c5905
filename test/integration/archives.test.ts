import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { collect, createTarWriter, streamOf } from '@stowage/core';
import type { ArchiveFormat } from 'stowage';
import { openStowage } from 'stowage';
import type { LoadResult, Stowage } from 'stowage';
import { formatReference, parsePlatform } from '@stowage/types';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from './support/run-command.ts';
import { buildSampleImages } from './support/sample-images.ts';

const FIXTURES = new URL('../fixtures/archives/', import.meta.url);
const MOST = 64 << 20;

/** The images in the recorded archives, and those that dockerd 20.10 made of the one without a `manifest.json`. */
const APP = 'sha256:a227fd3a347119d92f7b379ee65c87c9b335f3c420de5e9e4f562d50eaf47fd0';
const BASE = 'sha256:68d3bad8820fb0294c10880033840714ca5f973bb67ff48decd7c7d98898125e';
const LEGACY_APP = 'sha256:0d92dc426621ca0d55152b3fb615cc8bfe4e739631f5c3a978b4c075d8a9531f';
const LEGACY_BASE = 'sha256:9a74f27b8b5ce3aff91044ace4c4954d92964f3d27e7373b6a8ca4435cdf3ef3';
const LEGACY_MIDDLE = 'sha256:92f8d0d4e36642fc928415db254b427119086aec937fb9959c5a11ce43b7f741';
const LEGACY_BOTTOM = 'sha256:5d9de334ff68486647088641aa3b6b2518bcd37f4055907e859074a93c5c8806';

let stowage: Stowage;

beforeEach(async () => {
  stowage = await openStowage();
});

afterEach(() => stowage.close());

async function load(bytes: Uint8Array): Promise<LoadResult> {
  return stowage.load(streamOf(bytes), { tags: true });
}

/** The images that were loaded, by the names that they got. */
function named({ images }: LoadResult): Record<string, string> {
  return Object.fromEntries(
    images.flatMap(({ id, tagged }) => tagged.map((reference) => [formatReference(reference), id])),
  );
}

function fixture(name: string): Promise<Buffer> {
  return readFile(new URL(`${name}.tar.gz`, FIXTURES));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The files of a tar archive, unpacked by GNU tar. */
async function unpack(archive: Uint8Array, directory: string): Promise<Record<string, string>> {
  await mkdir(directory);
  await writeFile(`${directory}.tar`, archive);
  await runCommand('tar', ['-C', directory, '-xf', `${directory}.tar`]);
  const files: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isDirectory()) files[path.slice(directory.length)] = sha256(await readFile(path));
  }
  return files;
}

describe('archives that other tools wrote', () => {
  it.each<[string, Record<string, string>]>([
    ['docker-20.10', { 'docker.io/team/app:v1': APP, 'docker.io/team/base:v1': BASE }],
    ['podman-docker', { 'localhost/team/app:v1': APP }],
    ['podman-multi', { 'localhost/team/app:v1': APP, 'localhost/team/base:v1': BASE }],
    ['podman-oci', { 'localhost/team/app:v1': APP }],
    ['buildah-docker', { 'docker.io/team/app:v1': APP, 'localhost/team/app:v1': APP }],
    ['buildah-oci', { 'docker.io/team/app:v1': APP }],
    ['docker-legacy', { 'docker.io/team/app:v1': LEGACY_APP, 'docker.io/team/base:v1': LEGACY_BASE }],
  ])('%s', async (name, images) => {
    const bytes = await fixture(name);
    expect(named(await load(bytes))).toEqual(images);
    expect(named(await load(gunzipSync(bytes)))).toEqual(images);
    expect((await stowage.check()).problems).toEqual([]);
  });

  it('of images of version 1 become images that stand on one another, as in dockerd', async () => {
    await load(await fixture('docker-legacy'));
    expect(await stowage.imageStore.getParent(LEGACY_APP as never)).toBe(LEGACY_MIDDLE);
    expect(await stowage.imageStore.getParent(LEGACY_MIDDLE as never)).toBe(LEGACY_BOTTOM);
    expect(await stowage.imageStore.getParent(LEGACY_BASE as never)).toBeUndefined();
  });

  it('of builders without a daemon, with compressed layers under the names of their hashes', async () => {
    const tar = createTarWriter();
    const layer = Buffer.concat([...tar.entry({ name: 'a' }, Buffer.from('hello')), tar.end()]);
    const zipped = gzipSync(layer);
    const rootfs = { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] };
    const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs }));
    const Config = `sha256:${sha256(config)}`;
    const Layers = [`${sha256(zipped)}.tar.gz`];
    const manifest = Buffer.from(JSON.stringify([{ Config, RepoTags: ['app:1'], Layers }]));
    const files: [string, Uint8Array][] = [
      [Config, config],
      [Layers[0] ?? '', zipped],
      ['manifest.json', manifest],
    ];
    const archive = files.flatMap(([name, bytes]) => tar.entry({ name }, bytes));
    const { images } = await load(Buffer.concat([...archive, tar.end()]));
    expect(images.map(({ id }) => id)).toEqual([Config]);
    const { layers } = await stowage.inspect('app:1');
    expect(layers).toMatchObject([{ digest: `sha256:${sha256(zipped)}`, diffId: rootfs.diff_ids[0] }]);
  });
});

describe('archives that other tools read', () => {
  let directory: string;
  let layout: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stowage-archives-'));
    layout = await buildSampleImages(directory);
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  function skopeo(...args: string[]): Promise<string> {
    return runCommand('skopeo', ['--insecure-policy', ...args]);
  }

  async function configOf(image: string): Promise<string> {
    return `sha256:${sha256(Buffer.from(await skopeo('inspect', '--config', '--raw', image)))}`;
  }

  async function save(refs: string[], format: ArchiveFormat, file: string): Promise<string> {
    const path = join(directory, file);
    await writeFile(path, await collect(stowage.save(refs, { format }), { maxBytes: MOST }));
    return path;
  }

  it('docker 20.10 writes the same files, its IDs of version 1 included', async () => {
    const bytes = await fixture('docker-20.10');
    await load(bytes);
    const refs = ['team/app:v1', 'team/base:v1'];
    const ours = await collect(stowage.save(refs, { format: 'docker-v1' }), { maxBytes: MOST });
    const theirs = await unpack(gunzipSync(bytes), join(directory, 'theirs'));
    expect(Object.keys(theirs)).toHaveLength(16);
    // The order of images in manifest.json is any in docker.
    const { '/manifest.json': _, ...same } = theirs;
    expect(await unpack(ours, join(directory, 'ours'))).toMatchObject(same);
  });

  it.each<[string, string[]]>([
    ['docker-archive', ['docker-archive:FILE:team/sample:v1']],
    ['oci-archive', ['oci-archive:FILE:team/sample:v1']],
    ['oci-archive of gzip -1', ['--dest-compress-level', '1', 'oci-archive:FILE:team/sample:v1']],
  ])('skopeo writes %s and reads what is saved of it', async (name, [...args]) => {
    const file = join(directory, `${name.replaceAll(' ', '-')}.tar`);
    await skopeo('copy', `oci:${layout}:sample`, ...args.map((arg) => arg.replace('FILE', file)));
    const { images } = await load(await readFile(file));
    const id = await configOf(`oci:${layout}:sample`);
    expect(images).toMatchObject([{ id }]);
    const expected = JSON.parse(await skopeo('inspect', '--config', `oci:${layout}:sample`)) as {
      readonly rootfs: { readonly diff_ids: string[] };
    };
    expect((await stowage.inspect('team/sample:v1')).rootfs.diff_ids).toEqual(expected.rootfs.diff_ids);
    for (const format of ['docker', 'docker-v1'] as const) {
      const saved = await save(['team/sample:v1'], format, `saved-${format}.tar`);
      expect(await configOf(`docker-archive:${saved}:team/sample:v1`)).toBe(id);
      await skopeo('copy', `docker-archive:${saved}`, `dir:${join(directory, 'copied')}`);
    }
    for (const format of ['docker', 'oci'] as const) {
      const saved = await save(['team/sample:v1'], format, `saved-${format}.tar`);
      expect(await configOf(`oci-archive:${saved}:v1`)).toBe(id);
      await skopeo('copy', `oci-archive:${saved}:v1`, `dir:${join(directory, 'copied')}`);
    }
  });

  it('skopeo writes zstd, which is read', async () => {
    const file = join(directory, 'zstd.tar');
    const to = ['--dest-compress-format', 'zstd', `oci-archive:${file}:team/zstd:v1`];
    await skopeo('copy', `oci:${layout}:sample`, ...to);
    const { images } = await load(await readFile(file));
    expect(images).toMatchObject([{ id: await configOf(`oci:${layout}:sample`) }]);
  });

  it('a manifest that came with an image goes with it', async () => {
    const file = join(directory, 'sample.tar');
    await runCommand('tar', ['-C', layout, '-cf', file, '.']);
    const { images } = await load(await readFile(file));
    const digest = await skopeo('inspect', '--format', '{{.Digest}}', `oci:${layout}:sample`);
    const image = images.find(({ manifest }) => manifest?.digest === digest.trim());
    await stowage.references.addTag(
      { domain: 'docker.io', path: 'library/sample', tag: 'x' },
      image?.id as never,
      true,
      {
        target: image?.manifest,
      },
    );
    const saved = await save(['sample:x'], 'oci', 'kept.tar');
    expect(await skopeo('inspect', '--format', '{{.Digest}}', `oci-archive:${saved}`)).toBe(digest);
  });

  it('umoci unpacks an OCI layout', async () => {
    await load(await fixture('docker-20.10'));
    const saved = await save(['team/app:v1'], 'oci', 'umoci.tar');
    const unpacked = join(directory, 'umoci');
    await unpack(await readFile(saved), unpacked);
    const bundle = join(directory, 'bundle');
    await runCommand('umoci', ['unpack', '--rootless', '--image', `${unpacked}:v1`, bundle]);
    expect(await readFile(join(bundle, 'rootfs', 'motd'), 'utf8')).toBe('hello\n');
    expect(await configOf(`oci:${unpacked}:v1`)).toBe(APP);
  });

  it('an index gives the image of the platform that is asked for', async () => {
    const file = join(directory, 'multi.tar');
    const multi = join(directory, 'multi');
    await skopeo('copy', '--all', `oci:${layout}:multi`, `oci:${multi}:multi`);
    await runCommand('tar', ['-C', multi, '-cf', file, '.']);
    const bytes = await readFile(file);
    for (const platform of ['linux/amd64', 'linux/arm64']) {
      const { images } = await stowage.load(streamOf(bytes), { platform });
      const { architecture } = parsePlatform(platform);
      const { config } = await stowage.imageStore.get(images[0]?.id as never);
      expect([images.length, config.architecture]).toEqual([1, architecture]);
    }
    await expect(stowage.load(streamOf(bytes), { platform: 'linux/s390x' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
