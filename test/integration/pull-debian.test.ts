import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeTarText } from '@stowage/core';
import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gnuTar, hasGnuTar, listWithGnuTar } from '../fixtures/tar/gnu-tar.ts';
import { nameInHex } from '../fixtures/tar/listed-entry.ts';
import type { ListedEntry } from '../fixtures/tar/listed-entry.ts';
import { assembleImage, layerOfTar, pushImage } from '../support/image-builder.ts';
import type { BuiltImage } from '../support/image-builder.ts';
import { startDockerd } from './support/dockerd.ts';
import type { Dockerd } from './support/dockerd.ts';
import { findPeers } from './support/peers.ts';
import { inspectWithSkopeo } from './support/skopeo.ts';
import { useRegistries } from './support/use-registries.ts';

// A part of a real Debian root file system: what packages of this machine have installed, as GNU tar archives it.

/** The packages of each layer: programs that run as somebody else, hard and symbolic links, folders of other owners. */
const LAYERS = [
  ['base-files', 'base-passwd', 'coreutils', 'gzip', 'bash'],
  ['login', 'passwd', 'util-linux', 'mount', 'perl-base', 'man-db'],
] as const;
/** Larger files are left out, bytes: they would only take time. */
const LARGEST = 500_000;

/** The files of packages, as they are below `/`, by the names that they really have. */
function filesOf(packages: readonly string[]): string[] {
  const { stdout } = spawnSync('dpkg', ['-L', ...packages], { encoding: 'utf8' });
  const paths = stdout
    .split('\n')
    .filter((path) => path.length > 1 && path !== '/.' && path.startsWith('/') && existsSync(dirname(path)))
    .map((path) => join(realpathSync(dirname(path)), basename(path)))
    .filter((path) => {
      const found = lstatSync(path, { throwIfNoEntry: false });
      return found !== undefined && !(found.isFile() && found.size > LARGEST);
    });
  return [...new Set(paths)].sort().map((path) => path.slice(1));
}

describe.runIf(hasGnuTar && existsSync('/var/lib/dpkg/status'))('a part of this Debian system', () => {
  const registries = useRegistries();
  let name: string;
  let image: BuiltImage;
  let archives: readonly string[];
  let ours: Stowage;

  beforeAll(async () => {
    archives = LAYERS.map((packages, index) => {
      const [list, archive] = ['list', 'tar'].map((end) =>
        join(registries.directory, `${String(index)}.${end}`),
      ) as [string, string];
      writeFileSync(list, filesOf(packages).join('\n'));
      gnuTar('-C', '/', '-cf', archive, '--no-recursion', '-T', list);
      return archive;
    });
    const tars = archives.map((archive) => readFileSync(archive));
    const fast = { suffix: '+gzip', compress: (tar: Uint8Array) => gzipSync(tar, { level: 1 }) } as const;
    image = assembleImage(
      tars.map((tar) => layerOfTar(tar, fast)),
      { docker: true },
    );
    const registry = await registries.start();
    await pushImage(fetch, `http://${registry.host}`, 'debian', 'part', image);
    name = `${registry.host}/debian:part`;
    ours = await openStowage({ root: join(registries.directory, 'store') });
    await ours.pull(name, { platform: 'linux/amd64' });
  });
  afterAll(() => ours.close());

  it('has what the rest of the tests is about', () => {
    const entries = archives.flatMap((archive) => listWithGnuTar(archive).entries);
    const types = new Set(entries.map(({ type }) => type));
    expect([...types].sort()).toEqual(expect.arrayContaining(['dir', 'file', 'hardlink', 'symlink']));
    expect(entries.some(({ mode }) => (mode & 0o4000) !== 0)).toBe(true);
    expect(entries.some(({ uid, gid }) => uid + gid !== 0)).toBe(true);
  });

  it('lists as GNU tar lists it, and reads as it is', async () => {
    await using view = await ours.view(name);
    const listed = [...view.walk()];
    const expected = new Map<string, ListedEntry>();
    for (const archive of archives) {
      for (const entry of listWithGnuTar(archive).entries) expected.set(entry.name, entry);
    }
    const hex = (text: string): string => nameInHex(encodeTarText(text));
    const found = listed.map(({ path, type, size, mode, uid, gid, mtime, linkname }) => ({
      ...{ name: hex(path), type, size, mode, uid, gid, mtime: Math.round(mtime * 1000) },
      ...(linkname === undefined ? {} : { linkname: hex(linkname) }),
    }));
    const byName = (left: { name: string }, right: { name: string }): number =>
      left.name < right.name ? -1 : 1;
    expect(found.sort(byName)).toEqual([...expected.values()].sort(byName));

    for (const { path } of listed.filter(({ type }) => type === 'file').filter((_, at) => at % 50 === 0)) {
      const bytes = await new Response(await view.readFile(path)).bytes();
      expect(Buffer.compare(bytes, readFileSync(`/${path}`)), path).toBe(0);
    }
  });

  it('has the IDs that skopeo sees', async () => {
    const { id, rootfs } = await ours.inspect(name);
    const { digest } = await ours.resolve(name);
    expect({ digest, id, diffIds: rootfs.diff_ids }).toEqual(await inspectWithSkopeo(name));
    expect(rootfs.diff_ids).toEqual(image.layers.map(({ diffId }) => diffId));
  });

  describe.each(findPeers('dockerd'))('pulled by %s', () => {
    let dockerd: Dockerd;
    beforeAll(async () => {
      dockerd = await startDockerd();
      await dockerd.pull(name);
    });
    afterAll(() => dockerd.stop());

    it('has the same IDs', async () => {
      const { Id, RootFS } = await dockerd.inspect(name);
      const { id, rootfs } = await ours.inspect(name);
      expect({ Id, Layers: RootFS.Layers }).toEqual({ Id: id, Layers: rootfs.diff_ids });
    });
  });
});
