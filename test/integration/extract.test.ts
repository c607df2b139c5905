import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { streamOf } from '@stowage/core';
import { openImageView, openLayerStore } from '@stowage/layer-store';
import { extract } from '@stowage/layer-store/node';
import type { ExtractOptions, Omission } from '@stowage/layer-store/node';
import { createMemoryStorage } from '@stowage/storage';
import { isStowageError } from '@stowage/types';
import type { Layer } from '@stowage/types';
import { afterAll, describe, expect, it } from 'vitest';
import { makeCorpus } from '../fixtures/tar/corpus.ts';
import { hasGnuTar } from '../fixtures/tar/gnu-tar.ts';
import { buildImage } from '../support/image-builder.ts';
import type { EntryToBuild } from '../support/image-builder.ts';
import { listDirectory } from '../support/listed-directory.ts';
import type { ListedFile } from '../support/listed-directory.ts';
import { seededRandom } from '../support/random.ts';
import { comparable, hasUmoci, listView, unpackWithUmoci } from './support/unpacked.ts';

// Images unpacked by us, by umoci and by GNU tar: the same names, modes, owners, times, links and bytes.

const folder = mkdtempSync(join(tmpdir(), 'stowage-extract-'));
const isRoot = process.geteuid?.() === 0;
let count = 0;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function newPath(name: string): string {
  return join(folder, `${name}-${String((count += 1))}`);
}

async function layersOf(tars: readonly Uint8Array[]): Promise<Layer[]> {
  const store = await openLayerStore({ storage: createMemoryStorage() });
  const layers: Layer[] = [];
  for (const tar of tars) layers.push(await store.register(streamOf(tar), layers.at(-1)?.chainId));
  return layers;
}

async function unpackWithStowage(
  tars: readonly Uint8Array[],
  options: Omit<ExtractOptions, 'to'> = {},
): Promise<{ readonly listing: Map<string, ListedFile>; readonly omissions: readonly Omission[] }> {
  const to = newPath('stowage');
  const omissions: Omission[] = [];
  await extract(await layersOf(tars), { ...options, to, onOmission: (omission) => omissions.push(omission) });
  return { listing: listDirectory(to), omissions };
}

const T = 1_600_000_000;
const long = 'long-name-'.repeat(20);
const dir = (name: string, mode = 0o755): EntryToBuild => ({ name: `${name}/`, type: 'dir', mode, mtime: T });
const file = (name: string, content = name, mode = 0o644): EntryToBuild => ({
  name,
  content,
  mode,
  mtime: T + 1,
});

const FEATURES: readonly (readonly EntryToBuild[])[] = [
  [
    { name: './', type: 'dir', mode: 0o711, mtime: T },
    dir('bin'),
    dir('etc'),
    dir('tmp', 0o1777),
    dir('closed', 0o555),
    dir('old'),
    dir('swap'),
    file('bin/sh', '#!'.repeat(40_000), 0o4755),
    file('bin/group', 'g', 0o2750),
    { name: 'bin/bash', type: 'hardlink', linkname: 'bin/sh', mode: 0o4755, mtime: T + 1 },
    { name: 'lib', type: 'symlink', linkname: '/usr/lib', mtime: T },
    { name: 'loop', type: 'symlink', linkname: 'loop', mtime: T },
    { name: 'out', type: 'symlink', linkname: '../../../../etc', mtime: T },
    file('closed/in', 'in', 0o400),
    file('etc/passwd', 'root'),
    file('etc/empty', ''),
    file('old/a'),
    file('old/b'),
    file('swap/file'),
    file('swap2'),
    file(`etc/${long}`),
    file('etc/ünïcode ☃'),
    { ...file('etc/owner'), uid: 1000, gid: 50 },
    { ...file('etc/before'), mtime: -1_000_000 },
    { ...file('etc/fraction'), mtime: T + 0.25 },
    file('large', 'x'.repeat(5_000_000)),
  ],
  [
    file('old/.wh..wh..opq', ''),
    dir('old', 0o700),
    file('old/c'),
    file('etc/.wh.empty', ''),
    file('swap', 'was a directory'),
    dir('swap2'),
    file('swap2/in'),
    // What is written anew is another file; its other name keeps the old one.
    file('bin/sh', 'new'),
  ],
  [
    dir('lost', 0o750),
    { name: 'lost/passwd', type: 'hardlink', linkname: 'etc/passwd', mtime: T + 1 },
    dir('tmp', 0o1700),
    file('.wh.swap', ''),
  ],
];

