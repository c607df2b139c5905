import { createTarWriter } from '@stowage/core';
import { describe, expect, it } from 'vitest';
import { codeOf, join, tarOf, tarOfLines } from '../test-support/layers.ts';
import { viewOfTars } from '../test-support/views.ts';
import type { ImageView, ViewMatch } from './image-view.ts';

async function all(matches: AsyncIterable<ViewMatch>): Promise<string[]> {
  const list: string[] = [];
  for await (const { entry, line, text } of matches) {
    list.push(line === undefined ? entry.path : `${entry.path}:${line}:${text ?? ''}`);
  }
  return list;
}

describe('glob', () => {
  const names = [
    'a.txt',
    'b.txt',
    '.hidden',
    'dir/',
    'dir/c.txt',
    'dir/sub/',
    'dir/sub/d.md',
    'dir-2/',
    'dir-2/[x]',
    '🚢',
  ];
  const globbed = async (pattern: string): Promise<string[]> => {
    const view = await viewOfTars([tarOfLines(names)]);
    return [...view.glob(pattern)].map(({ path }) => path);
  };

  it.each([
    ['*.txt', ['a.txt', 'b.txt']],
    ['/*.txt', ['a.txt', 'b.txt']],
    ['**/*.txt', ['a.txt', 'b.txt', 'dir/c.txt']],
    ['dir/**', ['dir', 'dir/c.txt', 'dir/sub', 'dir/sub/d.md']],
    ['dir/**/**/*', ['dir/c.txt', 'dir/sub', 'dir/sub/d.md']],
    ['**/d.md', ['dir/sub/d.md']],
    ['?.txt', ['a.txt', 'b.txt']],
    ['?', ['🚢']],
    ['[a-a].txt', ['a.txt']],
    ['[!a].txt', ['b.txt']],
    ['[^a]*', ['.hidden', 'b.txt', 'dir', 'dir-2', '🚢']],
    ['dir-2/\\[x]', ['dir-2/[x]']],
    ['dir-2/[[]x[]]', ['dir-2/[x]']],
    ['{a,b}.txt', ['a.txt', 'b.txt']],
    ['{dir{,-2},x}/*', ['dir-2/[x]', 'dir/c.txt', 'dir/sub']],
    ['*h*d*n', ['.hidden']],
    ['[a-]*', ['a.txt']],
    ['dir/', ['dir']],
    ['./dir', ['dir']],
    ['nothing/*', []],
    ['a.txt/*', []],
  ])('%s', async (pattern, paths) => {
    expect(await globbed(pattern)).toEqual(paths);
  });

  it.each(['[a', 'a\\', '{a,b', 'x'.repeat(5000), '{a,b}'.repeat(11)])('refuses %s', async (pattern) => {
    expect(await codeOf(globbed(pattern))).toBe('INVALID_ARGUMENT');
  });

  it('takes time for no pattern', async () => {
    const view = await viewOfTars([tarOfLines(['a'.repeat(200), `${'d/'.repeat(100)}f`])]);
    expect([...view.glob(`${'*a'.repeat(60)}b`)]).toEqual([]);
    expect([...view.glob(`${'**/*/'.repeat(40)}x`)]).toEqual([]);
  });
});

