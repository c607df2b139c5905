import { chainId as chainIdOf, createTarWriter, streamOf } from '@stowage/core';
import { MEDIA_TYPES } from '@stowage/types';
import type { Bytes, ChainID, Descriptor, DiffID, Layer, LayerStore, Storage } from '@stowage/types';
import {
  all,
  digestOf,
  drain,
  failure,
  put,
  reopened,
  sameBytes,
  text,
  withSubject,
} from './storage-subject.ts';
import type { StorageSetup, StorageSubject, TestApi } from './storage-subject.ts';

/** Opens the store under test over a storage, fresh or used before. */
export type OpenLayerStore = (storage: Storage) => Promise<LayerStore>;

interface Subject {
  readonly layers: LayerStore;
  readonly storage: Storage;
  readonly subject: StorageSubject;
}

/** The tar of a layer with some files. */
function tarOf(files: Readonly<Record<string, string>>): Bytes {
  const tar = createTarWriter();
  const parts = Object.entries(files).flatMap(([name, content]) => tar.entry({ name }, text(content)));
  parts.push(tar.end());
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

const add = (layers: LayerStore, name: string, parent?: Layer): Promise<Layer> =>
  layers.register(streamOf(tarOf({ [name]: `content of ${name}` })), parent?.chainId);

const chainIdsOf = (list: Iterable<{ readonly chainId: ChainID }>): ChainID[] =>
  [...list].map(({ chainId }) => chainId);

/**
 * What every `LayerStore` must do: what moby's own store is tested for, and what is beyond it here.
 *
 * @param api the test runner
 * @param setup makes a fresh storage for each test
 * @param open opens the store over it
 */
export function layerStoreSuite(api: TestApi, setup: StorageSetup, open: OpenLayerStore): void {
  const { describe, it, expect } = api;
  const test = (name: string, body: (subject: Subject) => Promise<void>): void => {
    it(
      name,
      withSubject(setup, async (subject) => {
        const { storage } = subject;
        await body({ layers: await open(storage), storage, subject });
      }),
    );
  };

  describe('LayerStore', () => {
    test('names layers by what is in them and beneath them', async ({ layers }) => {
      const files = [{ a: '1' }, { b: '2' }, { c: '3' }];
      const stack: Layer[] = [];
      for (const each of files) {
        stack.push(await layers.register(streamOf(tarOf(each)), stack.at(-1)?.chainId));
      }
      const diffIds = await Promise.all(files.map((each) => digestOf(tarOf(each)) as Promise<DiffID>));
      expect(stack.map(({ diffId }) => diffId)).toEqual(diffIds);
      expect(stack.map(({ chainId }) => chainId)).toEqual(
        [1, 2, 3].map((count) => chainIdOf(diffIds.slice(0, count))),
      );
      expect(stack.map(({ parent }) => parent?.chainId)).toEqual([
        undefined,
        stack[0]?.chainId,
        stack[1]?.chainId,
      ]);
      expect(stack.map(({ size }) => size)).toEqual([2048, 4096, 6144]);
      expect(stack.map(({ diffSize }) => diffSize)).toEqual([2048, 2048, 2048]);
    });

    test('releases a stack from the top, as soon as nobody holds it', async ({ layers }) => {
      const base = await add(layers, 'base');
      const middle = await add(layers, 'middle', base);
      const left = await add(layers, 'left', middle);
      const right = await add(layers, 'right', middle);
      expect(await layers.release(base)).toEqual([]);
      expect(await layers.release(middle)).toEqual([]);
      expect(chainIdsOf(await layers.release(left))).toEqual([left.chainId]);
      const { chainId, diffId, size, diffSize } = right;
      const removed = await layers.release(right);
      expect(chainIdsOf(removed)).toEqual([right.chainId, middle.chainId, base.chainId]);
      expect(removed[0]).toEqual({ chainId, diffId, size, diffSize });
      expect((await layers.map()).size).toBe(0);
    });

    test('keeps what is held, in whatever order holds are given back', async ({ layers }) => {
      const base = await add(layers, 'base');
      const again = await layers.get(base.chainId);
      const top = await add(layers, 'top', base);
      expect(await layers.release(base)).toEqual([]);
      expect(chainIdsOf(await layers.release(top))).toEqual([top.chainId]);
      expect(chainIdsOf(await layers.release(again))).toEqual([base.chainId]);
      expect((await failure('INVALID_ARGUMENT', layers.release(again))).message).toBe('layer not retained');
      expect((await failure('NOT_FOUND', layers.get(base.chainId))).message).toBe('layer does not exist');
    });

    test('is there again after a restart, without holds', async ({ layers, subject }) => {
      const base = await add(layers, 'base');
      const top = await add(layers, 'top', base);
      const storage = await reopened(subject);
      const restored = await open(storage);
      expect(new Set((await restored.map()).keys())).toEqual(new Set([base.chainId, top.chainId]));
      const found = await restored.get(top.chainId);
      const { chainId, diffId, size, diffSize, descriptor } = top;
      expect(found).toMatchObject({ chainId, diffId, size, diffSize, descriptor });
      expect(found.parent?.chainId).toBe(base.chainId);
      expect(sameBytes(await drain(await found.tarStream()), tarOf({ top: 'content of top' }))).toBe(true);
      // The base stays while its child does, and goes with it.
      expect(await restored.release(await restored.get(base.chainId))).toEqual([]);
      expect(chainIdsOf(await restored.release(found))).toEqual([top.chainId, base.chainId]);
      expect((await (await open(storage)).map()).size).toBe(0);
      await storage.close();
    });

    test('answers an existing chain with the layer that is there', async ({ layers }) => {
      const base = await add(layers, 'base');
      const first = await add(layers, 'same', base);
      const second = await add(layers, 'same', base);
      expect(second).not.toBe(first);
      expect(second.chainId).toBe(first.chainId);
      const elsewhere = await add(layers, 'same');
      expect(elsewhere.diffId).toBe(first.diffId);
      expect(elsewhere.chainId).not.toBe(first.chainId);
      await layers.release(base);
      expect(await layers.release(first)).toEqual([]);
      expect(chainIdsOf(await layers.release(second))).toEqual([first.chainId, base.chainId]);
    });

    test('gives many callers of one chain one layer', async ({ layers }) => {
      const tar = tarOf({ a: '1' });
      const holds = await Promise.all(Array.from({ length: 8 }, () => layers.register(streamOf(tar))));
      expect(new Set(chainIdsOf(holds)).size).toBe(1);
      const removed: unknown[] = [];
      for (const hold of holds) removed.push(...(await layers.release(hold)));
      expect(removed).toHaveLength(1);
    });

    test('gives back the bytes that were registered, whatever follows the end of the archive', async ({
      layers,
    }) => {
      const tar = tarOf({ a: '1', 'dir/b': '22' });
      const padded = new Uint8Array(tar.byteLength + 10_240 + 7);
      padded.set(tar);
      padded.fill(7, tar.byteLength + 5);
      for (const bytes of [tar, padded, new Uint8Array(1024)]) {
        const layer = await layers.register(streamOf(bytes.subarray(0, 700), bytes.subarray(700)));
        expect(layer.diffId).toBe(await digestOf(bytes));
        for (let time = 0; time < 2; time += 1) {
          expect(sameBytes(await drain(await layer.tarStream()), bytes)).toBe(true);
        }
      }
    });

    test('tells when a stored blob has changed, as it is read', async ({ layers, storage }) => {
      const tar = tarOf({ a: '1' });
      const { digest, size } = await put(storage, tar);
      const diffId = (await digestOf(text('another'))) as DiffID;
      const descriptor: Descriptor = { mediaType: MEDIA_TYPES.ociLayer, digest, size };
      const layer = await layers.registerBlob(descriptor, undefined, { scanned: { diffId, diffSize: size } });
      const { message } = await failure('DATA_LOSS', drain(await layer.tarStream()));
      expect(message).toContain(`could not verify layer data for: ${diffId}`);
    });

    test('registers a stored blob, compressed or not, and refuses what is none of its own', async (subject) => {
      const { layers, storage } = subject;
      const tar = tarOf({ a: '1' });
      const stage = new CompressionStream('gzip') as unknown as TransformStream<Bytes, Bytes>;
      const zipped = await drain(streamOf(tar).pipeThrough(stage));
      const blobs = [
        [tar, MEDIA_TYPES.dockerLayer],
        [zipped, MEDIA_TYPES.dockerLayerGzip],
      ] as const;
      const diffId = (await digestOf(tar)) as DiffID;
      for (const [bytes, mediaType] of blobs) {
        const { digest, size } = await put(storage, bytes);
        const layer = await layers.registerBlob({ mediaType, digest, size }, undefined, { diffId });
        expect([layer.diffId, layer.diffSize]).toEqual([diffId, tar.byteLength]);
        expect(layer.descriptor).toEqual({ mediaType, digest, size });
        await layers.release(layer);
        const other = (await digestOf(text('other'))) as DiffID;
        const descriptor = { mediaType, digest, size };
        await failure('DIGEST_MISMATCH', layers.registerBlob(descriptor, undefined, { diffId: other }));
      }
      expect((await layers.map()).size).toBe(0);
    });

    test('leaves nothing behind of what it could not register', async ({ layers, storage }) => {
      const nobody = (await digestOf(text('nobody'))) as ChainID;
      await failure('NOT_FOUND', layers.register(streamOf(tarOf({ a: '1' })), nobody));
      await failure('INVALID_ARCHIVE', layers.register(streamOf(new Uint8Array(2048).fill(65))));
      const broken = new Error('broken');
      const failing = new ReadableStream<Bytes>({
        pull: (controller) => {
          controller.error(broken);
        },
      });
      await layers.register(failing).then(
        () => expect.unreachable(),
        (error: unknown) => {
          expect(error).toBe(broken);
        },
      );
      expect((await layers.map()).size).toBe(0);
      expect(await all(storage.content.ingests())).toEqual([]);
    });

    test('shows what is in a layer, and what leads to it from further beneath', async ({ layers }) => {
      const base = await layers.register(streamOf(tarOf({ a: '1', b: '2' })));
      const middle = await layers.register(streamOf(tarOf({ c: '3' })), base.chainId);
      const top = await layers.register(streamOf(tarOf({ '.wh.a': '', c: '33' })), middle.chainId);
      expect((await all(top.entries())).map(({ path, size }) => [path, size])).toEqual([
        ['.wh.a', 0],
        ['c', 2],
      ]);
      expect(await drain(await top.readFile('c'))).toEqual(text('33'));
      const { chainId } = await layers.register(await top.tarStreamFrom(base.chainId), base.chainId);
      const merged = await layers.get(chainId);
      expect((await all(merged.entries())).map(({ path }) => path)).toEqual(['.wh.a', 'c']);
      const flat = await layers.register(await top.tarStreamFrom());
      expect((await all(flat.entries())).map(({ path }) => path)).toEqual(['b', 'c']);
      await failure('INVALID_ARGUMENT', base.tarStreamFrom(top.chainId));
    });
  });
}