/** Layers of random changes, each entry a name of few so that they meet. */
function manyLayers(layers: number): EntryToBuild[][] {
  const random = seededRandom(120);
  const pick = (of: number): number => Math.floor(random() * of);
  const files = new Set<string>();
  return Array.from({ length: layers }, (_, layer) => {
    const entries: EntryToBuild[] = [{ name: './', type: 'dir', mode: 0o755, mtime: T }];
    const made = new Set<string>();
    for (let entry = 0; entry < 12; entry += 1) {
      const parent = `d${String(pick(4))}/e${String(pick(4))}`;
      const name = `${parent}/f${String(pick(6))}`;
      if (made.has(name)) continue;
      made.add(name);
      if (!made.has(parent)) {
        made.add(parent);
        entries.push(dir(parent.slice(0, 2)), dir(parent, 0o700 + pick(64)));
      }
      const kind = pick(10);
      if (kind < 2 && files.has(name)) {
        entries.push(file(`${parent}/.wh.${name.slice(parent.length + 1)}`, ''));
        files.delete(name);
      } else if (kind === 3) {
        entries.push({ name, type: 'symlink', linkname: `../e${String(pick(4))}`, mtime: T });
        files.delete(name);
      } else {
        entries.push({
          ...file(name, `${String(layer)} `.repeat(pick(400)), 0o600 + pick(64)),
          uid: pick(3),
          gid: pick(3),
        });
        files.add(name);
      }
    }
    return entries;
  });
}

describe.runIf(hasUmoci)('an image unpacked by us and by umoci', () => {
  const images: readonly [string, readonly (readonly EntryToBuild[])[]][] = [
    ['every kind of entry', FEATURES],
    ['120 layers', manyLayers(120)],
  ];

  it.each(images)('%s: the same without owners', async (_what, layers) => {
    const image = buildImage(layers);
    const theirs = await unpackWithUmoci(image, newPath('umoci'), '--rootless');
    const { listing } = await unpackWithStowage(
      image.layers.map(({ bytes }) => bytes),
      { owners: 'mine' },
    );
    expect(comparable(listing)).toEqual(comparable(theirs));
  });

  const DEVICES: readonly EntryToBuild[] = [
    dir('dev'),
    { name: 'dev/null', type: 'char', mode: 0o666, mtime: T, devmajor: 1, devminor: 3 },
    { name: 'dev/disk', type: 'block', mode: 0o660, mtime: T, devmajor: 8, devminor: 17, uid: 0, gid: 6 },
    { name: 'dev/pipe', type: 'fifo', mode: 0o640, mtime: T, uid: 7 },
  ];
  const withDevices: typeof images = [...images, ['devices', [DEVICES, [file('dev/.wh.disk', '')]]]];

  it.runIf(isRoot).each(withDevices)('%s: the same with owners', async (_what, layers) => {
    const image = buildImage(layers);
    const theirs = comparable(await unpackWithUmoci(image, newPath('umoci')));
    const tars = image.layers.map(({ bytes }) => bytes);
    const { listing } = await unpackWithStowage(tars, { specialFiles: 'mknod' });
    expect(comparable(listing)).toEqual(theirs);
    expect(comparable(await listView(await openImageView(await layersOf(tars))))).toEqual(theirs);
  });
});

describe('the view of an image and the directory', () => {
  it('tell the same of every entry', async () => {
    const tars = buildImage(FEATURES).layers.map(({ bytes }) => bytes);
    const view = await openImageView(await layersOf(tars));
    const { listing } = await unpackWithStowage(tars, { owners: 'mine' });
    for (const { path } of view.walk()) {
      const { type, size, mode, linkname } =
        view.lstat(path).type === 'symlink' ? view.lstat(path) : view.stat(path);
      const found = listing.get(Buffer.from(path).toString('hex'));
      expect([path, found?.type]).toEqual([path, type]);
      if (type === 'file') expect([path, found?.size, found?.mode]).toEqual([path, size, mode]);
      if (type === 'symlink') expect(Buffer.from(found?.target ?? '', 'hex').toString()).toBe(linkname);
    }
    expect([...view.walk()].length).toBe(listing.size - 1);
  });
});

