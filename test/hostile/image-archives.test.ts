import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { createTarWriter, streamOf } from '@stowage/core';
import type { TarEntryInit } from '@stowage/core';
import { loadArchive, openImageStore, openReferenceStore } from '@stowage/image-store';
import type { LoadArchiveDeps, LoadArchiveOptions, LoadResult } from '@stowage/image-store';
import { openLayerStore } from '@stowage/layer-store';
import { createMemoryStorage } from '@stowage/storage';
import { isStowageError } from '@stowage/types';
import type { Lease, Storage } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// Archives of images made to hurt whoever loads them. The rows are those of the table of past advisories in the
// security notes.

interface Entry extends TarEntryInit {
  readonly text?: string | Uint8Array;
}

let storage: Storage;
let stores: LoadArchiveDeps;
let leased = 0;

beforeEach(async () => {
  storage = createMemoryStorage();
  const layers = await openLayerStore({ storage });
  const imageStore = await openImageStore({ storage, layers });
  const lease: Lease = {
    add: () => Promise.resolve(),
    release: () => {
      leased -= 1;
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const leases = {
    create: (): Promise<Lease> => {
      leased += 1;
      return Promise.resolve(lease);
    },
  };
  stores = { storage, layers, imageStore, references: await openReferenceStore({ storage }), leases };
});

// Whatever comes, nothing is half done afterwards.
afterEach(async () => {
  for await (const { ref } of storage.content.ingests()) throw new Error(`the ingest ${ref} was left behind`);
  expect(leased).toBe(0);
});

function tarOf(...entries: readonly Entry[]): Buffer {
  const writer = createTarWriter();
  const parts = entries.flatMap(({ text = '', ...init }) =>
    writer.entry(init, typeof text === 'string' ? Buffer.from(text) : text),
  );
  return Buffer.concat([...parts, writer.end()]);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const LAYER = tarOf({ name: 'etc/motd', text: 'hello' });
const BIG_LAYER = tarOf({ name: 'big', text: Buffer.alloc(200_000, 1) });

function configOf(...layers: readonly Uint8Array[]): string {
  const diffIds = layers.map((layer) => `sha256:${sha256(layer)}`);
  return JSON.stringify({ os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } });
}

const CONFIG = configOf(LAYER);
const ITEM = { Config: 'config.json', RepoTags: ['app:1'], Layers: ['layer.tar'] };

function manifest(...items: readonly unknown[]): Entry {
  return { name: 'manifest.json', text: JSON.stringify(items) };
}

/** The files of a good archive. */
const GOOD: readonly Entry[] = [
  { name: 'layer.tar', text: LAYER },
  { name: 'config.json', text: CONFIG },
  manifest(ITEM),
];

/** A good archive with some of its files in another form. */
function changed(...entries: readonly Entry[]): Buffer {
  const names = entries.map(({ name }) => name);
  return tarOf(...GOOD.filter(({ name }) => !names.includes(name)), ...entries);
}

function load(bytes: Uint8Array, options: LoadArchiveOptions = { tags: true }): Promise<LoadResult> {
  return loadArchive(streamOf(bytes), stores, options);
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
  } catch (error) {
    return isStowageError(error) ? error.code : String(error);
  }
  return undefined;
}

/** Loads what must be refused; nothing of it may be seen afterwards. */
async function refusal(bytes: Uint8Array, options?: LoadArchiveOptions): Promise<string | undefined> {
  const code = await codeOf(load(bytes, options));
  expect((await stores.imageStore.map()).size).toBe(0);
  expect((await stores.layers.map()).size).toBe(0);
  expect(await stores.references.all()).toEqual([]);
  return code;
}

it('loads the archive that the others are made of', async () => {
  const { images } = await load(tarOf(...GOOD));
  expect(images.map(({ id }) => id)).toEqual([`sha256:${sha256(Buffer.from(CONFIG))}`]);
});

describe('row 1: names and links that leave the archive', () => {
  it.each<[string, readonly Entry[]]>([
    ['a file above', [{ name: '../evil', text: 'x' }]],
    ['a file above, later in its name', [{ name: 'a/../../evil', text: 'x' }]],
    ['an absolute file', [{ name: '/etc/passwd', text: 'x' }]],
    ['a file of Windows', [{ name: '..\\evil', text: 'x' }]],
    ['a link above', [{ name: 'layer.tar', type: 'symlink', linkname: '../layer.tar' }]],
    ['an absolute link', [{ name: 'layer.tar', type: 'symlink', linkname: '/etc/passwd' }]],
    ['a hard link above', [{ name: 'layer.tar', type: 'hardlink', linkname: '../etc/passwd' }]],
    ['an absolute hard link', [{ name: 'layer.tar', type: 'hardlink', linkname: '/etc/passwd' }]],
    ['a configuration above', [manifest({ ...ITEM, Config: '../../etc/passwd' })]],
    ['a layer above', [manifest({ ...ITEM, Layers: ['a/../../layer.tar'] })]],
    ['an absolute layer', [manifest({ ...ITEM, Layers: ['/layer.tar'] })]],
    ['a root that is a file', [{ name: './', type: 'symlink', linkname: 'x' }]],
  ])('%s', async (_what, entries) => {
    expect(await refusal(changed(...entries))).toBe('INVALID_ARCHIVE');
  });

  it('IDs of version 1 that are paths', async () => {
    const json = JSON.stringify({ parent: '../../x' });
    const id = 'a'.repeat(64);
    const legacy = tarOf(
      { name: `${id}/json`, text: json },
      { name: `${id}/layer.tar`, text: LAYER },
      { name: 'repositories', text: JSON.stringify({ app: { 1: id } }) },
    );
    expect(await refusal(legacy)).toBe('INVALID_ARCHIVE');
  });
});

describe('row 3: links that lead nowhere or round and round', () => {
  it.each<[string, readonly Entry[]]>([
    ['to itself', [{ name: 'layer.tar', type: 'symlink', linkname: 'layer.tar' }]],
    [
      'round',
      [
        { name: 'layer.tar', type: 'symlink', linkname: 'b' },
        { name: 'b', type: 'hardlink', linkname: 'layer.tar' },
      ],
    ],
    ['to nothing', [{ name: 'layer.tar', type: 'symlink', linkname: 'nothing' }]],
    [
      'to a folder',
      [
        { name: 'd', type: 'dir' },
        { name: 'layer.tar', type: 'symlink', linkname: 'd' },
      ],
    ],
  ])('%s', async (_what, entries) => {
    expect(await refusal(changed(...entries))).toBe('INVALID_ARCHIVE');
  });
});

describe('row 5: bombs', () => {
  const limits = { maxBytes: 10 << 20 };

  it('more than an archive may have, once decompressed', async () => {
    const bomb = gzipSync(changed({ name: 'junk', text: Buffer.alloc(11 << 20) }));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await refusal(bomb, { limits })).toBe('LIMIT_EXCEEDED');
  });

  it('zeros after the end', async () => {
    const bomb = gzipSync(Buffer.concat([tarOf(...GOOD), Buffer.alloc(11 << 20)]));
    expect(await refusal(bomb, { limits })).toBe('LIMIT_EXCEEDED');
  });

  it('more entries, and more images, than allowed', async () => {
    const many = tarOf(...Array.from({ length: 20 }, (_, at) => ({ name: `f${String(at)}` })));
    expect(await refusal(many, { limits: { maxEntries: 10 } })).toBe('LIMIT_EXCEEDED');
    const images = changed(manifest(ITEM, ITEM, ITEM));
    expect(await refusal(images, { limits: { maxImages: 2 } })).toBe('LIMIT_EXCEEDED');
  });
});

