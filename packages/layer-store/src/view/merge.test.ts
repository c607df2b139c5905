import { createTarWriter } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import type { LayerEntry } from '@stowage/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_LAYER } from '../content/empty-layer.ts';
import { codeOf, join, LINE, tarOfLines, textOf } from '../test-support/layers.ts';
import { layersOf, listing, viewOf } from '../test-support/views.ts';
import { openImageView } from './image-view.ts';
import type { ImageView } from './image-view.ts';

describe('merging', () => {
  it('merges directories and replaces everything else', async () => {
    const view = await viewOf(
      ['d/', 'd/kept', 'd/replaced = old', 'file', 'tree/', 'tree/x', 'link -> d'],
      ['d/', 'd/replaced = new', 'd/added', 'file/', 'file/inside', 'tree = now a file', 'link/'],
    );
    expect(listing(view)).toEqual([
      'd/',
      'd/added',
      'd/kept',
      'd/replaced',
      'file/',
      'file/inside',
      'link/',
      'tree',
    ]);
    expect(await textOf(view.readFile('d/replaced'))).toBe('new');
    expect(view.list('link')).toEqual([]);
  });

  it('takes the metadata of a directory from the layer that has it last', async () => {
    const writer = createTarWriter();
    const entry = writer.entry({ name: 'd', type: 'dir', mode: 0o1777, uid: 9, mtime: 7 });
    const [base, top] = await layersOf(tarOfLines(['d/', 'd/a']), join([...entry, writer.end()]));
    if (base === undefined || top === undefined) throw new Error('two layers');
    const view = await openImageView([base, top]);
    expect(view.stat('d')).toMatchObject({ path: 'd', mode: 0o1777, uid: 9, mtime: 7, layer: top });
    expect(view.stat('d/a').layer).toBe(base);
  });

  it('makes directories for which there is no entry', async () => {
    const view = await viewOf(['a/b/c = deep']);
    expect(listing(view)).toEqual(['a/', 'a/b/', 'a/b/c']);
    expect(view.stat('a/b')).toMatchObject({
      path: 'a/b',
      type: 'dir',
      mode: 0o755,
      uid: 0,
      gid: 0,
      mtime: 0,
    });
  });

  it('takes an entry for the root as that, and lists no root', async () => {
    const view = await viewOf(['./', 'a']);
    expect(listing(view)).toEqual(['a']);
    expect(view.stat('')).toMatchObject({ path: '', type: 'dir', mode: 0o700 });
    expect(view.stat('/..')).toEqual(view.stat(''));
    expect((await viewOf(['a'])).stat('/').mode).toBe(0o755);
  });

  it('lets the later of two entries of one path count', async () => {
    const view = await viewOf(['a = old', 'h => a', 'a = new']);
    expect(await textOf(view.readFile('a'))).toBe('new');
    // The hard link was made when there was the old one.
    expect(await textOf(view.readFile('h'))).toBe('old');
  });

  it('refuses entries in something that is no directory', async () => {
    expect(await codeOf(() => viewOf(['a'], ['a/b']))).toBe('INVALID_ARCHIVE');
    expect(await codeOf(() => viewOf(['a', 'l -> a'], ['l/b']))).toBe('INVALID_ARCHIVE');
  });

  it('views an image without layers, and one of the empty layer', async () => {
    for (const layers of [[], [EMPTY_LAYER]]) {
      const view = await openImageView(layers);
      expect(view.list()).toEqual([]);
      expect([...view.walk()]).toEqual([]);
      expect(view.stat('').type).toBe('dir');
      expect(await codeOf(() => view.stat('a'))).toBe('NOT_FOUND');
    }
  });

  it('bounds entries and depth, and ends with the reason of an abort', async () => {
    const three = await layersOf(tarOfLines(['a', 'b', 'c']));
    expect(await codeOf(() => openImageView(three, { maxEntries: 2 }))).toBe('LIMIT_EXCEEDED');
    expect(await codeOf(() => openImageView(three, { maxEntries: 3 }))).toBe(undefined);
    const implicit = await layersOf(tarOfLines(['a/b/c']));
    expect(await codeOf(() => openImageView(implicit, { maxEntries: 2 }))).toBe('LIMIT_EXCEEDED');
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await codeOf(() => openImageView(three, { signal }))).toBe('Error: enough');
    // Each layer goes deeper by way of a link to the end of the one before.
    const deep = 'd/'.repeat(900);
    const stack = [`${deep}x`, `a -> ${deep}`, `a/${deep}x`, `b -> a/${deep}`, `b/${deep}x`];
    expect(await codeOf(() => viewOf(stack))).toBe('LIMIT_EXCEEDED');
    expect(await codeOf(() => viewOf(stack.slice(0, 4)))).toBe(undefined);
  });
});

