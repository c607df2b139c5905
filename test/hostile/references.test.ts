import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createV2MetadataService,
  openImageStore,
  openReferenceStore,
  readEditableImage,
} from '@stowage/image-store';
import { openLayerStore } from '@stowage/layer-store';
import { openFileStorage } from '@stowage/storage/node';
import { asDigest, isStowageError, MEDIA_TYPES, parseNormalizedNamed } from '@stowage/types';
import type {
  Descriptor,
  Digest,
  DiffID,
  ImageID,
  ImageStore,
  Reference,
  ReferenceStore,
  Storage,
  V2MetadataService,
} from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// Images, names and what is remembered of them, made to hurt. Each test is named after its row in the list of past
// advisories of the field.

const encoder = new TextEncoder();
const ID = asDigest(`sha256:${'1'.repeat(64)}`) as ImageID;
const TARGET: Descriptor = { mediaType: MEDIA_TYPES.ociManifest, digest: ID, size: 1 };
const NAME = parseNormalizedNamed('app:v1');

/** What is no digest, and would be another path or another file if it were made one. */
const PATHS: readonly string[] = [
  '',
  'sha256:',
  'sha256:../../x',
  'sha256:..%2f..%2fx',
  `sha256:${'1'.repeat(63)}`,
  `sha256:${'1'.repeat(65)}`,
  `sha256:${'A'.repeat(64)}`,
  `sha256:${'1'.repeat(62)}\u0000/`,
  `sha256:${'/'.repeat(64)}`,
  `sha256:${'1'.repeat(64)}\n`,
  `SHA256:${'1'.repeat(64)}`,
  `md5:${'1'.repeat(32)}`,
  `../sha256:${'1'.repeat(64)}`,
  '/etc/passwd',
  'x'.repeat(300),
];

let folder: string;
let storage: Storage;
let images: ImageStore;
let references: ReferenceStore;
let metadata: V2MetadataService;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stowage-hostile-references-'));
  storage = await openFileStorage(join(folder, 'store'));
  images = await openImageStore({ storage, layers: await openLayerStore({ storage }) });
  references = await openReferenceStore({ storage });
  metadata = createV2MetadataService(storage.metadata);
});

afterEach(async () => {
  await storage.close();
  await rm(folder, { recursive: true });
});

async function files(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

/** Runs what must fail with one of a few codes, and leave every file as it was. */
async function refuses(work: () => Promise<unknown>, codes: readonly string[]): Promise<void> {
  const before = await files();
  const error: unknown = await Promise.resolve()
    .then(work)
    .catch((caught: unknown) => caught);
  expect(isStowageError(error) ? error.code : error).toSatisfy((code: unknown) =>
    codes.includes(code as string),
  );
  expect(await files()).toEqual(before);
}

function config(more: object = {}): Uint8Array {
  const rootfs = { type: 'layers', diff_ids: [] };
  return encoder.encode(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs, ...more }));
}

describe('what is no digest', () => {
  it.each(PATHS)('rows 1 and 19: %j becomes no path in any store', async (path) => {
    const id = await images.create(config());
    const bad = path as ImageID;
    const invalid = ['INVALID_DIGEST', 'NOT_FOUND'];
    for (const work of [
      () => images.get(bad),
      () => images.delete(bad),
      () => images.getParent(bad),
      () => images.setParent(bad, id),
      () => images.setParent(id, bad),
      () => images.setLastUpdated(bad, 1),
      () => images.search(path),
      () => references.addTag(NAME, bad, true, { target: TARGET }),
      () => references.addTag(NAME, ID, true, { target: { ...TARGET, digest: path as Digest } }),
      () => metadata.getMetadata(path as DiffID),
      () => metadata.getDiffId(path as Digest),
      () => metadata.add(path as DiffID, { digest: ID, sourceRepository: '', hmac: '' }),
      () => metadata.add(ID as unknown as DiffID, { digest: path as Digest, sourceRepository: '', hmac: '' }),
      () => metadata.remove({ digest: path as Digest, sourceRepository: '', hmac: '' }),
      () => images.create(config({ rootfs: { type: 'layers', diff_ids: [path] } })),
      () =>
        readEditableImage({ mediaType: MEDIA_TYPES.ociManifest, digest: path as Digest }, storage.content),
    ]) {
      await refuses(work, [...invalid, 'INVALID_MANIFEST']);
    }
    expect(await images.children(bad)).toEqual([]);
    expect(await references.references(bad)).toEqual([]);
    expect(await images.delete([bad])).toEqual([]);
  });

  it.each<[string, Reference]>([
    ['a path above', { domain: 'docker.io', path: '../../etc', tag: 'v1' }],
    ['an encoded path', { domain: 'docker.io', path: '..%2f..%2fetc', tag: 'v1' }],
    ['an absolute path', { domain: '', path: '/etc/passwd', tag: 'v1' }],
    ['a tag that is a path', { domain: 'docker.io', path: 'library/app', tag: '../x' }],
    ['a tag with a null', { domain: 'docker.io', path: 'library/app', tag: 'v\u0000' }],
    ['a tag beyond reason', { domain: 'docker.io', path: 'library/app', tag: 'x'.repeat(129) }],
    ['a name beyond reason', { domain: 'docker.io', path: `a/${'x'.repeat(300)}`, tag: 'v1' }],
    ['a host that is a path', { domain: '../..', path: 'app', tag: 'v1' }],
    [
      'a digest that is a path',
      { domain: 'docker.io', path: 'library/app', digest: 'sha256:../x' as Digest },
    ],
    ['a digest alone', { digest: ID }],
    ['a path that ends like a tag', { domain: 'docker.io', path: 'library/app:v1' }],
    ['a path that ends like a digest', { domain: 'docker.io', path: `library/app@${ID}`, tag: 'v1' }],
  ])('row 1: %s is no name', async (_, reference) => {
    const codes = ['INVALID_REFERENCE', 'INVALID_DIGEST'];
    for (const work of [
      () => references.get(reference),
      () => references.find(reference),
      () => references.delete(reference),
      () => references.referencesByName(reference),
      () =>
        reference.digest === undefined
          ? references.addTag(reference, ID, true, { target: TARGET })
          : references.addDigest(reference, ID, true, { target: TARGET }),
    ]) {
      await refuses(work, codes);
    }
  });
});

