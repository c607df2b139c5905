import { collect, createTarWriter, digestBytes, readTar, streamOf } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { encodeGoJson, familiarString, isStowageError, parseNormalizedNamed } from '@stowage/types';
import type { Bytes, ContentStore, Descriptor, Digest, ImageID, Storage } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { openImageStore } from '../image/image-store.ts';
import { openReferenceStore } from '../reference/reference-store.ts';
import { createTarLayerStore } from '../test-support/tar-layer-store.ts';
import { loadArchive } from './load-archive.ts';
import type { LoadArchiveDeps, LoadArchiveOptions, LoadResult } from './load-options.ts';
import { saveArchive } from './save-archive.ts';
import type { ArchiveFormat } from './save-archive.ts';

const MOST = 64 << 20;
const OCI = 'application/vnd.oci.image';
const tar = createTarWriter();

let storage: Storage;
let stores: LoadArchiveDeps;

beforeEach(async () => {
  storage = createMemoryStorage();
  const layers = createTarLayerStore(storage.content);
  const imageStore = await openImageStore({ storage, layers });
  stores = { storage, layers, imageStore, references: await openReferenceStore({ storage }) };
});

function concat(parts: readonly Bytes[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function layerOf(content: Bytes): Bytes {
  return concat([...tar.entry({ name: 'file' }, content), tar.end()]);
}

function archiveOf(files: Readonly<Record<string, Bytes | object>>): Bytes {
  const entries = Object.entries(files).flatMap(([name, content]) =>
    tar.entry({ name }, content instanceof Uint8Array ? content : encodeGoJson(content)),
  );
  return concat([...entries, tar.end()]);
}

function load(
  files: Readonly<Record<string, Bytes | object>>,
  options?: LoadArchiveOptions,
): Promise<LoadResult> {
  return loadArchive(streamOf(archiveOf(files)), stores, options);
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
  } catch (error) {
    return isStowageError(error) ? error.code : String(error);
  }
  return undefined;
}

async function configOf(layers: readonly Bytes[], more: object = {}): Promise<Bytes> {
  const diffIds = await Promise.all(layers.map((layer) => digestBytes(layer)));
  return encodeGoJson({ os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds }, ...more });
}

function pathOf(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

const SMALL = layerOf(new Uint8Array(10));
/** Larger than what is kept in memory, and than any document. */
const LARGE = layerOf(new Uint8Array(100_000).fill(7));
const HUGE = layerOf(new Uint8Array(9 << 20).fill(7));

async function addImage(name: string, layers = [SMALL, LARGE], more: object = {}): Promise<ImageID> {
  const config = await configOf(layers, more);
  const files = Object.fromEntries(layers.map((layer, at) => [`${String(at)}.tar`, layer]));
  const item = { Config: 'c.json', RepoTags: [name], Layers: Object.keys(files) };
  const { images } = await load({ ...files, 'c.json': config, 'manifest.json': [item] }, { tags: true });
  return images[0]?.id as ImageID;
}

async function savedFiles(refs: string[], format: ArchiveFormat): Promise<Map<string, Bytes | string>> {
  const files = new Map<string, Bytes | string>();
  const entries = saveArchive(refs, stores, { format }).pipeThrough(readTar()).getReader();
  for (let next = await entries.read(); !next.done; next = await entries.read()) {
    const { header, body } = next.value;
    files.set(header.name, header.linkname ?? (await collect(body, { maxBytes: MOST })));
  }
  return files;
}

function jsonOf(bytes: Bytes | string | undefined): unknown {
  return JSON.parse(typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes));
}