describe('search', () => {
  const stack = [
    tarOf({
      'etc/passwd': 'root:0\nuser:1000\r\n',
      'etc/other': 'no',
      'bin/root': 'ELF\0root',
      'gone/root': 'root',
    }),
    tarOfLines(['etc/alias => etc/passwd', '.wh.gone', 'etc/link -> passwd']),
  ];

  it('finds names, as text or by expression', async () => {
    const view = await viewOfTars(stack);
    expect(await all(view.search('root'))).toEqual(['bin/root']);
    expect(await all(view.search(/^.?ass/g))).toEqual(['etc/passwd']);
    expect(await all(view.search('nothing'))).toEqual([]);
    expect(await all(view.search('root', { path: 'etc' }))).toEqual([]);
  });

  it('finds lines of text, under every name of a file', async () => {
    const view = await viewOfTars(stack);
    expect(await all(view.search(/root|user/, { contents: true }))).toEqual([
      'bin/root',
      'etc/alias:1:root:0',
      'etc/passwd:1:root:0',
      'etc/alias:2:user:1000',
      'etc/passwd:2:user:1000',
    ]);
  });

  it('is bounded in matches and in bytes', async () => {
    const view = await viewOfTars(stack);
    const contents = true;
    expect(await all(view.search(/root|user/, { contents, maxMatches: 2 }))).toEqual([
      'bin/root',
      'etc/alias:1:root:0',
    ]);
    expect(await all(view.search('root', { contents, maxMatches: 1 }))).toEqual(['bin/root']);
    expect(await all(view.search('user', { contents, maxFileBytes: 3 }))).toEqual([]);
    const long = await viewOfTars([tarOf({ f: 'x'.repeat(5000) })]);
    for await (const { text } of long.search('x', { contents })) expect(text?.length).toBe(1000);
  });

  it('refuses an empty query, and what is no directory, and ends when told to', async () => {
    const view = await viewOfTars(stack);
    expect(await codeOf(all(view.search('')))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(all(view.search('x', { path: 'etc/passwd' })))).toBe('INVALID_ARGUMENT');
    const reason = new Error('enough');
    await expect(all(view.search('x', { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
  });
});

describe('usage', () => {
  it('sums directories, and counts what has several names once', async () => {
    const view = await viewOfTars([
      tarOfLines(['a/b/f = 12345', 'a/g = 123', 'z/h => a/g', 'z/l -> /a', 'top = 1', 'empty/']),
    ]);
    expect(view.usage()).toEqual([
      { path: '', bytes: 9, entries: 9 },
      { path: 'a', bytes: 8, entries: 3 },
      { path: 'empty', bytes: 0, entries: 0 },
      { path: 'z', bytes: 0, entries: 2 },
    ]);
    expect(view.usage('a', 0)).toEqual([{ path: 'a', bytes: 8, entries: 3 }]);
    expect(view.usage('z/l', 5).map(({ path }) => path)).toEqual(['a', 'a/b']);
    expect(view.usage('z')).toEqual([{ path: 'z', bytes: 3, entries: 2 }]);
    expect(() => view.usage('top')).toThrow('not a directory');
  });
});

describe('origin', () => {
  it('tells the layer, its number and the step that made it', async () => {
    const history = [
      { created_by: 'ADD base' },
      { created_by: 'ENV a=b', empty_layer: true },
      { created_by: 'RUN make' },
    ];
    const view = await viewOfTars([tarOf({ a: '' }), tarOf({ 'd/b': '' }), tarOf({ c: '' })], { history });
    expect(view.origin('a')).toMatchObject({ index: 0, step: 0, history: { created_by: 'ADD base' } });
    expect(view.origin('d')).toMatchObject({ index: 1, step: 2, history: { created_by: 'RUN make' } });
    expect(view.origin('d/b').layer).toBe(view.provenance('d/b'));
    // The history tells of fewer layers than there are.
    expect(view.origin('c')).toEqual({ index: 2, layer: view.provenance('c') });
    expect(view.origin('/').index).toBe(0);
  });
});

describe('waste', () => {
  const wasted = (view: ImageView): string[] =>
    view
      .waste()
      .paths.flatMap(({ path, copies }) => copies.map(({ bytes, how }) => `${path} ${bytes} ${how}`));

  it('is what later layers replace or remove', async () => {
    const view = await viewOfTars([
      tarOfLines(['a = 12345', 'b = 123', 'd/x = 1234567', 'o/p = 12', 'kept = 1']),
      tarOfLines(['a = 1234', '.wh.b', '.wh.d', 'o/.wh..wh..opq', 'o/n = 1']),
      tarOfLines(['a = 1']),
    ]);
    expect(wasted(view)).toEqual([
      'a 5 replaced',
      'a 4 replaced',
      'd/x 7 removed',
      'b 3 removed',
      'o/p 2 removed',
    ]);
    const { totalBytes, wastedBytes, efficiency, paths } = view.waste();
    expect([totalBytes, wastedBytes]).toEqual([24, 21]);
    expect(paths[0]).toMatchObject({ path: 'a', bytes: 9 });
    // dive: a is 1 of 10, b 0 of 3, d the 7 that its whiteout takes beside the 7 of d/x, o/p 2, o/n and kept 1 each.
    expect(efficiency).toBeCloseTo((1 + 0 + 7 + 7 + 2 + 1 + 1) / (10 + 3 + 7 + 7 + 2 + 1 + 1), 12);
  });

  it('is nothing where a hard link keeps the content, and where nothing is hidden', async () => {
    const kept = await viewOfTars([tarOfLines(['a = 12345', 'b => a']), tarOfLines(['.wh.a'])]);
    expect(wasted(kept)).toEqual([]);
    expect(kept.waste()).toMatchObject({ totalBytes: 5, wastedBytes: 0 });
    const plain = await viewOfTars([tarOfLines(['a = 12345'])]);
    expect(plain.waste()).toEqual({ totalBytes: 5, wastedBytes: 0, efficiency: 1, paths: [] });
    expect((await viewOfTars([])).waste().efficiency).toBe(1);
  });

  it('is a whole directory where a file takes its place, and what a layer has twice', async () => {
    const view = await viewOfTars([
      tarOfLines(['d/a = 1', 'd/e/b = 22', 'x = 1', 'x = 22']),
      tarOfLines(['d = 333']),
    ]);
    expect(wasted(view)).toEqual(['d/e/b 2 replaced', 'd/a 1 replaced', 'x 1 replaced']);
  });
});

describe('names that are not UTF-8, and names that occur twice', () => {
  it('are found by every query', async () => {
    const writer = createTarWriter();
    const name = 'caf\udce9';
    const tar = join([
      ...writer.entry({ name: `${name}/${name}` }, new TextEncoder().encode('one')),
      ...writer.entry({ name: `${name}/${name}` }, new TextEncoder().encode('other')),
      writer.end(),
    ]);
    const view = await viewOfTars([tar]);
    expect(view.stat(`${name}/${name}`).size).toBe(5);
    expect([...view.glob('caf?/*')].map(({ path }) => path)).toEqual([`${name}/${name}`]);
    expect(await all(view.search('\udce9', { contents: true }))).toEqual([name, `${name}/${name}`]);
    expect(await all(view.search('other', { contents: true }))).toEqual([`${name}/${name}:1:other`]);
    expect(view.waste().wastedBytes).toBe(3);
    expect(view.usage()[1]).toEqual({ path: name, bytes: 5, entries: 1 });
  });
});