describe('documents beyond reason', () => {
  it('row 7: a configuration or a manifest that is too large is refused before it is parsed', async () => {
    await refuses(() => images.create(new Uint8Array(8 * 1024 * 1024 + 1)), ['LIMIT_EXCEEDED']);
    const ingest = await storage.content.ingest('large');
    await ingest.write(new Uint8Array(4 * 1024 * 1024 + 1));
    const { digest } = await ingest.commit();
    const large = { mediaType: MEDIA_TYPES.ociManifest, digest };
    await refuses(() => readEditableImage(large, storage.content), ['LIMIT_EXCEEDED']);
  });

  it('rows 7 and 16: an index that is too large, or too deep, is reported and left alone', async () => {
    for (const text of [
      `{"schemaVersion":2,"manifests":[${' '.repeat(16 * 1024 * 1024)}]}`,
      `{"schemaVersion":2,"manifests":[],"deep":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    ]) {
      await storage.metadata.set('layout', 'index.json', encoder.encode(text));
      await refuses(() => references.all(), ['DATA_LOSS']);
      await refuses(() => references.addTag(NAME, ID, true, { target: TARGET }), ['DATA_LOSS']);
      expect((await storage.metadata.get('layout', 'index.json'))?.length).toBe(text.length);
    }
  });

  it('row 10: a manifest that is also an index is neither', async () => {
    const both = {
      schemaVersion: 2,
      config: { ...TARGET, mediaType: MEDIA_TYPES.ociConfig },
      layers: [],
      manifests: [],
    };
    const ingest = await storage.content.ingest('both');
    await ingest.write(encoder.encode(JSON.stringify(both)));
    const { digest } = await ingest.commit();
    for (const mediaType of [MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerManifest]) {
      await refuses(() => readEditableImage({ mediaType, digest }, storage.content), ['INVALID_MANIFEST']);
    }
    await storage.metadata.set('layout', 'index.json', encoder.encode(JSON.stringify(both)));
    await refuses(() => references.all(), ['DATA_LOSS']);
  });
});

describe('what is kept', () => {
  it.skipIf(process.platform === 'win32')('row 15: is for its owner alone', async () => {
    await images.create(config());
    await references.addTag(NAME, ID, false, { target: TARGET });
    await metadata.add(ID as unknown as DiffID, {
      digest: ID,
      sourceRepository: 'docker.io/a/b',
      hmac: 'c0ffee',
    });
    const entries = await readdir(join(folder, 'store'), { recursive: true, withFileTypes: true });
    const kept = entries.filter(({ name }) => name === 'index.json' || /^[0-9a-f]{64}/.test(name));
    expect(kept).toHaveLength(5);
    for (const entry of entries) {
      const { mode } = await stat(join(entry.parentPath, entry.name));
      expect([entry.name, (mode & 0o777).toString(8)]).toEqual([
        entry.name,
        entry.isDirectory() ? '700' : '600',
      ]);
    }
  });

  it('row 23: an image is known by its bytes, never by its history', async () => {
    const history = [{ created: '2024-01-01T00:00:00Z', created_by: 'RUN make' }];
    const genuine = await images.create(config({ history: [{ ...history[0], empty_layer: true }] }));
    const forged = config({ history, rootfs: { type: 'layers', diff_ids: [ID] } });
    await expect(images.create(forged)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const similar = await images.create(
      config({ history: [{ ...history[0], empty_layer: true }], author: 'x' }),
    );
    expect(similar).not.toBe(genuine);
    expect([...(await images.map()).keys()].sort()).toEqual([genuine, similar].sort());
  });

  it('row 33: an image that is deleted can be had from no store any more', async () => {
    const other = await openImageStore({ storage, layers: await openLayerStore({ storage }) });
    const id = await images.create(config());
    expect((await other.get(id)).id).toBe(id);
    await images.delete(id);
    for (const store of [images, other]) {
      await expect(store.get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(store.search(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(await store.map()).toEqual(new Map());
    }
  });
});
