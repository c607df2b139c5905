import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeTarText } from '@stowage/core';
import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gnuTar, hasGnuTar, listWithGnuTar } from '../fixtures/tar/gnu-tar.ts';
import { nameInHex } from '../fixtures/tar/listed-entry.ts';
import type { ListedEntry } from '../fixtures/tar/listed-entry.ts';
import { assembleImage, buildLayer, layerOfTar, pushImage } from '../support/image-builder.ts';
import type { BuiltImage, EntryToBuild } from '../support/image-builder.ts';
import { listDirectory } from '../support/listed-directory.ts';
import { startDockerd } from './support/dockerd.ts';
import type { Dockerd } from './support/dockerd.ts';
import { findPeers } from './support/peers.ts';
import { inspectWithSkopeo } from './support/skopeo.ts';
import { comparable, hasUmoci, listView, unpackWithUmoci, withoutContent } from './support/unpacked.ts';
import { useRegistries } from './support/use-registries.ts';

// A part of a real Debian root file system: what packages of this machine have installed, as GNU tar archives it.

/** The packages of each layer: programs that run as somebody else, hard and symbolic links, folders of other owners. */
const LAYERS = [
  ['base-files', 'base-passwd', 'coreutils', 'gzip', 'bash'],
  ['login', 'passwd', 'util-linux', 'mount', 'perl-base', 'man-db'],
  // The rest of what every Debian system has.
  [
    'apt',
    'bsdutils',
    'dash',
    'debconf',
    'debianutils',
    'diffutils',
    'dpkg',
    'e2fsprogs',
    'findutils',
    'grep',
  ],
  [
    'hostname',
    'libc-bin',
    'libpam-modules',
    'libpam-runtime',
    'ncurses-base',
    'sed',
    'sysvinit-utils',
    'tar',
  ],
] as const;

/** What a later layer takes away and puts elsewhere. */
const T = 1_700_000_000;
const CHANGES: readonly EntryToBuild[] = [
  // One name of a program that has two.
  { name: 'usr/bin/.wh.gunzip' },
  { name: 'usr/share/doc/.wh.base-passwd' },
  { name: 'usr/share/doc/coreutils', type: 'dir', mode: 0o700, mtime: T },
  { name: 'usr/share/doc/coreutils/new', content: 'new', mtime: T },
  // The marker comes after what is in the directory.
  { name: 'usr/share/doc/coreutils/.wh..wh..opq' },
  { name: 'usr/share/doc/gzip', content: 'a file over a directory', mtime: T },
  { name: 'etc/issue', type: 'dir', mode: 0o2775, uid: 3, gid: 50, mtime: T },
  { name: 'etc/issue/in', content: 'a directory over a file', mode: 0o4711, mtime: T },
  { name: 'usr/bin/su', content: 'another program', mode: 0o6755, gid: 42, mtime: T },
  { name: 'usr/bin/shell', type: 'hardlink', linkname: 'usr/bin/ls', mode: 0o755 },
  { name: 'usr/lib/os-release', type: 'symlink', linkname: '/etc/issue/in', mtime: T },
];
/** Larger files are left out, bytes: they would only take time. */
const LARGEST = 500_000;
/** Pages and texts in many languages are left out, as slim images leave them out: thousands of small files. */
const LEFT_OUT = /^\/usr\/share\/(locale|man)\//;

/** The files of packages, as they are below `/`, by the names that they really have. */
function filesOf(packages: readonly string[]): string[] {
  const { stdout } = spawnSync('dpkg', ['-L', ...packages], { encoding: 'utf8' });
  const paths = stdout
    .split('\n')
    .filter(
      (path) =>
        path.length > 1 &&
        path.startsWith('/') &&
        path !== '/.' &&
        !LEFT_OUT.test(path) &&
        existsSync(dirname(path)),
    )
    .map((path) => join(realpathSync(dirname(path)), basename(path)))
    .filter((path) => {
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found === undefined || (found.isFile() && found.size > LARGEST)) return false;
      return found.isSymbolicLink() || isReadable(path);
    });
  return [...new Set(paths)].sort().map((path) => path.slice(1));
}

/** Some directories are for root alone. */
function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

describe.runIf(hasGnuTar && existsSync('/var/lib/dpkg/status'))('a part of this Debian system', () => {
  const registries = useRegistries();
  let name: string;
  let image: BuiltImage;
  let changed: BuiltImage;
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
    const layers = tars.map((tar) => layerOfTar(tar, fast));
    image = assembleImage(layers, { docker: true });
    changed = assembleImage([...layers, buildLayer(CHANGES)]);
    const registry = await registries.start();
    await pushImage(fetch, `http://${registry.host}`, 'debian', 'part', image);
    await pushImage(fetch, `http://${registry.host}`, 'debian', 'changed', changed);
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

  it.runIf(hasUmoci)(
    'is unpacked and listed as umoci unpacks it, with a layer of changes above',
    async () => {
      const reference = name.replace(/part$/, 'changed');
      await ours.pull(reference, { platform: 'linux/amd64' });
      const to = join(registries.directory, 'extracted');
      await ours.extract(reference, { to });
      const isRoot = process.geteuid?.() === 0;
      const flags = isRoot ? [] : ['--rootless'];
      const unpacked = await unpackWithUmoci(changed, join(registries.directory, 'umoci'), ...flags);
      // No layer has an entry for the root.
      const root = new Set(['']);
      const theirs = comparable(unpacked, root);
      expect(comparable(listDirectory(to), root)).toEqual(theirs);
      expect(theirs).not.toHaveProperty(['usr/bin/gunzip']);
      expect(theirs).toHaveProperty(['usr/share/doc/coreutils/new']);
      expect(theirs).not.toHaveProperty(['usr/share/doc/coreutils/copyright']);
      await using view = await ours.view(reference);
      const seen = await listView(view, { content: false });
      expect([...seen.keys()]).toEqual([...unpacked.keys()]);
      // To anybody but root all files are their own.
      if (isRoot) expect(comparable(seen, root)).toEqual(comparable(withoutContent(unpacked), root));
    },
  );

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
