import { openImageView } from '@stowage/layer-store';
import type { ImageView } from '@stowage/layer-store';
import { describe, expect, it } from 'vitest';
import { codeOf, textOf } from '../../../packages/layer-store/src/test-support/layers.ts';
import { corpusOf } from './corpus.ts';
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

describe('the corpus', () => {
  it('has every row that is about what is in a layer', () => {
    const rows = corpusOf('/tmp/outside').map(({ row }) => row);
    expect(rows).toEqual([3, 5, 12, 13, 20, 22, 31, 36, 37, 38, 39, 40, 41, 42, 46]);
  });
});
