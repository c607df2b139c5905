import type { Layer } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { EMPTY_LAYER } from '../content/empty-layer.ts';
import { codeOf, tarOfLines, textOf } from '../test-support/layers.ts';
import { layersOf, listing, viewOf } from '../test-support/views.ts';
import { openImageView } from './image-view.ts';

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
    const [inner] = await layersOf(tarOfLines(['a = first', 'b = second']));
    if (inner === undefined) throw new Error('one layer');
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
