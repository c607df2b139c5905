import { readFileSync } from 'node:fs';
import { createTarWriter, streamOf } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import type { Layer } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { openImageView } from './image-view.ts';
import { openLayerStore } from '../store/layer-store.ts';

interface Vectors {
  readonly base: readonly string[];
  readonly steps: readonly { readonly diff: readonly string[]; readonly result: readonly string[] }[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/whiteouts.json', import.meta.url), 'utf8'),
) as Vectors;

describe('openImageView', () => {
  it('lists what the vectors say after each of their layers', async () => {
    const store = await openLayerStore({ storage: createMemoryStorage() });
    const layers: Layer[] = [];
    const add = async (names: readonly string[]): Promise<void> => {
      const writer = createTarWriter();
      const parts = names.flatMap((name) =>
        writer.entry({ name, type: name.endsWith('/') ? 'dir' : 'file' }),
      );
      layers.push(await store.register(streamOf(...parts, writer.end()), layers.at(-1)?.chainId));
    };
    await add(vectors.base);
    expect(vectors.steps.length).toBe(4);
    for (const { diff, result } of vectors.steps) {
      await add(diff);
      const view = await openImageView(layers);
      const listing = [...view.walk()].map(({ path, type }) => (type === 'dir' ? `${path}/` : path));
      expect(listing).toEqual(result);
    }
  });
});