describe('row 16: documents without end', () => {
  it.each(['manifest.json', 'index.json', 'repositories', 'oci-layout'])('a %s of 5 MiB', async (name) => {
    const layout = { name: 'oci-layout', text: '{"imageLayoutVersion":"1.0.0"}' };
    const huge = { name, text: Buffer.alloc(5 << 20, ' ') };
    const entries = name === 'index.json' ? [layout, huge] : [huge];
    expect(await refusal(tarOf(...entries))).toBe('LIMIT_EXCEEDED');
  });

  it('a configuration of 9 MiB', async () => {
    const archive = changed({ name: 'config.json', text: Buffer.alloc(9 << 20, ' ') });
    // It is larger than any document, and no layer either.
    expect(await refusal(archive)).toBe('INVALID_ARCHIVE');
  });
});

describe('row 19: digests and names that are none', () => {
  it.each<[string, Entry]>([
    ['a tag', manifest({ ...ITEM, RepoTags: ['../../x:1'] })],
    ['a name without a tag', manifest({ ...ITEM, RepoTags: ['app'] })],
    ['a digest for a tag', manifest({ ...ITEM, RepoTags: [`app@sha256:${'0'.repeat(64)}`] })],
    ['a parent', manifest({ ...ITEM, Parent: 'sha256:../../x' })],
    ['the source of a layer', manifest({ ...ITEM, LayerSources: { 'sha256:12': {} } })],
    ['no manifest', { name: 'manifest.json', text: 'null' }],
    ['a manifest that is an object', { name: 'manifest.json', text: '{}' }],
    ['an image that is none', manifest(null)],
    ['a manifest that is no JSON', { name: 'manifest.json', text: '[' }],
    ['layers that are none', manifest({ ...ITEM, Layers: 'layer.tar' })],
    ['a layer that is none', manifest({ ...ITEM, Layers: [1] })],
    ['no configuration', manifest({ ...ITEM, Config: undefined })],
  ])('%s', async (_what, entry) => {
    expect(await refusal(changed(entry))).toBe('INVALID_ARCHIVE');
  });
});

