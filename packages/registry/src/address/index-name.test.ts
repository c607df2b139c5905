import { describe, expect, it } from 'vitest';
import { splitSearchTerm, validateIndexName } from './index-name.ts';

describe('validateIndexName', () => {
  it.each([
    ['index.docker.io', 'docker.io'],
    ['docker.io', 'docker.io'],
    ['registry.example:5000', 'registry.example:5000'],
    ['a-b.example', 'a-b.example'],
    // There is no more to it, as in moby.
    ['registry.example/path', 'registry.example/path'],
    ['', ''],
  ])('takes %j', (name, normal) => {
    expect(validateIndexName(name)).toBe(normal);
  });

  it.each(['-a.example', 'a.example-', '-'])('refuses %s', (name) => {
    expect(() => validateIndexName(name)).toThrow(
      `invalid index name (${name}). Cannot begin or end with a hyphen`,
    );
  });
});

describe('splitSearchTerm', () => {
  it.each([
    ['busybox', 'docker.io', 'busybox'],
    ['library/busybox', 'docker.io', 'busybox'],
    ['team/app', 'docker.io', 'team/app'],
    ['docker.io/library/busybox', 'docker.io', 'busybox'],
    ['index.docker.io/team/app', 'docker.io', 'team/app'],
    ['registry.example/library/app', 'registry.example', 'library/app'],
    ['registry:5000/app', 'registry:5000', 'app'],
    ['localhost/app', 'localhost', 'app'],
    ['registry.example', 'docker.io', 'registry.example'],
    ['/a', 'docker.io', '/a'],
    ['', 'docker.io', ''],
  ])('splits %j', (text, index, term) => {
    expect(splitSearchTerm(text)).toEqual({ index, term });
  });

  it('refuses a URL', () => {
    expect(() => splitSearchTerm('https://registry.example/app')).toThrow(
      'Invalid repository name (ex: "registry.domain.tld/myrepos")',
    );
  });

  it('refuses an index that is none', () => {
    expect(() => splitSearchTerm('-a.example/app')).toThrow('Cannot begin or end with a hyphen');
  });
});
