import { collect, createTarWriter, readTar, streamOf } from '@stowage/core';
import { loadArchive, openImageStore, openReferenceStore, saveArchive } from '@stowage/image-store';
import type { ArchiveFormat, LoadArchiveDeps } from '@stowage/image-store';
import { openLayerStore } from '@stowage/layer-store';
import { familiarString, parseNormalizedNamed } from '@stowage/types';
import type { Bytes, ImageID, Layer, Storage } from '@stowage/types';
import { all, failure, noise, rejection, reopened, text, withSubject } from './storage-subject.ts';
import type { StorageSetup, TestApi } from './storage-subject.ts';

type Stores = Required<Pick<LoadArchiveDeps, 'layers' | 'imageStore' | 'references'>> & {
  readonly storage: Storage;
};

const FORMATS: readonly ArchiveFormat[] = ['docker', 'docker-v1', 'oci'];
const MOST = 64 << 20;

async function openStores(storage: Storage): Promise<Stores> {
  const layers = await openLayerStore({ storage });
  const imageStore = await openImageStore({ storage, layers });
  return { storage, layers, imageStore, references: await openReferenceStore({ storage }) };
}

function layerTar(name: string, content: Bytes): Bytes[] {
  const tar = createTarWriter();
  return [...tar.entry({ name }, content), tar.end()];
}

/** Creates an image of these layers, base first. */
async function addImage(
  { layers, imageStore }: Stores,
  contents: readonly Bytes[],
  more: object = {},
): Promise<ImageID> {
  const held: Layer[] = [];
  for (const content of contents) {
    held.push(await layers.register(streamOf(...layerTar('file', content)), held.at(-1)?.chainId));
  }
  const config = {
    created: '2020-01-02T03:04:05.6Z',
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['<&>'] },
    rootfs: { type: 'layers', diff_ids: held.map(({ diffId }) => diffId) },
    ...more,
  };
  const id = await imageStore.create(text(JSON.stringify(config)));
  for (const layer of held) await layers.release(layer);
  return id;
}

/** Two images with a layer in common, one of which has it twice; the names of each. */
async function addImages(stores: Stores): Promise<readonly [ImageID, ImageID]> {
  const shared = noise(200_000);
  const base = await addImage(stores, [shared]);
  const app = await addImage(stores, [shared, text('small'), shared], {
    history: [{ created: '2020-01-02T03:04:05Z', created_by: 'RUN' }],
  });
  await stores.references.addTag(parseNormalizedNamed('base:1'), base);
  await stores.references.addTag(parseNormalizedNamed('quay.io/team/app:v1'), app);
  await stores.references.addTag(parseNormalizedNamed('quay.io/team/app:v2'), app);
  return [base, app];
}

async function ingests({ storage }: Stores): Promise<number> {
  return (await all(storage.content.ingests())).length;
}

/**
 * What saving and loading archives must do over every storage.
 *
 * @param api the test runner
 * @param setup makes a fresh storage
 */
