import { collect, createTarWriter, streamOf } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { isStowageError } from '@stowage/types';
import type { ByteStream, Layer, LayerEntry, LayerStore } from '@stowage/types';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_LAYER } from '../content/empty-layer.ts';
import { openImageView } from './image-view.ts';
import type { ImageView } from './image-view.ts';
import { openLayerStore } from '../store/layer-store.ts';
import { tarOfLines, LINE } from '../test-support/layers.ts';

let store: LayerStore;

beforeEach(async () => {
  store = await openLayerStore({ storage: createMemoryStorage() });
});

function layerOf(lines: readonly string[], parent?: Layer): Promise<Layer> {
  return store.register(streamOf(tarOfLines(lines)), parent?.chainId);
}

async function viewOf(...stack: readonly (readonly string[])[]): Promise<ImageView> {
  const layers: Layer[] = [];
  for (const lines of stack) layers.push(await layerOf(lines, layers.at(-1)));
  return openImageView(layers);
}

function listing(view: ImageView): string[] {
  return [...view.walk()].map(({ path, type }) => (type === 'dir' ? `${path}/` : path));
}

async function textOf(stream: Promise<ByteStream>): Promise<string> {
  return new TextDecoder().decode(await collect(await stream, { maxBytes: 1 << 20 }));
}

async function codeOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work();
  } catch (error) {
    return isStowageError(error) ? error.code : String(error);
  }
  return undefined;
}

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
    const base = await layerOf(['d/', 'd/a']);
    const writer = createTarWriter();
    const entry = writer.entry({ name: 'd', type: 'dir', mode: 0o1777, uid: 9, mtime: 7 });
    const top = await store.register(streamOf(...entry, writer.end()), base.chainId);
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
    const layer = await layerOf(['a', 'b', 'c']);
    expect(await codeOf(() => openImageView([layer], { maxEntries: 2 }))).toBe('LIMIT_EXCEEDED');
    expect(await codeOf(() => openImageView([layer], { maxEntries: 3 }))).toBe(undefined);
    const implicit = await layerOf(['a/b/c']);
    expect(await codeOf(() => openImageView([implicit], { maxEntries: 2 }))).toBe('LIMIT_EXCEEDED');
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await codeOf(() => openImageView([layer], { signal }))).toBe('Error: enough');
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

describe('links', () => {
  it('reads hard links within a layer and across layers, whatever became of their target', async () => {
    const view = await viewOf(
      ['a = content', 'b => a', 'c => ./b', 'dead => nothing', 'dir/', 'to-dir => dir'],
      ['upper => /a', '.wh.a', 'b = other'],
      ['self => self'],
    );
    expect(await textOf(view.readFile('c'))).toBe('content');
    expect(await textOf(view.readFile('upper'))).toBe('content');
    expect(await textOf(view.readFile('b'))).toBe('other');
    for (const path of ['dead', 'to-dir', 'self']) {
      expect(await codeOf(() => view.readFile(path))).toBe('NOT_FOUND');
    }
    expect(view.lstat('upper')).toMatchObject({ type: 'hardlink', size: 0, linkname: '/a' });
    expect(view.stat('upper')).toMatchObject({ path: 'upper', type: 'file', size: 7 });
    expect(view.stat('upper').layer).toBe(view.provenance('c'));
    expect(view.provenance('upper')).not.toBe(view.provenance('c'));
    expect(view.stat('dead').type).toBe('hardlink');
  });

  it('follows symbolic links everywhere on a path, inside the root only', async () => {
    const view = await viewOf([
      'etc/passwd = root',
      'usr/lib/x = lib',
      'lib -> usr/lib',
      'usr/abs -> /etc',
      'usr/up -> ../../../../etc/passwd',
      'usr/here -> .',
      'chain -> usr/abs',
      'hard => lib',
    ]);
    expect(await textOf(view.readFile('lib/x'))).toBe('lib');
    expect(await textOf(view.readFile('/usr/abs/passwd'))).toBe('root');
    expect(await textOf(view.readFile('usr/up'))).toBe('root');
    expect(await textOf(view.readFile('chain/../etc/passwd'))).toBe('root');
    expect(await textOf(view.readFile('usr/here/here/abs/passwd'))).toBe('root');
    expect(await textOf(view.readFile('hard/x'))).toBe('lib');
    expect(view.stat('lib/x')).toMatchObject({ path: 'usr/lib/x' });
    expect(view.stat('lib')).toMatchObject({ path: 'usr/lib', type: 'dir' });
    expect(view.lstat('lib')).toMatchObject({ path: 'lib', type: 'symlink', linkname: 'usr/lib' });
    expect(view.list('lib').map(({ path }) => path)).toEqual(['usr/lib/x']);
    expect(view.stat('usr/lib/../lib/x').path).toBe('usr/lib/x');
    // Up from where the link leads, not from where it is.
    expect(view.stat('lib/../lib').path).toBe('usr/lib');
    expect(view.readlink('lib')).toBe('usr/lib');
    expect(view.readlink('usr/here/../hard')).toBe('usr/lib');
  });

  it('gives up after 40 links', async () => {
    const chain = Array.from(
      { length: 41 },
      (_, n) => `l${String(n)} -> ${n === 0 ? 'end' : `l${String(n - 1)}`}`,
    );
    const view = await viewOf(['end = here', ...chain, 'loop -> loop', 'a -> b/x', 'b -> a/x']);
    expect(await textOf(view.readFile('l39'))).toBe('here');
    for (const path of ['l40', 'loop', 'loop/x', 'a', 'b']) {
      expect(await codeOf(() => view.stat(path))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(() => view.readFile(path))).toBe('INVALID_ARGUMENT');
    }
    expect(view.lstat('loop').linkname).toBe('loop');
    expect(await codeOf(() => viewOf(['loop -> loop'], ['loop/x']))).toBe('INVALID_ARCHIVE');
    expect(listing(await viewOf(['loop -> loop'], ['loop/.wh.x', 'h => loop/x']))).toEqual(['h', 'loop']);
  });

  it('puts an entry where a link of a lower layer leads', async () => {
    const view = await viewOf(
      ['usr/', 'usr/bin/', 'bin -> usr/bin', 'out -> ../../outside', 'abs -> /usr'],
      ['bin/sh = shell', 'out/x = inside', 'abs/y'],
    );
    expect(listing(view)).toEqual([
      'abs',
      'bin',
      'out',
      'outside/',
      'outside/x',
      'usr/',
      'usr/bin/',
      'usr/bin/sh',
      'usr/y',
    ]);
    expect(await textOf(view.readFile('usr/bin/sh'))).toBe('shell');
    expect(await textOf(view.readFile('out/x'))).toBe('inside');
    expect(view.stat('bin/sh').path).toBe('usr/bin/sh');
  });

  it('refuses links that would take too long to follow', async () => {
    // Each entry goes through forty long links; the whole is bounded, not only each one.
    const links = Array.from(
      { length: 39 },
      (_, n) => `l${String(n)} -> ${'./a/../'.repeat(500)}l${String(n + 1)}`,
    );
    const lines = ['a/', ...links, 'l39 -> a', ...Array.from({ length: 60 }, (_, n) => `l0/${String(n)}`)];
    expect(await codeOf(() => viewOf(lines))).toBe('LIMIT_EXCEEDED');
  });
});

