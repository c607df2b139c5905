import type { LayerEntry } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { formatEntry, formatMode } from './entry-format.ts';

function entry(overrides: Partial<LayerEntry>): LayerEntry {
  return {
    path: 'a',
    type: 'file',
    size: 0,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 0,
    offset: 512,
    ...overrides,
  };
}

describe('formatMode', () => {
  it.each([
    ['file', 0o644, '-rw-r--r--'],
    ['dir', 0o1777, 'drwxrwxrwt'],
    ['dir', 0o1776, 'drwxrwxrwT'],
    ['file', 0o4755, '-rwsr-xr-x'],
    ['file', 0o4644, '-rwSr--r--'],
    ['file', 0o2755, '-rwxr-sr-x'],
    ['file', 0o2745, '-rwxr-Sr-x'],
    ['symlink', 0o777, 'lrwxrwxrwx'],
    ['hardlink', 0o600, 'hrw-------'],
    ['char', 0o620, 'crw--w----'],
    ['block', 0o060, 'b---rw----'],
    ['fifo', 0, 'p---------'],
  ] as const)('of a %s with mode %i', (type, mode, expected) => {
    expect(formatMode({ type, mode })).toBe(expected);
  });
});

describe('formatEntry', () => {
  it('keeps columns in line until they are full', () => {
    expect(formatEntry(entry({ size: 12, path: 'etc/hosts' }))).toBe(
      '-rw-r--r-- 0/0              12 1970-01-01 00:00 etc/hosts',
    );
    expect(formatEntry(entry({ uid: 1_000_000, gid: 1_000_000, size: 123_456 }))).toBe(
      '-rw-r--r-- 1000000/1000000 123456 1970-01-01 00:00 a',
    );
  });

  it('says where links point and what devices are', () => {
    expect(formatEntry(entry({ type: 'symlink', linkname: '../b' }))).toMatch(/ a -> \.\.\/b$/);
    expect(formatEntry(entry({ type: 'hardlink', linkname: 'b' }))).toMatch(/ a link to b$/);
    expect(formatEntry(entry({ type: 'char', devmajor: 1, devminor: 3 }))).toMatch(/ 1,3 1970/);
  });

  it('survives a time that no calendar has, and what could command a terminal', () => {
    expect(formatEntry(entry({ mtime: 1e18 }))).toContain(' ????-??-?? ??:?? ');
    expect(formatEntry(entry({ type: 'symlink', linkname: '\u001b]0;x\u0007' }))).toMatch(
      / -> \\x1b\]0;x\\x07$/,
    );
  });
});