/** Archives that cannot be unpacked, and why. */
const BAD: Readonly<Record<string, string>> = {
  // A name that no file system takes.
  'raw-gnu-long': 'LIMIT_EXCEEDED',
  // Hard links to nothing.
  'raw-lies-about-links': 'INVALID_ARCHIVE',
};
const corpus = hasGnuTar ? makeCorpus(folder) : [];

describe.runIf(hasGnuTar)('a layer unpacked by us and by GNU tar', () => {
  const named = corpus.map((path): [string, string] => [basename(path, '.tar'), path]);
  const isBad = ([name]: [string, string]): boolean => name in BAD;

  it.each(named.filter(isBad))('%s is refused, where GNU tar fails in the middle', async (name, path) => {
    const theirs = newPath('tar');
    mkdirSync(theirs);
    expect(spawnSync('tar', ['-xf', path, '-C', theirs]).status).not.toBe(0);
    const to = newPath('bad');
    const error: unknown = await extract(await layersOf([readFileSync(path)]), { to }).catch(
      (e: unknown) => e,
    );
    expect(isStowageError(error) && error.code).toBe(BAD[name]);
    expect(existsSync(to)).toBe(false);
  });

  it.each(named.filter((archive) => !isBad(archive)))('%s', async (_name, path) => {
    const theirs = newPath('tar');
    mkdirSync(theirs);
    const owner = isRoot ? '--same-owner' : '--no-same-owner';
    spawnSync('tar', ['-xpf', path, '-C', theirs, '--numeric-owner', owner], {
      env: { ...process.env, LC_ALL: 'C' },
    });
    const { listing, omissions } = await unpackWithStowage([readFileSync(path)], { specialFiles: 'mknod' });
    const expected = listDirectory(theirs);
    for (const { what, path: left } of omissions)
      if (what !== 'xattrs') expected.delete(Buffer.from(left).toString('hex'));
    // Of a directory without an entry nothing is known: ours are of the epoch, theirs of now.
    const implicit = new Set(['']);
    for (const [name, { type, mtime }] of listing) {
      if (type === 'dir' && mtime === 0) implicit.add(Buffer.from(name, 'hex').toString('latin1'));
    }
    expect(comparable(listing, implicit)).toEqual(comparable(expected, implicit));
  });

  it('leaves the holes of sparse files', async () => {
    const path = corpus.find((name) => basename(name).includes('sparse')) ?? '';
    const to = newPath('sparse');
    await extract(await layersOf([readFileSync(path)]), { to });
    const sparse = [...listDirectory(to)].filter(
      ([, { type, size = 0 }]) => type === 'file' && size > 200_000,
    );
    expect(sparse.length).toBeGreaterThan(0);
    for (const [name, { size = 0 }] of sparse) {
      const { blocks } = statSync(join(to, Buffer.from(name, 'hex').toString()));
      expect(blocks * 512).toBeLessThan(size / 2);
    }
  });
});

interface Vectors {
  readonly base: readonly string[];
  readonly steps: readonly { readonly diff: readonly string[]; readonly result: readonly string[] }[];
}

describe('the vectors of moby for whiteouts', () => {
  const vectors = JSON.parse(
    readFileSync(new URL('../fixtures/whiteouts.json', import.meta.url), 'utf8'),
  ) as Vectors;
  const entriesOf = (names: readonly string[]): EntryToBuild[] =>
    names.map((name) => (name.endsWith('/') ? dir(name.slice(0, -1)) : file(name)));

  it('are met on disk, step by step', async () => {
    const layers = [vectors.base, ...vectors.steps.map(({ diff }) => diff)].map(entriesOf);
    for (const [index, { result }] of vectors.steps.entries()) {
      const { layers: built } = buildImage(layers.slice(0, index + 2));
      const { listing } = await unpackWithStowage(built.map(({ bytes }) => bytes));
      const names = [...listing]
        .slice(1)
        .map(([name, { type }]) => Buffer.from(name, 'hex').toString() + (type === 'dir' ? '/' : ''));
      expect(names.sort()).toEqual([...result].sort());
    }
  });
});