describe('row 21: content that is not what its name says', () => {
  const wrong = 'f'.repeat(64);

  it.each<[string, readonly Entry[]]>([
    [
      'a configuration',
      [{ name: `${wrong}.json`, text: CONFIG }, manifest({ ...ITEM, Config: `${wrong}.json` })],
    ],
    ['a small blob', [{ name: `blobs/sha256/${wrong}`, text: 'x' }]],
    ['a large blob', [{ name: `blobs/sha256/${wrong}`, text: BIG_LAYER }]],
    ['a layer', [{ name: 'layer.tar', text: tarOf({ name: 'other' }) }]],
    ['a large layer', [{ name: 'layer.tar', text: BIG_LAYER }]],
  ])('%s', async (_what, entries) => {
    expect(await refusal(changed(...entries))).toBe('DIGEST_MISMATCH');
  });

  it('layers that are too many, or none', async () => {
    for (const Layers of [['layer.tar', 'layer.tar'], []]) {
      expect(await refusal(changed(manifest({ ...ITEM, Layers })))).toBe('INVALID_ARCHIVE');
    }
  });

  it('an image that is not where its manifest in a layout says', async () => {
    const config = Buffer.from(CONFIG);
    const blob = (bytes: Uint8Array): Entry => ({ name: `blobs/sha256/${sha256(bytes)}`, text: bytes });
    const named = (bytes: Uint8Array, mediaType: string, size = bytes.length): object => ({
      mediaType,
      digest: `sha256:${sha256(bytes)}`,
      size,
    });
    const TYPE = 'application/vnd.oci.image';
    const layout = (size: number): Buffer => {
      const image = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          config: named(config, `${TYPE}.config.v1+json`),
          layers: [named(LAYER, `${TYPE}.layer.v1.tar`, size)],
        }),
      );
      const index = { schemaVersion: 2, manifests: [named(image, `${TYPE}.manifest.v1+json`)] };
      return tarOf(
        { name: 'oci-layout', text: '{"imageLayoutVersion":"1.0.0"}' },
        { name: 'index.json', text: JSON.stringify(index) },
        ...[image, config, LAYER].map(blob),
      );
    };
    expect(await refusal(layout(LAYER.length + 1))).toBe('SIZE_MISMATCH');
    expect(await codeOf(load(layout(LAYER.length)))).toBeUndefined();
  });
});

describe('row 41: entries that are no files', () => {
  it.each(['char', 'block', 'fifo'] as const)('a %s', async (type) => {
    expect(await refusal(changed({ name: 'extra', type }))).toBe('INVALID_ARCHIVE');
  });

  it('a sparse file, which is large at no cost', async () => {
    const octal = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;
    const entry = Buffer.concat(createTarWriter().entry({ name: 'sparse', size: 512 }, Buffer.alloc(512)));
    // GNU's form: 512 bytes at the beginning and none at the end of 4 GiB.
    entry.write('S', 156);
    entry.write('ustar  \0', 257);
    entry.fill(0, 345, 512);
    entry.write(octal(0) + octal(512) + octal(2 ** 32) + octal(0), 386);
    entry.write(octal(2 ** 32), 483);
    entry.write('        ', 148);
    const sum = entry.subarray(0, 512).reduce((all, byte) => all + byte, 0);
    entry.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const archive = Buffer.concat([entry, tarOf(...GOOD)]);
    await expect(load(archive)).rejects.toThrow('"sparse" is a sparse file');
    expect(await refusal(archive)).toBe('INVALID_ARCHIVE');
  });
});

describe('row 42: a name that is there twice', () => {
  it.each<[string, readonly Entry[]]>([
    ['two files', [manifest(ITEM), manifest()]],
    ['a file and a link', [manifest(ITEM), { name: './manifest.json', type: 'symlink', linkname: 'x' }]],
    ['a file and a folder', [manifest(ITEM), { name: 'manifest.json', type: 'dir' }]],
  ])('%s', async (_what, entries) => {
    expect(await refusal(changed(...entries))).toBe('INVALID_ARCHIVE');
  });
});

describe('row 44: names nobody asked for', () => {
  it('gives none by default', async () => {
    const { images } = await load(tarOf(...GOOD), {});
    expect(images[0]?.names).toHaveLength(1);
    expect(await stores.references.all()).toEqual([]);
  });

  it('labels are data', async () => {
    const labels = { 'containerd.io/gc.ref.content': 'x', 'io.containerd.image.name': 'evil:1' };
    const config = JSON.stringify({ ...(JSON.parse(CONFIG) as object), config: { Labels: labels } });
    await load(changed({ name: 'config.json', text: config }), {});
    expect(await stores.references.all()).toEqual([]);
  });

  it('images of an operating system that is not wanted', async () => {
    expect(await refusal(tarOf(...GOOD), { os: 'windows' })).toBe('PLATFORM_MISMATCH');
  });
});

it('what is no archive of images is refused', async () => {
  expect(await refusal(tarOf({ name: 'hello', text: 'x' }))).toBe('INVALID_ARCHIVE');
  expect(await refusal(Buffer.from('this is no archive at all'))).toBe('INVALID_ARCHIVE');
  expect(await refusal(gzipSync(tarOf(...GOOD)).subarray(0, 100))).toBe('INVALID_ARCHIVE');
});
