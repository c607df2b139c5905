import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  familiarName,
  familiarString,
  parseAnyReference,
  parseDockerRef,
  parseNamed,
  parseNormalizedNamed,
  storedReference,
  tagNameOnly,
} from './reference-docker.ts';
import {
  formatReference,
  isCanonical,
  isNameOnly,
  isTagged,
  parseReference,
  referenceName,
  trimNamed,
  withDigest,
  withName,
  withTag,
} from './reference.ts';

const HEX = 'f'.repeat(64);
const DIGEST = `sha256:${HEX}`;

describe('parseReference', () => {
  it.each([
    ['test_com', { path: 'test_com' }],
    ['test.com:tag', { path: 'test.com', tag: 'tag' }],
    ['test.com:5000', { path: 'test.com', tag: '5000' }],
    ['test.com/repo:tag', { domain: 'test.com', path: 'repo', tag: 'tag' }],
    ['test:5000/repo', { domain: 'test:5000', path: 'repo' }],
    ['test:5000/repo:tag', { domain: 'test:5000', path: 'repo', tag: 'tag' }],
    [`test:5000/repo@${DIGEST}`, { domain: 'test:5000', path: 'repo', digest: DIGEST }],
    [`test:5000/repo:tag@${DIGEST}`, { domain: 'test:5000', path: 'repo', tag: 'tag', digest: DIGEST }],
    ['lowercase:Uppercase', { path: 'lowercase', tag: 'Uppercase' }],
    ['library/busybox', { domain: 'library', path: 'busybox' }],
    ['sub-dom1.foo.com/bar/baz/quux', { domain: 'sub-dom1.foo.com', path: 'bar/baz/quux' }],
    ['b.gcr.io/test.example.com/my-app', { domain: 'b.gcr.io', path: 'test.example.com/my-app' }],
    ['xn--n3h.com/myimage:xn--n3h.com', { domain: 'xn--n3h.com', path: 'myimage', tag: 'xn--n3h.com' }],
    ['foo_bar.com:8080', { path: 'foo_bar.com', tag: '8080' }],
    ['foo/foo_bar.com:8080', { domain: 'foo', path: 'foo_bar.com', tag: '8080' }],
    ['foo__bar/a-----b/c.d', { path: 'foo__bar/a-----b/c.d' }],
    ['192.168.1.1:5000/repo', { domain: '192.168.1.1:5000', path: 'repo' }],
    ['[2001:db8::1]:5000/repo:x', { domain: '[2001:db8::1]:5000', path: 'repo', tag: 'x' }],
    ['[fe80::1]/repo', { domain: '[fe80::1]', path: 'repo' }],
    [`a:${'t'.repeat(128)}`, { path: 'a', tag: 't'.repeat(128) }],
    ['Uppercase/lowercase', { domain: 'Uppercase', path: 'lowercase' }],
  ])('%s', (value, expected) => {
    const reference = parseReference(value);
    expect(reference).toEqual(expected);
    expect(formatReference(reference)).toBe(value);
    expect(Object.isFrozen(reference)).toBe(true);
  });

  it.each([
    ['', 'repository name must have at least one component'],
    [':justtag', 'invalid reference format'],
    [`@${DIGEST}`, 'invalid reference format'],
    ['repo@sha256:ffff33', 'invalid reference format'],
    [`validname@invalidDigest:${'f'.repeat(128)}`, 'invalid checksum digest format'],
    [`a@sha256:${'f'.repeat(65)}`, 'invalid checksum digest length'],
    [`a@sha256:${'F'.repeat(64)}`, 'invalid checksum digest format'],
    ['Uppercase:tag', 'repository name must be lowercase'],
    ['test:5000/Uppercase/lowercase:tag', 'repository name must be lowercase'],
    ['a/Å', 'invalid reference format'],
    ['aa/asdf$$^/aa', 'invalid reference format'],
    ['-foo/bar', 'invalid reference format'],
    ['foo-/bar', 'invalid reference format'],
    ['foo/bar-', 'invalid reference format'],
    ['foo..bar/baz..qux', 'invalid reference format'],
    ['foo___bar/baz', 'invalid reference format'],
    ['foo//bar', 'invalid reference format'],
    ['/foo', 'invalid reference format'],
    ['foo/', 'invalid reference format'],
    ['a:b:c', 'invalid reference format'],
    ['a:', 'invalid reference format'],
    [`a:${'t'.repeat(129)}`, 'invalid reference format'],
    ['[::1]', 'invalid reference format'],
    ['[::1/repo', 'invalid reference format'],
    ['[fe80::1%eth0]/repo', 'invalid reference format'],
    ['host:port/repo', 'invalid reference format'],
    ['a b', 'invalid reference format'],
    ['a\0', 'invalid reference format'],
    ['../etc/passwd', 'invalid reference format'],
  ])('refuses %j', (value, message) => {
    expect(() => parseReference(value)).toThrow(
      expect.objectContaining({ code: 'INVALID_REFERENCE' }) as Error,
    );
    expect(() => parseReference(value)).toThrow(new RegExp(message));
  });

  it('counts 255 characters without the domain', () => {
    expect(parseReference(`example.com/${'a'.repeat(255)}`).path).toHaveLength(255);
    expect(() => parseReference(`example.com/${'a'.repeat(256)}`)).toThrow(
      'repository name must not be more than 255 characters',
    );
  });

  it('is the inverse of formatReference', () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,4}){0,2}$/);
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);
    const domain = fc.stringMatching(/^[a-z0-9]{1,8}\.[a-z]{2,3}(?::[0-9]{1,4})?$/);
    fc.assert(
      fc.property(
        domain,
        fc.array(component, { minLength: 1, maxLength: 4 }),
        fc.option(tag),
        (host, path, t) => {
          const value = `${host}/${path.join('/')}${t === null ? '' : `:${t}`}`;
          expect(formatReference(parseReference(value))).toBe(value);
          expect(formatReference(parseNormalizedNamed(value))).toBe(value);
        },
      ),
    );
  });

  it('takes no more than linear time on hostile input', () => {
    for (const unit of ['a', 'a-', '-', 'a.', '_', 'a/', 'a:', '@', '[:', '0.']) {
      expect(() => parseReference(`${unit.repeat(50_000)}!`)).toThrow('invalid reference format');
    }
  });
});

