import { collect, createTarWriter, digestBytes, iterate, streamOf } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, Layer, Storage } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_LAYER } from '../content/empty-layer.ts';
import { openLayerStore } from '../store/layer-store.ts';
import { codeOf, gzip, join, OTHER, TAR, tarOf, textOf, withContent } from '../test-support/layers.ts';

const encoder = new TextEncoder();

let storage: Storage;

beforeEach(() => {
  storage = createMemoryStorage();
});

describe('a layer’s content', () => {
  it('lists entries in order, paths cleaned, whiteouts included', async () => {
    const writer = createTarWriter();
    const parts = [
      ...writer.entry({ name: './', type: 'dir' }),
      ...writer.entry({ name: './b/', type: 'dir', mode: 0o700, uid: 3, gid: 4, mtime: 5.5 }),
      ...writer.entry({ name: '/b/../../a' }, encoder.encode('text')),
      ...writer.entry({ name: 'b/.wh.c' }),
      ...writer.entry({ name: 'l', type: 'symlink', linkname: '/x' }),
    ];
    const store = await openLayerStore({ storage });
    const layer = await store.register(streamOf(...parts, writer.end()));
    const entries = [];
    for await (const entry of layer.entries()) entries.push(entry);
    expect(entries.map(({ path, type, size }) => [path, type, size])).toEqual([
      ['', 'dir', 0],
      ['b', 'dir', 0],
      ['a', 'file', 4],
      ['b/.wh.c', 'file', 0],
      ['l', 'symlink', 0],
    ]);
    expect(entries[1]).toMatchObject({ mode: 0o700, uid: 3, gid: 4, mtime: 5.5 });
    expect(entries[4]?.linkname).toBe('/x');
  });

  it('inflates a layer without an index once to list it, and again when it may not remember', async () => {
    const zipped = await gzip(TAR);
    for (const [maxCachedEntries, expected] of [
      [undefined, 1],
      [2, 1],
      [1, 3],
    ]) {
      const inner = createMemoryStorage();
      let opened = 0;
      const watched = withContent(inner, {
        open: (digest, options) => {
          opened++;
          return inner.content.open(digest, options);
        },
      });
      const store = await openLayerStore({
        storage: watched,
        limits: { maxCachedEntries, maxIndexedEntries: 0 },
      });
      const layer = await store.register(streamOf(zipped));
      for (let turn = 0; turn < 3; turn++) {
        const paths: string[] = [];
        for await (const entry of layer.entries()) paths.push(entry.path);
        expect(paths).toEqual(['etc/motd', 'etc/issue']);
      }
      expect(opened).toBe(expected);
    }
  });

  it('stops reading when a listing is left', async () => {
    let cancelled = false;
    const watched = withContent(storage, {
      open: () =>
        Promise.resolve(
          new ReadableStream<Bytes>({
            start: (controller) => {
              controller.enqueue(TAR.slice());
            },
            cancel: () => {
              cancelled = true;
            },
          }),
        ),
    });
    const store = await openLayerStore({ storage: watched, limits: { maxIndexedEntries: 0 } });
    const layer = await store.register(streamOf(TAR));
    for await (const entry of layer.entries()) {
      expect(entry.path).toBe('etc/motd');
      break;
    }
    expect(cancelled).toBe(true);
  });

  it.each([
    ['plain', (bytes: Bytes) => Promise.resolve(bytes)],
    ['gzip', gzip],
  ] as const)('reads files of a %s layer', async (_format, pack) => {
    const store = await openLayerStore({ storage });
    const layer = await store.register(
      streamOf(await pack(tarOf({ a: 'first', b: '', c: 'third'.repeat(999) }))),
    );
    expect(await textOf(layer.readFile('a'))).toBe('first');
    expect(await textOf(layer.readFile('/b'))).toBe('');
    expect(await textOf(layer.readFile('./c'))).toBe('third'.repeat(999));
    expect(await codeOf(layer.readFile('d'))).toBe('NOT_FOUND');
    const stream = await layer.readFile('c');
    await stream.cancel();
  });

  it('reads the later of two files of one path, and no directory', async () => {
    const writer = createTarWriter();
    const store = await openLayerStore({ storage });
    const layer = await store.register(
      streamOf(
        ...writer.entry({ name: 'a' }, encoder.encode('old')),
        ...writer.entry({ name: 'd', type: 'dir' }),
        ...writer.entry({ name: './a' }, encoder.encode('new')),
        writer.end(),
      ),
    );
    expect(await textOf(layer.readFile('a'))).toBe('new');
    expect(await codeOf(layer.readFile('d'))).toBe('INVALID_ARGUMENT');
  });

  it('reads a blob no further than the end of the file', async () => {
    let read = 0;
    let cancelled = false;
    const zipped = await gzip(tarOf({ a: 'first', z: 'last' }));
    const watched = withContent(storage, {
      open: () => {
        read = 0;
        return Promise.resolve(
          new ReadableStream<Bytes>(
            {
              pull: (controller) => {
                if (read < zipped.length) controller.enqueue(zipped.slice(read, read + 1));
                else controller.close();
                read++;
              },
              cancel: () => {
                cancelled = true;
              },
            },
            { highWaterMark: 0 },
          ),
        );
      },
    });
    const layer = await (await openLayerStore({ storage: watched })).register(streamOf(zipped));
    for await (const _entry of layer.entries());
    expect(await textOf(layer.readFile('a'))).toBe('first');
    await expect.poll(() => cancelled).toBe(true);
    expect(read).toBeLessThan(zipped.length);
  });

  it('tells at the end that the stored blob has changed', async () => {
    const changed = tarOf({ 'etc/motd': 'HELLO', 'etc/issue': 'world' });
    let stored: Bytes = TAR;
    const damaged = withContent(storage, { open: () => Promise.resolve(streamOf(stored.slice())) });
    const store = await openLayerStore({ storage: damaged });
    const zipped = await gzip(TAR);
    const plain = await store.register(streamOf(TAR));
    for (const bytes of [changed, zipped, zipped.subarray(0, 50), join([TAR, TAR]), TAR.subarray(0, 600)]) {
      stored = bytes;
      if (bytes === zipped) {
        expect(await codeOf(collect(await plain.tarStream(), { maxBytes: 1 << 20 }))).toBe(undefined);
        continue;
      }
      const work = collect(await plain.tarStream(), { maxBytes: 1 << 20 });
      await expect(work).rejects.toThrow(`could not verify layer data for: ${plain.diffId}`);
      expect(await codeOf(work)).toBe('DATA_LOSS');
    }
    const other = await store.register(streamOf(await gzip(OTHER)));
    stored = await gzip(OTHER);
    for await (const _entry of other.entries());
    stored = stored.subarray(0, 20);
    expect(await codeOf(collect(await other.readFile('other'), { maxBytes: 10 }))).toBe('DATA_LOSS');
  });

  it('stops at the size that it had when the stored blob has become larger', async () => {
    let stored: Bytes = TAR;
    const damaged = withContent(storage, { open: () => Promise.resolve(streamOf(stored)) });
    const layer = await (await openLayerStore({ storage: damaged })).register(streamOf(TAR));
    stored = await gzip(join([TAR, new Uint8Array(1 << 22)]));
    let read = 0;
    const reading = async (): Promise<void> => {
      for await (const bytes of iterate(await layer.tarStream())) read += bytes.length;
    };
    expect(await codeOf(reading())).toBe('DATA_LOSS');
    expect(read).toBeLessThanOrEqual(TAR.length);
  });

  it('ends reading with the reason of an abort', async () => {
    const store = await openLayerStore({ storage });
    const layer = await store.register(streamOf(await gzip(TAR)));
    const controller = new AbortController();
    const stream = await layer.tarStream({ signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(collect(stream, { maxBytes: 1 << 20 })).rejects.toBe(reason);
    await expect(layer.tarStream({ signal: controller.signal })).rejects.toBe(reason);
    await expect(layer.readFile('a', { signal: controller.signal })).rejects.toBe(reason);
    await expect(layer.entries({ signal: controller.signal })[Symbol.asyncIterator]().next()).rejects.toBe(
      reason,
    );
  });
});

/** Takes all of a tar, each piece once it had time to be overwritten. */
async function taken(layer: Pick<Layer, 'tarTo'>, options?: AbortOptions): Promise<Bytes> {
  const pieces: Bytes[] = [];
  await layer.tarTo(async (bytes) => {
    await Promise.resolve();
    pieces.push(bytes.slice());
  }, options);
  return join(pieces);
}

describe('a layer’s tar, given to who takes it', () => {
  it.each([
    ['plain', (bytes: Bytes) => Promise.resolve(bytes)],
    ['gzip', gzip],
  ] as const)('is what the tar stream is, of a %s layer', async (_format, pack) => {
    const layer = await (await openLayerStore({ storage })).register(streamOf(await pack(TAR)));
    expect(await taken(layer)).toEqual(TAR);
    expect(await taken(EMPTY_LAYER)).toEqual(
      await collect(await EMPTY_LAYER.tarStream(), { maxBytes: 1024 }),
    );
  });

  it('comes from a worker where the layer is large', async () => {
    const tar = tarOf({ a: 'first'.repeat(1 << 20), b: 'second' });
    const layer = await (await openLayerStore({ storage })).register(streamOf(tar));
    expect(layer.descriptor.size).toBeGreaterThan(4 << 20);
    expect(await digestBytes(await taken(layer))).toBe(await digestBytes(tar));
  });

  it('ends with what its taker fails with, whatever that is', async () => {
    const layer = await (await openLayerStore({ storage })).register(streamOf(await gzip(TAR)));
    const reason = new StowageError('LIMIT_EXCEEDED', 'no room');
    await expect(layer.tarTo(() => Promise.reject(reason))).rejects.toBe(reason);
  });

  it('tells that the stored blob has changed', async () => {
    let stored: Bytes = TAR;
    const damaged = withContent(storage, { open: () => Promise.resolve(streamOf(stored.slice())) });
    const layer = await (await openLayerStore({ storage: damaged })).register(streamOf(TAR));
    const zipped = await gzip(TAR);
    for (const bytes of [OTHER, zipped.subarray(0, 50), join([TAR, TAR]), TAR.subarray(0, 600)]) {
      stored = bytes;
      expect(await codeOf(taken(layer))).toBe('DATA_LOSS');
    }
  });

  it('ends with the reason of an abort', async () => {
    const layer = await (await openLayerStore({ storage })).register(streamOf(await gzip(TAR)));
    const controller = new AbortController();
    const reason = new Error('enough');
    const taking = layer.tarTo(
      () => {
        controller.abort(reason);
        return new Promise(() => undefined);
      },
      { signal: controller.signal },
    );
    await expect(taking).rejects.toBe(reason);
    await expect(taken(layer, { signal: controller.signal })).rejects.toBe(reason);
  });
});

describe('EMPTY_LAYER', () => {
  it('has no entries, and a tar stream that hashes to its DiffID', async () => {
    const tar = await collect(await EMPTY_LAYER.tarStream(), { maxBytes: 1024 });
    expect(await digestBytes(tar)).toBe(EMPTY_LAYER.diffId);
    expect(await EMPTY_LAYER.entries()[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
    expect(await codeOf(EMPTY_LAYER.readFile('a'))).toBe('NOT_FOUND');
  });
});
