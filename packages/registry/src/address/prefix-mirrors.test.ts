import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPrefixMirrors, rewriteName } from './prefix-mirrors.ts';
import type { PrefixMirrors } from './prefix-mirrors.ts';

/** Where a repository is looked for, as it would be written. */
function places(mirrors: PrefixMirrors, host: string, repository: string): string[] {
  return findPrefixMirrors(mirrors)(host, repository).map(
    ({ url, rewrite }) => `${url}/${rewriteName(repository, rewrite)}`,
  );
}

const MIRRORS: PrefixMirrors = {
  'docker.io': ['https://hub.example', 'http://hub.example:5000/cache'],
  'quay.io': ['https://m.example/quay/'],
  'quay.io/team': ['https://m.example/of-team', 'https://m.example'],
  'quay.io/team/app': ['https://app.example'],
  'localhost:5000/a': ['https://m.example/b/c'],
};

describe('findPrefixMirrors', () => {
  it.each([
    [
      'docker.io',
      'library/busybox',
      ['https://hub.example/library/busybox', 'http://hub.example:5000/cache/library/busybox'],
    ],
    ['quay.io', 'other/app', ['https://m.example/quay/other/app']],
    ['quay.io', 'team/tool', ['https://m.example/of-team/tool', 'https://m.example/tool']],
    // The whole name would be gone at one of them.
    ['quay.io', 'team', ['https://m.example/of-team']],
    ['quay.io', 'team/app/x', ['https://app.example/x']],
    ['quay.io', 'teammate/app', ['https://m.example/quay/teammate/app']],
    ['localhost:5000', 'a/b', ['https://m.example/b/c/b']],
    ['localhost:5000', 'b', []],
    ['localhost', 'a/b', []],
    ['quay.io:443', 'team/app', []],
    ['quay.io.example', 'team/app', []],
  ])('finds those of %s/%s', (host, repository, expected) => {
    expect(places(MIRRORS, host, repository)).toEqual(expected);
  });

  it('finds only those of whole registries for any repository', () => {
    const find = findPrefixMirrors(MIRRORS);
    expect(find('quay.io', undefined)).toEqual([
      { url: 'https://m.example', rewrite: { from: '', to: 'quay' } },
    ]);
    expect(find('localhost:5000', undefined)).toEqual([]);
  });

  it('takes Docker Hub by both names, and each mirror once', () => {
    const mirrors = { 'index.docker.io': ['https://a.example/x', 'https://a.example/x/'] };
    expect(places(mirrors, 'docker.io', 'a/b')).toEqual(['https://a.example/x/a/b']);
  });

  it.each([
    ['quay.io/', 'https://a', 'invalid mirror prefix: "quay.io/"'],
    ['quay.io/UPPER', 'https://a', 'invalid mirror prefix: "quay.io/UPPER"'],
    ['quay.io/../x', 'https://a', 'invalid mirror prefix: "quay.io/../x"'],
    ['https://quay.io', 'https://a', 'invalid mirror prefix: "https://quay.io"'],
    ['', 'https://a', 'invalid mirror prefix: ""'],
    ['-quay.io', 'https://a', 'invalid index name (-quay.io). Cannot begin or end with a hyphen'],
    ['quay.io', 'a.example/x', 'invalid mirror: unsupported scheme "" in "a.example"'],
    ['quay.io', 'ftp://a/x', 'invalid mirror: unsupported scheme "ftp" in "ftp://a"'],
    ['quay.io', 'https://a/UPPER', 'invalid mirror: "https://a/UPPER" is not a valid URI'],
    ['quay.io', 'https://a/../x', 'invalid mirror: "https://a/../x" is not a valid URI'],
    ['quay.io', 'https://a//x', 'invalid mirror: "https://a//x" is not a valid URI'],
    ['quay.io', 'https://a/x?q', 'invalid mirror: "https://a/x" is not a valid URI'],
    ['quay.io', 'https://a?q/x', 'invalid mirror: path, query, or fragment at end of the URI "https://a?q"'],
    [
      'quay.io',
      'https://u:p@a/x',
      'invalid mirror: username/password not allowed in URI "https://u:xxxxx@a"',
    ],
  ])('refuses %j: %j', (prefix, url, message) => {
    expect(() => findPrefixMirrors({ [prefix]: [url] })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
    );
  });
});

describe('rewriteName', () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

  it('puts one beginning in the place of another', () => {
    fc.assert(
      fc.property(path, path, path, (from, to, rest) => {
        expect(rewriteName(`${from}/${rest}`, { from, to })).toBe(`${to}/${rest}`);
        expect(rewriteName(`${from}/${rest}`, { from, to: '' })).toBe(rest);
        expect(rewriteName(rest, { from: '', to })).toBe(`${to}/${rest}`);
        expect(rewriteName(from, { from, to })).toBe(to);
      }),
    );
  });

  it('leaves other names as they are', () => {
    expect(rewriteName('team/app', undefined)).toBe('team/app');
    expect(rewriteName('teammate/app', { from: 'team', to: 'x' })).toBe('teammate/app');
  });
});
