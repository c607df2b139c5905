import * as fs from 'node:fs';
import { join } from 'node:path';
import { decodeTarText } from '@stowage/core';
import { openImageView } from '@stowage/layer-store';
import { extract } from '@stowage/layer-store/node';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { codeOf } from '../../../packages/layer-store/src/test-support/layers.ts';
import { listDirectory } from '../../support/listed-directory.ts';
import { makeOutside } from '../support/outside.ts';
import { corpusOf } from './corpus.ts';
import { WaysIn } from './ways-in.ts';

// The corpus of hostile images, extracted beside the very directory that they try to get at.

const outside = makeOutside();
const { to } = outside;

afterEach(() => {
  outside.expectUntouched();
  fs.rmSync(join(to, '..'), { recursive: true, force: true });
});

afterAll(() => {
  outside.remove();
});

/** All that is in the target, as a view names it, with what a link says; links are not followed. */
function found(): Map<string, string> {
  const names = [...listDirectory(to)].slice(1);
  return new Map(
    names.map(([name, { type, target = '' }]) => {
      const link = decodeTarText(Buffer.from(target, 'hex'));
      return [decodeTarText(Buffer.from(name, 'hex')), `${type} ${link}`];
    }),
  );
}

const rows = corpusOf(outside.path).map((row) => ({
  ...row,
  // What is refused by the store has no layer that could be extracted.
  images: row.images.filter(({ refused }) => refused === undefined),
}));

describe.each(rows.filter(({ images }) => images.length > 0))(
  'row $row ($advisory): $title, extracted:',
  ({ images }) => {
    it.each(images)('$what', async ({ layers: tars, paths = [], texts = {}, modes = {}, ...image }) => {
      const layers = await (await WaysIn.open()).register(tars);
      const code = await codeOf(extract(layers, { to }));
      if (fs.existsSync(join(to, '..')) && code !== undefined)
        expect(fs.readdirSync(join(to, '..'))).toEqual([]);
      if (image.alike === true && code === 'INVALID_ARCHIVE') return;
      expect(code).toBe(image.unextractable);
      if (code !== undefined) return;
      const files = found();
      expect([...files.keys()].sort()).toEqual([...new Set(paths)].sort());
      for (const { path, type, linkname = '' } of (await openImageView(layers)).walk()) {
        if (type !== 'hardlink') expect([path, files.get(path)]).toEqual([path, `${type} ${linkname}`]);
      }
      for (const [path, mode] of Object.entries(modes)) {
        expect([path, fs.lstatSync(join(to, path)).mode & 0o7777]).toEqual([path, mode]);
      }
      // What a link leads to is for the view to say: here it would be a file of the host.
      for (const path of paths.filter(
        (name) => texts[name] !== undefined && /^[^\udc80-\udcff]*$/.test(name),
      )) {
        if (!fs.lstatSync(join(to, path)).isFile()) continue;
        expect([path, fs.readFileSync(join(to, path), 'utf8')]).toEqual([path, texts[path]]);
      }
    });
  },
);
