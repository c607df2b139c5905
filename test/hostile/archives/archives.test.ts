import { collect, streamOf } from '@stowage/core';
import { buildSeekIndex, openImageView, openLayerStore } from '@stowage/layer-store';
import type { ImageView } from '@stowage/layer-store';
import { createMemoryStorage } from '@stowage/storage';
import { MEDIA_TYPES } from '@stowage/types';
import type { Bytes, ChainID } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { codeOf, textOf, withContent } from '../../../packages/layer-store/src/test-support/layers.ts';
import { corpusOf } from './corpus.ts';
import { layer } from './hostile-image.ts';
import type { HostileImage } from './hostile-image.ts';
import { remotely, WaysIn } from './ways-in.ts';

// The corpus of hostile images, registered and looked into: in Node, and in a page. How it is extracted is beside.

/** What the view of an image must show. */
async function expectShown(view: ImageView, image: HostileImage): Promise<void> {
  const { paths = [], texts = {}, unreadable = {}, modes = {} } = image;
  expect([...view.walk()].map(({ path }) => path).sort()).toEqual([...new Set(paths)].sort());
  for (const [path, text] of Object.entries(texts)) {
    expect([path, await textOf(view.readFile(path))]).toEqual([path, text]);
  }
  for (const [path, code] of Object.entries(unreadable)) {
    expect([path, await codeOf(view.readFile(path))]).toEqual([path, code]);
  }
  for (const [path, mode] of Object.entries(modes)) {
    expect([path, view.lstat(path).mode]).toEqual([path, mode]);
  }
}

describe.each(corpusOf('/tmp/outside'))('row $row ($advisory): $title:', ({ images }) => {
  it.each(images)('$what', async (image) => {
    const { layers: tars, limits, refused } = image;
    const ways = await WaysIn.open(limits);
    const base = await ways.register(tars.slice(0, -1));
    const answers = await ways.answers(tars.at(-1) ?? new Uint8Array(0), base.at(-1)?.chainId);
    expect(answers).toEqual(new Array(answers.length).fill(refused));
    await ways.expectClean(base.length);
    if (refused !== undefined) return;
    await expectShown(await openImageView(await ways.register(tars)), image);
    await expectShown(await openImageView(await remotely(tars)), image);
  });
});

describe('row 22 (CVE-2025-47290): somebody who changes a layer while it is read', () => {
  const [tar, other] = ['good', 'evil'].map((text) => layer({ name: 'f', text })) as [Bytes, Bytes];

  it('is found out when it is registered, scanned or unpacked, and changes nothing that is known of it', async () => {
    const storage = createMemoryStorage();
    let served = tar;
    const changing = withContent(storage, { open: () => Promise.resolve(streamOf(served)) });
    const store = await openLayerStore({ storage: changing, worker: false });
    const ingest = await storage.content.ingest('blob');
    await ingest.write(tar);
    const { digest, size } = await ingest.commit();
    const descriptor = { mediaType: MEDIA_TYPES.ociLayer, digest, size };
    const registered = await store.registerBlob(descriptor);
    const view = await openImageView([registered]);
    served = other;
    expect(await codeOf(collect(await registered.tarStream(), { maxBytes: size }))).toBe('DATA_LOSS');
    expect([...view.walk()].map(({ path }) => path)).toEqual(['f']);
    const { diffId } = registered;
    expect(await codeOf(store.registerBlob(descriptor, diffId as unknown as ChainID, { diffId }))).toBe(
      'DIGEST_MISMATCH',
    );
    const { content } = changing;
    expect(await codeOf(buildSeekIndex({ content, descriptor, diffId, worker: false }))).toBe(
      'DIGEST_MISMATCH',
    );
    expect((await store.map()).size).toBe(1);
  });
});

describe('the corpus', () => {
  it('has every row that is about what is in a layer', () => {
    const rows = corpusOf('/tmp/outside').map(({ row }) => row);
    expect(rows).toEqual([3, 5, 12, 13, 20, 22, 31, 36, 37, 38, 39, 40, 41, 42, 46]);
  });
});