describe('loadArchive', () => {
  it('takes layers of every size, and leaves alone what nothing names', async () => {
    const layers = [SMALL, LARGE, HUGE];
    const id = await addImage('app:1', layers);
    expect(id).toBe(await digestBytes(await configOf(layers)));
    const junk = {
      'junk.bin': new Uint8Array(9 << 20).fill(0x7b),
      'junk.json': new Uint8Array(70_000).fill(0x7b),
    };
    const config = await configOf([]);
    const { images } = await load({ ...junk, c: config, 'manifest.json': [{ Config: 'c', Layers: null }] });
    expect(images.map(({ names }) => names)).toEqual([[]]);
    const ingests = [];
    for await (const { ref } of storage.content.ingests()) ingests.push(ref);
    expect(ingests).toEqual([]);
  });

  it('reads documents that are too large for memory from the store', async () => {
    const config = await configOf([], { comment: 'x'.repeat(70_000) });
    const { images } = await load({
      c: config,
      'manifest.json': [{ Config: 'c', RepoTags: null, Layers: [] }],
    });
    expect(images[0]?.id).toBe(await digestBytes(config));
  });

  it('refuses a layer that is none', async () => {
    const config = await configOf([SMALL]);
    for (const size of [10, 70_000, 9 << 20]) {
      const layer = new Uint8Array(size).fill(0x7b);
      const item = { Config: 'c', RepoTags: [], Layers: ['l'] };
      expect(await codeOf(load({ l: layer, c: config, 'manifest.json': [item] }))).toBe('INVALID_ARCHIVE');
    }
  });

  it('reads names of members in any case, as docker does', async () => {
    const item = { config: 'c', REPOTAGS: ['a:1'], layers: [] };
    const { images } = await load({ c: await configOf([]), 'manifest.json': [item] }, { tags: true });
    expect(images[0]?.tagged.map(familiarString)).toEqual(['a:1']);
  });

  it('tells the IDs only where the last image has no name', async () => {
    const [a, b] = [await configOf([]), await configOf([], { author: 'b' })];
    const lines: string[] = [];
    const onMessage = (line: string): void => void lines.push(line);
    const named = { Config: 'a', RepoTags: ['a:1'], Layers: [] };
    const unnamed = { Config: 'b', RepoTags: null, Layers: [] };
    await load({ a, b, 'manifest.json': [unnamed, named] }, { tags: true, onMessage });
    expect(lines).toEqual(['Loaded image: a:1']);
    await load({ a, b, 'manifest.json': [named, unnamed] }, { tags: true, onMessage });
    const ids = await Promise.all([digestBytes(a), digestBytes(b)]);
    expect(lines.slice(1)).toEqual(['Loaded image: a:1', ...ids.map((id) => `Loaded image ID: ${id}`)]);
  });

  it('checks that a parent has the history of its child', async () => {
    const step = (created_by: string): object => ({
      created: '2020-01-02T03:04:05Z',
      created_by,
      empty_layer: true,
    });
    const parent = await configOf([], { history: [step('a')] });
    const Parent = await digestBytes(parent);
    const tryHistory = (...history: object[]): Promise<LoadResult> =>
      configOf([], { author: 'child', history }).then((child) =>
        load({
          parent,
          child,
          'manifest.json': [
            { Config: 'child', RepoTags: null, Layers: [], Parent },
            { Config: 'parent', RepoTags: null, Layers: [] },
          ],
        }),
      );
    const { images } = await tryHistory(step('a'), step('b'));
    expect(await stores.imageStore.getParent(images[0]?.id as ImageID)).toBe(Parent);
    await expect(tryHistory(step('x'), step('b'))).rejects.toThrow('is not a valid parent for');
    await expect(tryHistory(step('a'))).rejects.toThrow('is not a valid parent for');
  });

  it('lets a parent be that is not there', async () => {
    const Parent = `sha256:${'0'.repeat(64)}`;
    const item = { Config: 'c', RepoTags: null, Layers: [], Parent };
    const { images } = await load({ c: await configOf([]), 'manifest.json': [item] });
    expect(await stores.imageStore.getParent(images[0]?.id as ImageID)).toBeUndefined();
  });

  it('refuses IDs of version 1 that stand on themselves', async () => {
    const id = 'a'.repeat(64);
    const archive = { [`${id}/json`]: { parent: id }, [`${id}/layer.tar`]: SMALL, repositories: {} };
    await expect(load(archive)).rejects.toThrow('stands on too many others');
    const other = {
      [`${id}/json`]: {},
      [`${id}/layer.tar`]: SMALL,
      repositories: { app: { 1: 'b'.repeat(64) } },
    };
    await expect(load(other)).rejects.toThrow(`invalid target ID: ${'b'.repeat(64)}`);
    expect(await codeOf(load({ ...other, repositories: { '<>': { 1: id } } }))).toBe('INVALID_ARCHIVE');
    expect(await codeOf(load({ ...other, repositories: { app: 1 } }))).toBe('INVALID_ARCHIVE');
  });

  describe('an OCI layout', () => {
    /** A layout of one image of one layer; what differs is said by the entry of its index. */
    async function layoutOf(
      entry: object,
      type = `${OCI}.config.v1+json`,
    ): Promise<Record<string, Bytes | object>> {
      const config = await configOf([LARGE]);
      const named = async (bytes: Bytes, mediaType: string): Promise<object> => ({
        mediaType,
        digest: await digestBytes(bytes),
        size: bytes.length,
      });
      const manifest = encodeGoJson({
        schemaVersion: 2,
        config: await named(config, type),
        layers: [await named(LARGE, `${OCI}.layer.v1.tar`)],
      });
      const target = await named(manifest, `${OCI}.manifest.v1+json`);
      const files: Record<string, Bytes | object> = {
        'oci-layout': { imageLayoutVersion: '1.0.0' },
        'index.json': { schemaVersion: 2, manifests: [{ ...target, ...entry }] },
      };
      for (const bytes of [config, manifest, LARGE]) files[pathOf(await digestBytes(bytes))] = bytes;
      return files;
    }

    it.each([
      ['a full name', { 'io.containerd.image.name': 'quay.io/a/b:1' }, 'quay.io/a/b:1'],
      ['a name in the place of a tag', { 'org.opencontainers.image.ref.name': 'a/b:1' }, 'a/b:1'],
      ['a tag alone', { 'org.opencontainers.image.ref.name': 'latest' }, undefined],
      ['an ID', { 'org.opencontainers.image.ref.name': `sha256:${'a'.repeat(64)}` }, undefined],
      ['any text', { 'org.opencontainers.image.ref.name': 'a/b c:1' }, undefined],
      ['nothing', {}, undefined],
    ])('%s', async (_what, annotations, name) => {
      const { images } = await load(await layoutOf({ annotations }), { tags: true });
      expect(images[0]?.tagged.map(familiarString)).toEqual(name === undefined ? [] : [name]);
      const { digest = '' } = images[0]?.manifest ?? {};
      expect((await storage.content.info(digest as Digest)).size).toBe(images[0]?.manifest?.size);
    });

    it('passes over what is no image', async () => {
      expect((await load(await layoutOf({}, 'application/vnd.example'))).images).toEqual([]);
      expect((await load(await layoutOf({ mediaType: 'application/vnd.example' }))).images).toEqual([]);
    });

    it('uses blobs that are here already', async () => {
      await load(await layoutOf({}));
      const { images } = await load(await layoutOf({}));
      expect(images).toHaveLength(1);
    });

    it('refuses sizes that are wrong, and indexes without end', async () => {
      expect(await codeOf(load(await layoutOf({ size: 3 })))).toBe('SIZE_MISMATCH');
      let inner: object = {
        mediaType: `${OCI}.manifest.v1+json`,
        digest: `sha256:${'0'.repeat(64)}`,
        size: 2,
      };
      const files: Record<string, Bytes | object> = { 'oci-layout': { imageLayoutVersion: '1.0.0' } };
      for (let depth = 0; depth < 6; depth += 1) {
        const index = encodeGoJson({ schemaVersion: 2, manifests: [inner] });
        const digest = await digestBytes(index);
        files[pathOf(digest)] = index;
        inner = { mediaType: `${OCI}.index.v1+json`, digest, size: index.length };
      }
      const manifests = [inner];
      await expect(load({ ...files, 'index.json': { schemaVersion: 2, manifests } })).rejects.toThrow(
        'nested',
      );
    });
  });

  it('cancels the archive when the store fails, and says why', async () => {
    const failure = new Error('no space left');
    const content = Object.create(storage.content) as ContentStore;
    content.ingest = () => Promise.reject(failure);
    let cancelled: unknown;
    const archive = archiveOf({ l: LARGE });
    let at = 0;
    const source = new ReadableStream<Bytes>({
      pull: (controller) => {
        controller.enqueue(archive.slice(at, (at += 4096)));
      },
      cancel: (reason) => {
        cancelled = reason;
      },
    });
    await expect(loadArchive(source, { ...stores, storage: { content } })).rejects.toBe(failure);
    await expect.poll(() => cancelled).toBe(failure);
  });
});