describe('whiteouts', () => {
  it('hide a file, a whole directory, and a link but not what it points to', async () => {
    const view = await viewOf(
      ['f', 'd/', 'd/e/', 'd/e/f', 'l -> kept', 'kept/', 'kept/x'],
      ['.wh.f', '.wh.d', '.wh.l', '.wh.nothing', 'nowhere/.wh.x'],
    );
    expect(listing(view)).toEqual(['kept/', 'kept/x']);
  });

  it('hide nothing of their own layer, wherever they stand', async () => {
    const lower = ['d/', 'd/old', 'd/sub/', 'd/sub/old', 'f = old'];
    const upper = ['d/', 'd/new', 'd/sub/new', 'f = new'];
    for (const marks of [
      ['.wh.f', '.wh.d'],
      ['.wh.f', 'd/.wh..wh..opq'],
    ]) {
      for (const lines of [
        [...marks, ...upper],
        [...upper, ...marks],
        [...upper.slice(0, 2), ...marks, ...upper.slice(2)],
      ]) {
        const view = await viewOf(lower, lines);
        expect(listing(view)).toEqual(['d/', 'd/new', 'd/sub/', 'd/sub/new', 'f']);
        expect(await textOf(view.readFile('f'))).toBe('new');
        // The lower directory is gone, with its metadata.
        expect(view.stat('d/sub').mode).toBe(0o755);
        expect(view.provenance('d/sub')).toBe(view.provenance('d/new'));
      }
    }
  });

  it('hide everything beneath an opaque directory, the root included', async () => {
    const view = await viewOf(['a/', 'a/b', 'a/c/', 'a/c/d', 'e'], ['a/', 'a/.wh..wh..opq', 'a/f']);
    expect(listing(view)).toEqual(['a/', 'a/f', 'e']);
    expect(listing(await viewOf(['a/', 'a/b', 'c'], ['.wh..wh..opq', 'd']))).toEqual(['d']);
  });

  it('end with their layer', async () => {
    const view = await viewOf(['a = 1'], ['.wh.a'], ['a = 3'], ['b']);
    expect(await textOf(view.readFile('a'))).toBe('3');
  });

  it('follow a link to a directory on their way', async () => {
    const view = await viewOf(['lib/', 'lib/x', 'lib/y', 'l -> lib'], ['l/.wh.x']);
    expect(listing(view)).toEqual(['l', 'lib/', 'lib/y']);
  });

  it('reach no further than the directory that they are in', async () => {
    const view = await viewOf(['a/', 'a/b', 'c'], ['a/.wh.', 'a/.wh...', 'a/.wh..', 'a/.wh.../c']);
    expect(listing(view)).toEqual(['a/', 'a/.wh.../', 'a/.wh.../c', 'a/b', 'c']);
  });

  it('leave other marks of aufs out, and keep what hard links need of them', async () => {
    const view = await viewOf([
      '.wh..wh.aufs',
      '.wh..wh.orph/',
      '.wh..wh.plnk/',
      '.wh..wh.plnk/12.34 = shared',
      'a => .wh..wh.plnk/12.34',
      'b => /.wh..wh.plnk/12.34',
      'd/.wh..wh.other',
    ]);
    expect(listing(view)).toEqual(['a', 'b']);
    expect(await textOf(view.readFile('a'))).toBe('shared');
    expect(await textOf(view.readFile('b'))).toBe('shared');
    const lower = ['.wh..wh.plnk/1 = of another layer'];
    await expect(viewOf(lower, ['a => .wh..wh.plnk/1'])).rejects.toThrow('Invalid aufs hardlink');
  });
});

describe('any layers', () => {
  const stack = fc.array(fc.array(LINE, { maxLength: 8 }), { minLength: 1, maxLength: 3 });

  it('merge into a tree that agrees with itself', async () => {
    await fc.assert(
      fc.asyncProperty(stack, async (lines) => {
        let view: ImageView;
        try {
          view = await viewOf(...lines);
        } catch (error) {
          expect(isStowageError(error, 'INVALID_ARCHIVE')).toBe(true);
          return;
        }
        const all = [...view.walk()];
        const paths = all.map(({ path }) => path);
        expect(paths).toEqual([...new Set(paths)].sort());
        for (const entry of all) {
          expect(view.lstat(entry.path)).toEqual(entry);
          expect(view.provenance(entry.path)).toBe(entry.layer);
          const parent = entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/')));
          expect(view.lstat(parent).type).toBe('dir');
        }
        const listed: LayerEntry[] = [];
        const directories = [''];
        for (let path = directories.pop(); path !== undefined; path = directories.pop()) {
          for (const entry of view.list(path)) {
            listed.push(entry);
            if (entry.type === 'dir') directories.push(entry.path);
          }
        }
        expect(new Set(listed.map(({ path }) => path))).toEqual(new Set(paths));
      }),
    );
  });
});
