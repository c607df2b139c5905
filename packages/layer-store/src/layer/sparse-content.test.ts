import { createTarWriter, streamOf } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import type { Bytes, Layer } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { openImageView } from '../view/image-view.ts';
import { openLayerStore } from '../store/layer-store.ts';
import { gzip, join, textOf } from '../test-support/layers.ts';

const encoder = new TextEncoder();
/** What the file is: a block of letters between holes, and three at its end. */
const BLOCK = 'hello wo'.repeat(64);
const TEXT = `${'\0'.repeat(1000)}${BLOCK}${'\0'.repeat(488)}end`;

/** A tar whose second entry is a sparse file, its map in a pax header (format 0.1). */
function sparseTar(): Bytes {
  const writer = createTarWriter();
  const records = [
    ['GNU.sparse.map', '1000,512,2000,3'],
    ['GNU.sparse.name', 'sparse'],
    ['GNU.sparse.numblocks', '2'],
    ['GNU.sparse.size', '2003'],
  ]
    .map(([key = '', value = '']) => {
      const length = key.length + value.length + 5;
      return `${String(length)} ${key}=${value}\n`;
    })
    .join('');
  const [header = new Uint8Array(0), ...content] = writer.entry({ name: 'pax' }, encoder.encode(records));
  // An ordinary file becomes a pax header: its flag is another letter, and its checksum as much larger.
  const sum = parseInt(new TextDecoder().decode(header.subarray(148, 154)), 8) + 0x78 - 0x30;
  header[156] = 0x78;
  header.set(encoder.encode(sum.toString(8).padStart(6, '0')), 148);
  return join([
    ...writer.entry({ name: 'before' }, encoder.encode('b')),
    header,
    ...content,
    ...writer.entry({ name: 'GNUSparseFile.0/sparse' }, encoder.encode(`${BLOCK}end`)),
    ...writer.entry({ name: 'after' }, encoder.encode('a')),
    writer.end(),
  ]);
}

/** The same layer as others may implement it: it cannot be entered in the middle. */
function withoutRanges(layer: Layer): Layer {
  const { chainId, diffId, size, diffSize, descriptor, parent } = layer;
  return {
    ...{ chainId, diffId, size, diffSize, descriptor, parent },
    tarStream: (options) => layer.tarStream(options),
    tarTo: (take, options) => layer.tarTo(take, options),
    tarStreamFrom: (from, options) => layer.tarStreamFrom(from, options),
    entries: (options) => layer.entries(options),
    readFile: (path, options) => layer.readFile(path, options),
  };
}

let layers: Layer[];

beforeEach(async () => {
  const store = await openLayerStore({ storage: createMemoryStorage() });
  const tar = sparseTar();
  const zipped = await store.register(
    streamOf(await gzip(join([...createTarWriter().entry({ name: 'x' }), tar]))),
  );
  layers = [await store.register(streamOf(tar)), zipped, withoutRanges(zipped)];
});

describe('a sparse file in a layer', () => {
  it('is listed with its whole size', async () => {
    for (const layer of layers) {
      const sizes: [string, number][] = [];
      for await (const { path, size } of layer.entries()) sizes.push([path, size]);
      expect(sizes.slice(-3)).toEqual([
        ['before', 1],
        ['sparse', 2003],
        ['after', 1],
      ]);
    }
  });

  it('is read with its holes, from the layer and from a view', async () => {
    for (const layer of layers) {
      expect(await textOf(layer.readFile('sparse'))).toBe(TEXT);
      expect(await textOf(layer.readFile('after'))).toBe('a');
      const view = await openImageView([layer]);
      expect(await textOf(view.readFile('sparse'))).toBe(TEXT);
      expect(view.stat('sparse').size).toBe(2003);
      for (const [offset, length] of [
        [0, 10],
        [990, 20],
        [1002, 2],
        [1003, 1000],
        [1511, 2],
        [1512, 10],
        [1500, 400],
        [1999, 2],
        [2000, 3],
        [2002, 99],
      ] as const) {
        const part = await textOf(view.readFile('sparse', { offset, length }));
        expect([offset, part]).toEqual([offset, TEXT.slice(offset, offset + length)]);
      }
    }
  });
});