export function archiveSuite({ describe, it, expect }: TestApi, setup: StorageSetup): void {
  /** A test with two stores: one to save from, one to load into. */
  const test = (name: string, body: (from: Stores, to: Stores) => Promise<void>): void => {
    it(
      name,
      withSubject(setup, async (source) => {
        const target = await setup();
        try {
          await body(await openStores(source.storage), await openStores(target.storage));
          await openStores(await reopened(target));
        } finally {
          await target.teardown();
        }
      }),
    );
  };

  describe('archives', () => {
    for (const format of FORMATS) {
      test(`${format}: what is loaded is what was saved`, async (from, to) => {
        const [base, app] = await addImages(from);
        const archive = saveArchive(['base', 'quay.io/team/app'], from, { format });
        const lines: string[] = [];
        const { images } = await loadArchive(archive, to, {
          tags: true,
          onMessage: (line) => lines.push(line),
        });
        expect(images.map(({ id }) => id)).toEqual([base, app]);
        expect(lines).toEqual([
          'Loaded image: base:1',
          'Loaded image: quay.io/team/app:v1',
          'Loaded image: quay.io/team/app:v2',
        ]);
        for (const id of [base, app]) {
          expect((await to.imageStore.get(id)).raw).toEqual((await from.imageStore.get(id)).raw);
        }
        expect([...(await to.layers.map()).keys()].sort()).toEqual(
          [...(await from.layers.map()).keys()].sort(),
        );
        expect(await to.references.get(parseNormalizedNamed('quay.io/team/app:v2'))).toBe(app);
        expect(await ingests(to)).toBe(0);

        const again = await collect(saveArchive(['base', 'quay.io/team/app'], to, { format }), {
          maxBytes: MOST,
        });
        const before = await collect(saveArchive(['base', 'quay.io/team/app'], from, { format }), {
          maxBytes: MOST,
        });
        expect(again.length).toBe(before.length);
        expect(again.every((byte, at) => byte === before[at])).toBe(true);
      });

      test(`${format}: an ID gives the image without a name`, async (from, to) => {
        const [base] = await addImages(from);
        const lines: string[] = [];
        const { images } = await loadArchive(saveArchive([base, base.slice(7, 19)], from, { format }), to, {
          tags: true,
          onMessage: (line) => lines.push(line),
        });
        expect(images).toMatchObject([{ id: base, names: [], tagged: [] }]);
        expect(lines).toEqual([`Loaded image ID: ${base}`]);
      });

      test(`${format}: nothing is left of what breaks off`, async (from, to) => {
        await addImages(from);
        const bytes = await collect(saveArchive(['base:1'], from, { format }), { maxBytes: MOST });
        const cut = streamOf(bytes.subarray(0, 150_000));
        await failure('INVALID_ARCHIVE', loadArchive(cut, to, { tags: true }));
        expect(await to.references.all()).toEqual([]);
        expect((await to.imageStore.map()).size).toBe(0);
        expect((await to.layers.map()).size).toBe(0);
        expect(await ingests(to)).toBe(0);
      });
    }

    test('names are given only where they are asked for', async (from, to) => {
      const [base, app] = await addImages(from);
      const names = ['base:1', 'quay.io/team/app:v1'];
      const { images } = await loadArchive(saveArchive(names, from), to);
      expect(images.map(({ names, tagged }) => [names.map(familiarString), tagged])).toEqual([
        [['base:1'], []],
        [['quay.io/team/app:v1'], []],
      ]);
      expect(await to.references.all()).toEqual([]);
      await loadArchive(saveArchive(names, from), to, { tags: ({ path }) => path === 'team/app' });
      expect((await to.references.all()).map(({ imageId }) => imageId)).toEqual([app]);
      expect(base).not.toBe(app);
    });

    test('a name that is taken moves, and it is said so', async (from, to) => {
      const [base] = await addImages(from);
      const old = await addImage(to, [text('old')]);
      await to.references.addTag(parseNormalizedNamed('base:1'), old);
      const lines: string[] = [];
      await loadArchive(saveArchive(['base:1'], from), to, {
        tags: true,
        onMessage: (line) => lines.push(line),
      });
      expect(lines).toEqual([
        `The image base:1 already exists, renaming the old one with ID ${old} to empty string`,
        'Loaded image: base:1',
      ]);
      expect(await to.references.get(parseNormalizedNamed('base:1'))).toBe(base);
    });

    test('a parent goes with its child', async (from, to) => {
      const parent = await addImage(from, [text('a')]);
      const child = await addImage(from, [text('a'), text('b')]);
      await from.imageStore.setParent(child, parent);
      await loadArchive(saveArchive([parent, child], from), to);
      expect(await to.imageStore.getParent(child)).toBe(parent);
    });

    test('events and progress tell of each image and layer', async (from, to) => {
      const [base] = await addImages(from);
      const events: string[] = [];
      const imageEventLogger = (...event: string[]): void => void events.push(event.join(' '));
      const steps: unknown[] = [];
      await loadArchive(
        saveArchive([base], { ...from, imageEventLogger }),
        { ...to, imageEventLogger },
        { onProgress: ({ action, current, total }) => steps.push([action, current === total]) },
      );
      expect(events).toEqual([`${base} ${base} save`, `${base} ${base} load`]);
      expect(steps).toEqual([['Loading layer', true]]);
    });

    test('what is read in part holds nothing afterwards', async (from) => {
      const [base] = await addImages(from);
      const reader = saveArchive([base], from).getReader();
      await reader.read();
      await reader.cancel();
      const layers = await from.layers.map();
      expect(layers.size).toBe(3);
      await from.imageStore.delete(base);
      expect((await from.layers.map()).size).toBe(3);
    });

    test('an abort ends both with its reason', async (from, to) => {
      const [base] = await addImages(from);
      const reason = new Error('enough');
      const signal = AbortSignal.abort(reason);
      expect(await rejection(collect(saveArchive([base], from, { signal }), { maxBytes: MOST }))).toBe(
        reason,
      );
      expect(await rejection(loadArchive(saveArchive([base], from), to, { signal }))).toBe(reason);
      const controller = new AbortController();
      const archive = saveArchive([base], from);
      const loading = loadArchive(archive, to, { signal: controller.signal });
      controller.abort(reason);
      expect(await rejection(loading)).toBe(reason);
      expect(await ingests(to)).toBe(0);
    });

    test('what is not there cannot be saved', async (from) => {
      const save = (...refs: string[]): Promise<Bytes> =>
        collect(saveArchive(refs, from), { maxBytes: MOST });
      expect((await failure('NOT_FOUND', save('nothing'))).message).toBe('No such image: nothing');
      expect((await failure('NOT_FOUND', save('nothing:1'))).message).toBe('reference does not exist');
      await failure('NOT_FOUND', save('sha256:abcdef'));
      const empty = await addImage(from, []);
      const legacy = saveArchive([empty], from, { format: 'docker-v1' });
      expect((await failure('UNSUPPORTED', collect(legacy, { maxBytes: MOST }))).message).toBe(
        'empty export - not implemented',
      );
      expect(() => saveArchive([], from)).toThrow('no image to save');
      expect(() => saveArchive(['a'], from, { format: 'rar' as ArchiveFormat })).toThrow('unknown format');
    });

    test('layers that are twice in an archive are written once', async (from) => {
      const [, app] = await addImages(from);
      const links: (string | undefined)[] = [];
      const archive = saveArchive([app], from, { format: 'docker-v1' });
      const entries = archive.pipeThrough(readTar()).getReader();
      for (let next = await entries.read(); !next.done; next = await entries.read()) {
        const { header } = next.value;
        if (header.type === 'symlink') links.push(header.linkname);
      }
      expect(links).toHaveLength(1);
      expect(links[0]).toMatch(/^\.\.\/[0-9a-f]{64}\/layer\.tar$/);
    });
  });
}
