import { describe, expect, it } from 'vitest';
import { isReadOnly, mergeScopes, missingScopes, scopesOf } from './scope.ts';

describe('scopesOf', () => {
  it('takes those that are well-formed, eight at most', () => {
    expect(scopesOf('repository:a/b:pull,push registry:catalog:* repository(plugin):x:pull')).toEqual([
      'repository:a/b:pull,push',
      'registry:catalog:*',
      'repository(plugin):x:pull',
    ]);
    expect(scopesOf('repository:host:5000/a:pull')).toEqual(['repository:host:5000/a:pull']);
    expect(
      scopesOf('nonsense a:b  :x:pull repository:a: repository:a\u0000b:pull repository:a:pull"'),
    ).toEqual([]);
    expect(scopesOf(`repository:${'x'.repeat(512)}:pull`)).toEqual([]);
    expect(scopesOf(Array.from({ length: 20 }, (_, n) => `a:${String(n)}:pull`).join(' ')).length).toBe(8);
  });
});

describe('mergeScopes', () => {
  it('makes one of those for one resource', () => {
    expect(mergeScopes(['repository:a:pull', 'repository:b:pull', 'repository:a:push,pull', ''])).toEqual([
      'repository:a:pull,push',
      'repository:b:pull',
    ]);
  });
});

describe('missingScopes', () => {
  it.each([
    ['repository:a:pull', ['repository:a:push,pull'], false],
    ['repository:a:push,pull', ['repository:a:pull'], true],
    ['repository:a:push,pull', ['repository:a:pull', 'repository:a:push'], false],
    ['repository:a:pull', ['repository:b:pull'], true],
    ['registry:catalog:*', ['registry:catalog:*'], false],
    ['repository:a:delete', ['repository:a:*'], false],
    ['nonsense', [], false],
  ])('%s of %j', (wanted, held, missing) => {
    expect(missingScopes([wanted], held)).toEqual(missing ? [wanted] : []);
  });
});

describe('isReadOnly', () => {
  it('is what anybody may ask for', () => {
    expect(isReadOnly(['repository:a:pull', 'repository(plugin):b:pull'])).toBe(true);
    expect(isReadOnly(['repository:a:pull', 'repository:b:push,pull'])).toBe(false);
    expect(isReadOnly(['registry:catalog:*'])).toBe(false);
  });
});
