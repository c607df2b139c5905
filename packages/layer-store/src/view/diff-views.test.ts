import { createTarWriter, streamOf } from '@stowage/core';
import type { TarEntryInit } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import type { Layer } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { openLayerStore } from '../store/layer-store.ts';
import { join, tarOfLines, withTar } from '../test-support/layers.ts';
import { diffViews } from './diff-views.ts';
import type { DiffViewsOptions } from './diff-views.ts';
import { openImageView } from './image-view.ts';

/** A layer that counts how often it is read from its beginning. */
async function layerOf(tar: Uint8Array, reads: { count: number } = { count: 0 }): Promise<Layer> {
  const store = await openLayerStore({ storage: createMemoryStorage() });
  const layer = await store.register(streamOf(tar));
  return withTar(layer, (real) => {
    reads.count++;
    return real();
  });
}

function tarOfEntries(...entries: readonly TarEntryInit[]): Uint8Array {
  const writer = createTarWriter();
  return join([...entries.flatMap((entry) => writer.entry(entry)), writer.end()]);
}

async function differences(
  before: Uint8Array,
  after: Uint8Array,
  options?: DiffViewsOptions,
): Promise<string[]> {
  const [a, b] = [await openImageView([await layerOf(before)]), await openImageView([await layerOf(after)])];
  const list = await diffViews(a, b, options);
  for (const { kind, before: old, after: now } of list) {
    expect([old === undefined, now === undefined]).toEqual([kind === 'added', kind === 'removed']);
  }
  return list.map(({ kind, path, changes }) => [kind, path, ...changes].join(' '));
}

describe('the difference of two images', () => {
  it('is what was added, removed and changed, in the order of paths', async () => {
    const before = tarOfLines([
      'a = 1',
      'b = 1',
      'c = 12',
      'd/',
      'd/x = 1',
      'd-2/',
      'l -> a',
      'same = 1',
      'z = 1',
    ]);
    const after = tarOfLines([
      'b = 2',
      'c = 1',
      'd = 1',
      'd-2/',
      'e/',
      'l -> b',
      'same = 1',
      'z = 1',
      'zz = 1',
    ]);
    expect(await differences(before, after)).toEqual([
      'removed a',
      'changed b content',
      'changed c size content',
      'changed d type',
      'removed d/x',
      'added e',
      'changed l link',
      'added zz',
    ]);
    expect(await differences(before, before)).toEqual([]);
    expect(await differences(before, after, { contents: false })).not.toContain('changed b content');
    expect(await differences(new Uint8Array(1024), tarOfLines(['a', 'b']))).toEqual(['added a', 'added b']);
    expect(await differences(tarOfLines(['a', 'b']), new Uint8Array(1024))).toEqual([
      'removed a',
      'removed b',
    ]);
  });

  it('is in modes, owners, attributes and devices; in times only where asked for', async () => {
    const before = tarOfEntries(
      { name: 'mode', mode: 0o644 },
      { name: 'owner', uid: 1 },
      { name: 'group', gid: 1 },
      { name: 'attributes', xattrs: { 'user.a': '1' } },
      { name: 'more', xattrs: { 'user.a': '1' } },
      { name: 'device', type: 'char', devmajor: 1, devminor: 3 },
      { name: 'time', mtime: 1 },
      { name: 'link', type: 'symlink', linkname: 'a', mode: 0o777 },
    );
    const after = tarOfEntries(
      { name: 'mode', mode: 0o4644 },
      { name: 'owner', uid: 2 },
      { name: 'group', gid: 2 },
      { name: 'attributes', xattrs: { 'user.a': '2' } },
      { name: 'more', xattrs: { 'user.b': '1' } },
      { name: 'device', type: 'char', devmajor: 1, devminor: 5 },
      { name: 'time', mtime: 2 },
      { name: 'link', type: 'symlink', linkname: 'a', mode: 0o755 },
    );
    const found = [
      'changed attributes xattrs',
      'changed device device',
      'changed group owner',
      'changed mode mode',
      'changed more xattrs',
      'changed owner owner',
    ];
    expect(await differences(before, after)).toEqual(found);
    expect(await differences(before, after, { times: true })).toEqual([...found, 'changed time mtime']);
  });

  it('takes a hard link for the file that it stands for', async () => {
    expect(await differences(tarOfLines(['a = 1', 'b = 1']), tarOfLines(['a = 1', 'b => a']))).toEqual([]);
    expect(await differences(tarOfLines(['a = 1', 'b = 2']), tarOfLines(['a = 1', 'b => a']))).toEqual([
      'changed b content',
    ]);
    expect(await differences(tarOfLines(['b = 2']), tarOfLines(['b => gone']))).toEqual(['changed b type']);
  });

  it('reads every layer once, and none that both have', async () => {
    const reads = { count: 0 };
    const names = Array.from({ length: 50 }, (_, n) => `f${n} = 1`);
    const shared = await layerOf(tarOfLines(names), reads);
    const [a, b] = [await openImageView([shared]), await openImageView([shared])];
    reads.count = 0;
    expect(await diffViews(a, b)).toEqual([]);
    expect(reads.count).toBe(0);
    const other = await openImageView([
      await layerOf(tarOfLines(names.map((name) => `${name}2`.slice(0, -2) + '2'))),
    ]);
    reads.count = 0;
    expect((await diffViews(a, other)).length).toBe(50);
    expect(reads.count).toBe(1);
  });

  it('ends when told to', async () => {
    const [a, b] = [
      await openImageView([await layerOf(tarOfLines(['a = 1']))]),
      await openImageView([await layerOf(tarOfLines(['a = 2']))]),
    ];
    const reason = new Error('enough');
    await expect(diffViews(a, b, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
