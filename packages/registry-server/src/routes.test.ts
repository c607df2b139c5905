import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RegistryFault } from './registry-fault.ts';
import { isTag, parseRoute } from './routes.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;

function faultOf(path: string): string {
  try {
    return JSON.stringify(parseRoute(path));
  } catch (error) {
    if (!(error instanceof RegistryFault)) throw error;
    return `${String(error.status)} ${error.code}`;
  }
}

describe('parseRoute', () => {
  it.each([
    ['/v2', { kind: 'base' }],
    ['/v2/', { kind: 'base' }],
    ['/v2/_catalog', { kind: 'catalog' }],
    ['/v2/a/tags/list', { kind: 'tags', repository: 'a' }],
    ['/v2/a/b/c/tags/list', { kind: 'tags', repository: 'a/b/c' }],
    ['/v2/a%2Fb/tags/list', { kind: 'tags', repository: 'a/b' }],
    ['/v2/a/manifests/v1', { kind: 'manifest', repository: 'a', reference: { kind: 'tag', tag: 'v1' } }],
    [
      `/v2/a/manifests/sha256%3A${'0'.repeat(64)}`,
      { kind: 'manifest', repository: 'a', reference: { kind: 'digest', digest: DIGEST } },
    ],
    ['/v2/a/manifests/.hidden', { kind: 'manifest', repository: 'a', reference: { kind: 'malformed' } }],
    [`/v2/a/blobs/${DIGEST}`, { kind: 'blob', repository: 'a', digest: DIGEST }],
    [`/v2/a/referrers/${DIGEST}`, { kind: 'referrers', repository: 'a', digest: DIGEST }],
    ['/v2/a/blobs/uploads/', { kind: 'uploads', repository: 'a' }],
    ['/v2/a/blobs/uploads', { kind: 'uploads', repository: 'a' }],
    ['/v2/a/blobs/uploads/1-2', { kind: 'upload', repository: 'a', id: '1-2' }],
  ])('%s', (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });

  it('lets repositories be called like the endpoints', () => {
    expect(parseRoute('/v2/blobs/uploads/tags/list')).toEqual({ kind: 'tags', repository: 'blobs/uploads' });
    expect(parseRoute(`/v2/manifests/blobs/${DIGEST}`)).toMatchObject({
      kind: 'blob',
      repository: 'manifests',
    });
    expect(parseRoute('/v2/tags/list/tags/list')).toEqual({ kind: 'tags', repository: 'tags/list' });
  });

  it.each([
    ['/', '404 UNSUPPORTED'],
    ['/v1/a', '404 UNSUPPORTED'],
    ['/v2/a', '404 UNSUPPORTED'],
    ['/v2/a/tags/other', '404 UNSUPPORTED'],
    ['/v2/a/%zz/list', '404 UNSUPPORTED'],
    ['/v2/A/tags/list', '400 NAME_INVALID'],
    ['/v2//tags/list', '400 NAME_INVALID'],
    ['/v2/tags/list', '400 NAME_INVALID'],
    ['/v2/a/../b/tags/list', '400 NAME_INVALID'],
    ['/v2/a%00b/tags/list', '400 NAME_INVALID'],
    ['/v2/a:b/tags/list', '400 NAME_INVALID'],
    [`/v2/${'a'.repeat(256)}/tags/list`, '400 NAME_INVALID'],
    ['/v2/a/blobs/sha256:..%2F..%2Fetc', '400 DIGEST_INVALID'],
    ['/v2/a/blobs/sha256:00', '400 DIGEST_INVALID'],
    [`/v2/a/blobs/sha256:${'A'.repeat(64)}`, '400 DIGEST_INVALID'],
    ['/v2/a/manifests/sha256:00', '400 DIGEST_INVALID'],
    ['/v2/a/referrers/latest', '400 DIGEST_INVALID'],
    ['/v2/a/blobs/uploads/..%2F..', '404 BLOB_UPLOAD_UNKNOWN'],
    [`/v2/a/blobs/uploads/${'a'.repeat(129)}`, '404 BLOB_UPLOAD_UNKNOWN'],
  ])('refuses %s', (path, fault) => {
    expect(faultOf(path)).toBe(fault);
  });

  it('lets no repository name through that could be something else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          const route = parseRoute(`/v2/${text}/tags/list`);
          expect(route).toHaveProperty('repository');
          expect((route as { repository: string }).repository).toMatch(/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/);
        } catch (error) {
          expect(error).toBeInstanceOf(RegistryFault);
        }
      }),
    );
  });
});

describe('isTag', () => {
  it.each(['latest', '_', 'A.b-c_1', 'a'.repeat(128)])('takes %s', (tag) => {
    expect(isTag(tag)).toBe(true);
  });

  it.each(['', '.a', '-a', 'a/b', 'a b', 'a:b', 'ä', 'a'.repeat(129)])('refuses %j', (tag) => {
    expect(isTag(tag)).toBe(false);
  });
});
