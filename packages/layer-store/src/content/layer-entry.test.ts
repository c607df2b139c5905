import type { TarHeader } from '@stowage/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanPath, costOf, layerEntryOf } from './layer-entry.ts';

const HEADER: TarHeader = {
  name: 'a',
  type: 'file',
  size: 1,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
  offset: 512,
};

describe('cleanPath', () => {
  it.each([
    ['a/b', 'a/b'],
    ['./a/b/', 'a/b'],
    ['/a//b', 'a/b'],
    ['a/./b', 'a/b'],
    ['a/../b', 'b'],
    ['../../a', 'a'],
    ['a/..', ''],
    ['.', ''],
    ['./', ''],
    ['/', ''],
    ['', ''],
    ['..', ''],
    ['...', '...'],
    ['.a/b.', '.a/b.'],
    ['a/..b/c', 'a/..b/c'],
    ['a\\..\\b', 'a\\..\\b'],
    ['a//', 'a'],
  ])('reads %j as %j', (name, path) => {
    expect(cleanPath(name)).toBe(path);
  });

  it('never leaves the root and changes nothing twice', () => {
    const name = fc
      .array(fc.constantFrom('a', 'bc', '.', '..', '', '...'), { maxLength: 8 })
      .map((s) => s.join('/'));
    fc.assert(
      fc.property(name, (text) => {
        const path = cleanPath(text);
        expect(path === '' || path.split('/').every((part) => !['', '.', '..'].includes(part))).toBe(true);
        expect(cleanPath(path)).toBe(path);
      }),
    );
  });
});

describe('layerEntryOf', () => {
  it('has everything that the header has, under a clean path', () => {
    expect(layerEntryOf({ ...HEADER, name: './x/', linkname: 'y' })).toEqual({
      path: 'x',
      type: 'file',
      size: 1,
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtime: 0,
      linkname: 'y',
      offset: 512,
    });
  });

  it('lets nothing but a directory stand for the root', () => {
    expect(layerEntryOf({ ...HEADER, name: './', type: 'dir' }).path).toBe('');
    for (const name of ['.', '/', './', 'a/..', '']) {
      expect(() => layerEntryOf({ ...HEADER, name, type: 'symlink' })).toThrow(
        'would replace the root directory',
      );
    }
  });
});

describe('costOf', () => {
  it('grows with names and attributes', () => {
    const entry = layerEntryOf(HEADER);
    expect(costOf(entry)).toBe(1);
    expect(costOf({ ...entry, path: 'p'.repeat(512) })).toBe(3);
    expect(costOf({ ...entry, linkname: 'p'.repeat(256) })).toBe(2);
    expect(costOf({ ...entry, xattrs: { 'user.a': 'v'.repeat(256) } })).toBe(2);
    const segments = Array.from({ length: 32 }, (_, i) => ({ offset: i * 2, size: 1 }));
    expect(costOf({ ...entry, sparse: { storedSize: 32, segments } })).toBe(3);
  });
});