describe('asking', () => {
  it('lists a directory by the bytes of its names', async () => {
    const view = await viewOf(['b', 'a/', 'a/x', '\u{1f600}', '\ufffd', 'a.b', 'B']);
    expect(view.list().map(({ path }) => path)).toEqual(['B', 'a', 'a.b', 'b', '\ufffd', '\u{1f600}']);
    expect(view.list('a').map(({ path, layer }) => [path, layer])).toEqual([['a/x', view.provenance('b')]]);
    expect(await codeOf(() => view.list('b'))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => view.list('c'))).toBe('NOT_FOUND');
  });

  it('walks by the bytes of whole paths, a directory before what is in it', async () => {
    const view = await viewOf(['a/b', 'a-b', 'a.b/c', 'a0', 'a/', 'a/b-c']);
    expect(listing(view)).toEqual(['a/', 'a-b', 'a.b/', 'a.b/c', 'a/b', 'a/b-c', 'a0']);
  });

  it('says what is not there and what is something else', async () => {
    const view = await viewOf(['f', 'd/', 'dead -> nowhere', 'p -> ', 'l -> f']);
    for (const path of ['x', 'f/x', 'f/..', 'dead', 'd/x/y', 'dead/x']) {
      expect([path, await codeOf(() => view.stat(path))]).toEqual([path, 'NOT_FOUND']);
      expect(await codeOf(() => view.readFile(path))).toBe('NOT_FOUND');
    }
    expect(await codeOf(() => view.provenance('x'))).toBe('NOT_FOUND');
    expect(await codeOf(() => view.lstat('x'))).toBe('NOT_FOUND');
    expect(await codeOf(() => view.readlink('x'))).toBe('NOT_FOUND');
    expect(await codeOf(() => view.readlink('f'))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => view.readFile('d'))).toBe('INVALID_ARGUMENT');
    expect(view.provenance('l')).toBe(view.provenance('f'));
  });

  it('reads parts of a file', async () => {
    const view = await viewOf(['empty', 'a = 0123456789']);
    expect(await textOf(view.readFile('a', { offset: 3 }))).toBe('3456789');
    expect(await textOf(view.readFile('a', { offset: 3, length: 4 }))).toBe('3456');
    expect(await textOf(view.readFile('a', { offset: 8, length: 99 }))).toBe('89');
    expect(await textOf(view.readFile('a', { length: 0 }))).toBe('');
    expect(await textOf(view.readFile('a', { offset: 10 }))).toBe('');
    expect(await textOf(view.readFile('empty'))).toBe('');
    for (const range of [{ offset: 11 }, { offset: -1 }, { offset: 0.5 }, { length: -1 }, { length: NaN }]) {
      expect(await codeOf(() => view.readFile('a', range))).toBe('INVALID_ARGUMENT');
    }
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await codeOf(() => view.readFile('a', { signal }))).toBe('Error: enough');
  });

  it('reads from layers of other stores, by their tar streams', async () => {
    const inner = await layerOf(['a = first', 'b = second']);
    let cancelled = 0;
    const foreign: Layer = {
      ...EMPTY_LAYER,
      entries: (options) => inner.entries(options),
      tarStream: async (options) => {
        const reader = (await inner.tarStream(options)).getReader();
        return new ReadableStream<Uint8Array>({
          pull: async (controller) => {
            const { value } = await reader.read();
            for (const byte of value ?? []) controller.enqueue(Uint8Array.of(byte));
          },
          cancel: () => {
            cancelled++;
          },
        });
      },
    };
    const view = await openImageView([foreign]);
    expect(await textOf(view.readFile('b', { offset: 1 }))).toBe('econd');
    await expect.poll(() => cancelled).toBe(1);
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