describe('saveArchive', () => {
  it('docker: a layout that has a manifest.json', async () => {
    const id = await addImage('team/app:1');
    const files = await savedFiles(['team/app'], 'docker');
    const config = `blobs/sha256/${id.slice(7)}`;
    const [small, large] = [await digestBytes(SMALL), await digestBytes(LARGE)];
    expect(jsonOf(files.get('manifest.json'))).toEqual([
      {
        Config: config,
        RepoTags: ['team/app:1'],
        Layers: [pathOf(small), pathOf(large)],
        LayerSources: {
          [small]: { mediaType: `${OCI}.layer.v1.tar`, size: SMALL.length, digest: small },
          [large]: { mediaType: `${OCI}.layer.v1.tar`, size: LARGE.length, digest: large },
        },
      },
    ]);
    expect(jsonOf(files.get('repositories'))).toEqual({ 'team/app': { 1: large.slice(7) } });
    expect(jsonOf(files.get('index.json'))).toMatchObject({
      manifests: [
        {
          annotations: {
            'io.containerd.image.name': 'docker.io/team/app:1',
            'org.opencontainers.image.ref.name': '1',
          },
        },
      ],
    });
    expect(files.get(pathOf(large))).toEqual(LARGE);
  });

  it('docker-v1: times that a header cannot hold are 1970', async () => {
    for (const created of ['0001-01-01T00:00:00Z', 'yesterday', undefined]) {
      const id = await addImage('old:1', [SMALL], { created });
      const save = savedFiles([id], 'docker-v1');
      if (created === 'yesterday') expect(await codeOf(save)).toBe('INVALID_ARGUMENT');
      else expect((await save).has('repositories')).toBe(false);
    }
  });

  it('oci: makes a manifest where there is none of OCI', async () => {
    const id = await addImage('app:1');
    await stores.references.addTag(parseNormalizedNamed('app:2'), id, false, {
      target: { mediaType: `${OCI}.index.v1+json`, digest: `sha256:${'0'.repeat(64)}` as Digest, size: 3 },
    });
    const files = await savedFiles(['app'], 'oci');
    const { manifests } = jsonOf(files.get('index.json')) as { manifests: { digest: Digest }[] };
    expect(manifests).toHaveLength(2);
    expect(jsonOf(files.get(pathOf(manifests[0]?.digest as Digest)))).toMatchObject({
      config: { digest: id },
    });
  });

  it('oci: keeps the manifest that an index leads to, as long as its layers are here', async () => {
    const id = await addImage('app:1', [LARGE]);
    const put = async (value: object, type: string): Promise<Descriptor> => {
      const bytes = encodeGoJson(value);
      const ingest = await storage.content.ingest(`put-${type}`);
      await ingest.write(bytes);
      return {
        mediaType: `${OCI}.${type}.v1+json`,
        digest: (await ingest.commit()).digest,
        size: bytes.length,
      };
    };
    const config = {
      mediaType: `${OCI}.config.v1+json`,
      digest: id,
      size: (await stores.imageStore.get(id)).raw.length,
    };
    for (const size of [LARGE.length, 1]) {
      const layer = { mediaType: `${OCI}.layer.v1.tar`, digest: await digestBytes(LARGE), size };
      const annotations = { kept: String(size) };
      const manifest = await put({ schemaVersion: 2, config, layers: [layer], annotations }, 'manifest');
      const other = { ...manifest, digest: `sha256:${'0'.repeat(64)}` };
      const index = await put({ schemaVersion: 2, manifests: [other, manifest] }, 'index');
      await stores.references.addTag(parseNormalizedNamed(`app:${String(size)}`), id, false, {
        target: index,
      });
      const files = await savedFiles([`app:${String(size)}`], 'oci');
      expect(files.has(pathOf(manifest.digest))).toBe(size === LARGE.length);
    }
  });

  it('selects by names, IDs and what begins like one', async () => {
    const id = await addImage('app:1');
    const names = async (...refs: string[]): Promise<unknown> =>
      (jsonOf((await savedFiles(refs, 'docker')).get('manifest.json')) as { RepoTags: unknown }[]).map(
        ({ RepoTags }) => RepoTags,
      );
    expect(await names(id)).toEqual([null]);
    expect(await names(id.slice(7))).toEqual([null]);
    expect(await names(id.slice(7, 15))).toEqual([null]);
    expect(await names(id.slice(0, 15))).toEqual([null]);
    expect(await names('app', 'app:1', id)).toEqual([['app:1']]);
    const pinned = parseNormalizedNamed(`app@sha256:${'1'.repeat(64)}`);
    await stores.references.addDigest(pinned, id);
    expect(await names(familiarString(pinned))).toEqual([null]);
  });
});