describe('parts of a reference', () => {
  const named = parseReference('quay.io/a/b');

  it('are replaced and dropped', () => {
    const both = withDigest(withTag(named, 'v1'), DIGEST);
    expect(formatReference(both)).toBe(`quay.io/a/b:v1@${DIGEST}`);
    expect(formatReference(trimNamed(both))).toBe('quay.io/a/b');
    expect(referenceName(both)).toBe('quay.io/a/b');
    expect(() => withTag(named, 'bad tag')).toThrow('invalid tag format');
    expect(() => withDigest(named, 'sha256:x')).toThrow(
      expect.objectContaining({ code: 'INVALID_REFERENCE' }) as Error,
    );
    expect(withName('quay.io/a/b')).toEqual(named);
    expect(() => withName('quay.io/a/b:v1')).toThrow('invalid reference format');
  });

  it('are asked about', () => {
    expect([isNameOnly(named), isTagged(named), isCanonical(named)]).toEqual([true, false, false]);
    const tagged = withTag(named, 'v1');
    expect([isNameOnly(tagged), isTagged(tagged), isCanonical(tagged)]).toEqual([false, true, false]);
    const canonical = withDigest(named, DIGEST);
    expect([isNameOnly(canonical), isTagged(canonical), isCanonical(canonical)]).toEqual([
      false,
      false,
      true,
    ]);
    const bare = parseAnyReference(DIGEST);
    expect([isNameOnly(bare), isTagged(bare), isCanonical(bare)]).toEqual([false, false, false]);
    expect(formatReference(bare)).toBe(DIGEST);
  });
});

describe('parseNormalizedNamed', () => {
  it.each([
    ['ubuntu', 'docker.io/library/ubuntu', 'ubuntu'],
    ['dmcgowan/myapp', 'docker.io/dmcgowan/myapp', 'dmcgowan/myapp'],
    ['docker.io/ubuntu', 'docker.io/library/ubuntu', 'ubuntu'],
    ['docker.io/library/ubuntu', 'docker.io/library/ubuntu', 'ubuntu'],
    ['index.docker.io/ubuntu:v1', 'docker.io/library/ubuntu:v1', 'ubuntu:v1'],
    ['docker.io/library/a/b', 'docker.io/library/a/b', 'library/a/b'],
    ['localhost/app', 'localhost/app', 'localhost/app'],
    ['LOCALHOST/app', 'LOCALHOST/app', 'LOCALHOST/app'],
    ['127.0.0.1:8000/app', '127.0.0.1:8000/app', '127.0.0.1:8000/app'],
    ['[::1]:5000/app:x', '[::1]:5000/app:x', '[::1]:5000/app:x'],
    ['example.com/library/x', 'example.com/library/x', 'example.com/library/x'],
    [`ubuntu@${DIGEST}`, `docker.io/library/ubuntu@${DIGEST}`, `ubuntu@${DIGEST}`],
  ])('%s', (value, full, familiar) => {
    const reference = parseNormalizedNamed(value);
    expect(formatReference(reference)).toBe(full);
    expect(familiarString(reference)).toBe(familiar);
    expect(familiarName(reference)).toBe(familiar.replace(/(:v1|:x|@.*)$/, ''));
    expect(formatReference(parseNormalizedNamed(familiar))).toBe(full);
  });

  it.each([
    [HEX, 'cannot specify 64-byte hexadecimal strings'],
    ['Ubuntu', 'invalid reference format: repository name must be lowercase'],
    ['docker.io/Library/ubuntu', 'invalid reference format: repository name must be lowercase'],
    ['', 'invalid reference format'],
    ['docker/docker/', 'invalid reference format'],
    ['docker///docker', 'invalid reference format'],
    ['https://github.com/docker/docker', 'invalid reference format'],
    ['-/ubuntu', 'invalid reference format'],
  ])('refuses %j', (value, message) => {
    expect(() => parseNormalizedNamed(value)).toThrow(message);
  });

  it('has kin for stricter and looser callers', () => {
    expect(parseNamed('docker.io/library/ubuntu').path).toBe('library/ubuntu');
    expect(() => parseNamed('ubuntu')).toThrow('repository name must be canonical');
    expect(formatReference(parseDockerRef('ubuntu'))).toBe('docker.io/library/ubuntu:latest');
    expect(formatReference(parseDockerRef(`ubuntu:v1@${DIGEST}`))).toBe(`docker.io/library/ubuntu@${DIGEST}`);
    expect(parseAnyReference(HEX)).toEqual({ digest: DIGEST });
    expect(parseAnyReference(DIGEST)).toEqual({ digest: DIGEST });
    expect(formatReference(parseAnyReference('ubuntu'))).toBe('docker.io/library/ubuntu');
    expect(formatReference(tagNameOnly(parseNormalizedNamed('ubuntu:v1')))).toBe(
      'docker.io/library/ubuntu:v1',
    );
    expect(formatReference(storedReference(parseNormalizedNamed('a')))).toBe('docker.io/library/a:latest');
    expect(formatReference(storedReference(parseNormalizedNamed(`a:b@${DIGEST}`)))).toBe(
      `docker.io/library/a@${DIGEST}`,
    );
  });
});
