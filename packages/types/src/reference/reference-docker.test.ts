import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDigestSet } from '../digest/digest-set.ts';
import { asDigest } from '../digest/digest.ts';
import { StowageError } from '../error/errors.ts';
import {
  familiarName,
  familiarString,
  isReservedName,
  parseAnyReference,
  parseDockerRef,
  parseNamed,
  parseNormalizedNamed,
  storedReference,
  tagNameOnly,
} from './reference-docker.ts';
import { formatReference, parseReference } from './reference.ts';
import type { Reference } from './reference.ts';

const HEX = '0123456789abcdef'.repeat(4);
const DIGEST = asDigest(`sha256:${HEX}`);

function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_REFERENCE' });
    return (error as Error).message;
  }
  return 'none';
}

describe('what is said of a malformed reference', () => {
  const lowercase = 'repository name must be lowercase';
  const format = 'invalid reference format';

  it.each([
    ['', 'repository name must have at least one component'],
    ['A', lowercase],
    ['a/B', lowercase],
    ['a/B:T', lowercase],
    // Beyond ASCII two capitals have a small letter within it: the sign of kelvin, and the I with a dot.
    ['\u212a', lowercase],
    ['a/\u0130', lowercase],
    // Other capitals leave the name malformed in lower case, too.
    ['Ä', format],
    ['a/Ä', format],
    ['A ', format],
    ['a:', format],
    ['a@', format],
    [`a@${DIGEST.slice(0, 30)}`, format],
    [`a@${DIGEST}x`, format],
    [`a@@${DIGEST}`, format],
    [`a@${DIGEST}:tag`, format],
    [`a@sha256:${HEX.slice(0, 32)}`, 'invalid checksum digest length'],
    [`a@sha256:${HEX.toUpperCase()}`, 'invalid checksum digest format'],
    [`a@md5:${HEX.slice(0, 32)}`, 'unsupported digest algorithm'],
    [`a@SHA256:${HEX}`, 'invalid checksum digest format'],
  ])('parseReference %j', (value, message) => {
    expect(refusal(() => parseReference(value))).toBe(message);
  });

  it.each([
    [HEX, `invalid repository name (${HEX}), cannot specify 64-byte hexadecimal strings`],
    ['A', `${format}: ${lowercase}`],
    ['a/B:T', `${format}: ${lowercase}`],
    ['host.example/B', `${format}: ${lowercase}`],
    ['Ä', `${format}: ${lowercase}`],
    ['\u0130', `${format}: ${lowercase}`],
    // An upper-case first component is a domain; what follows must be lower case.
    ['A/b/C', `${format}: ${lowercase}`],
    ['Ä/b', format],
    ['', format],
    [':', format],
    ['/', format],
    ['a//b', format],
    ['host.example', 'none'],
    ['host.example/', format],
    // Looks like a domain for its dot, but cannot be one.
    ['a_b.c/d', 'reference a_b.c/d has no name'],
  ])('parseNormalizedNamed %j', (value, message) => {
    expect(refusal(() => parseNormalizedNamed(value))).toBe(message);
  });

  it.each(['ubuntu', 'docker.io/ubuntu', 'index.docker.io/library/ubuntu', 'library/ubuntu:x'])(
    'parseNamed %j',
    (value) => {
      expect(refusal(() => parseNamed(value))).toBe('repository name must be canonical');
    },
  );
});

describe('parseNormalizedNamed', () => {
  it.each([
    ['a', 'docker.io', 'library/a'],
    ['a/b', 'docker.io', 'a/b'],
    ['a/b/c', 'docker.io', 'a/b/c'],
    ['docker.io/a', 'docker.io', 'library/a'],
    ['docker.io/a/b', 'docker.io', 'a/b'],
    ['index.docker.io/a', 'docker.io', 'library/a'],
    ['index.docker.io/a/b', 'docker.io', 'a/b'],
    ['docker.io', 'docker.io', 'library/docker.io'],
    ['localhost', 'docker.io', 'library/localhost'],
    ['localhost/a', 'localhost', 'a'],
    ['localhost:1/a', 'localhost:1', 'a'],
    ['LOCALHOST/a', 'LOCALHOST', 'a'],
    ['Docker.io/a', 'Docker.io', 'a'],
    ['a.b/c', 'a.b', 'c'],
    ['a:1/c', 'a:1', 'c'],
    ['A/c', 'A', 'c'],
    ['[::1]/c', '[::1]', 'c'],
    [HEX.slice(1), 'docker.io', `library/${HEX.slice(1)}`],
  ])('%s', (value, domain, path) => {
    expect(parseNormalizedNamed(value)).toEqual({ domain, path });
    expect(parseNormalizedNamed(`${value}:t`)).toEqual({ domain, path, tag: 't' });
    expect(parseNormalizedNamed(`${value}:t@${DIGEST}`)).toEqual({ domain, path, tag: 't', digest: DIGEST });
    expect(parseNamed(`${domain}/${path}`)).toEqual({ domain, path });
  });
});

describe('the forms of a name', () => {
  const names = fc.stringMatching(
    /^((docker\.io|library|localhost|a\.b:5|X|\[::1\])\/)?(library\/)?[a-z0-9]{1,4}(\/[a-z]{1,3}){0,2}$/,
  );
  const tails = fc.constantFrom('', ':t', `@${DIGEST}`, `:t@${DIGEST}`);
  const references = fc.tuple(names, tails).map(([name, tail]) => parseNormalizedNamed(name + tail));

  it('name the same thing, the familiar one in the fewest words', () => {
    fc.assert(
      fc.property(references, (reference) => {
        const full = formatReference(reference);
        expect(parseNormalizedNamed(full)).toEqual(reference);
        expect(parseNamed(full)).toEqual(reference);
        expect(parseNormalizedNamed(familiarString(reference))).toEqual(reference);
        expect(familiarString(reference).startsWith(familiarName(reference))).toBe(true);
        expect(full.endsWith(familiarString(reference))).toBe(true);
      }),
    );
  });

  it('come to rest', () => {
    const steps: readonly ((reference: Reference) => Reference)[] = [
      tagNameOnly,
      storedReference,
      (reference) => parseDockerRef(formatReference(reference)),
    ];
    fc.assert(
      fc.property(references, fc.constantFrom(...steps), (reference, step) => {
        const once = step(reference);
        expect(step(once)).toEqual(once);
        expect(once.tag ?? once.digest).toBeDefined();
      }),
    );
  });
});

describe('parseAnyReference with a set of digests', () => {
  const other = asDigest(`sha256:0123456${'f'.repeat(57)}`);
  const known = createDigestSet();
  known.add(DIGEST);
  known.add(other);

  it('looks hexadecimal characters up', () => {
    expect(parseAnyReference(HEX, known)).toEqual({ digest: DIGEST });
    expect(parseAnyReference(HEX.slice(0, 12), known)).toEqual({ digest: DIGEST });
    expect(parseAnyReference('0123456f', known)).toEqual({ digest: other });
    expect(Object.isFrozen(parseAnyReference(HEX, known))).toBe(true);
  });

  it.each(['01234', '012345', '0123456', 'ffffff', '01234567a', '0123456g'])(
    'takes %j for a name: too short, several, none, or no digest',
    (value) => {
      expect(parseAnyReference(value, known)).toEqual({ domain: 'docker.io', path: `library/${value}` });
    },
  );

  it('refuses a whole digest without its algorithm that is not there, and takes one with it', () => {
    const absent = 'a'.repeat(64);
    expect(refusal(() => parseAnyReference(absent, known))).toContain('64-byte hexadecimal strings');
    expect(parseAnyReference(absent)).toEqual({ digest: `sha256:${absent}` });
    expect(parseAnyReference(`sha256:${absent}`, known)).toEqual({ digest: `sha256:${absent}` });
    expect(formatReference(parseAnyReference('ubuntu', known))).toBe('docker.io/library/ubuntu');
  });

  it('hands on what else goes wrong', () => {
    const broken = new StowageError('STORAGE', 'no disk');
    const lookup = (): never => {
      throw broken;
    };
    expect(() => parseAnyReference('abcdef', { lookup })).toThrow(broken);
  });
});

describe('isReservedName', () => {
  it.each([
    ['scratch', true],
    ['scratch:latest', true],
    [`scratch@${DIGEST}`, true],
    ['library/scratch', true],
    ['docker.io/library/scratch', true],
    ['index.docker.io/scratch', true],
    ['scratch/scratch', false],
    ['quay.io/scratch', false],
    ['quay.io/library/scratch', false],
    ['library/scratch/x', false],
    ['scratch1', false],
  ])('%s: %s', (value, expected) => {
    expect(isReservedName(parseNormalizedNamed(value))).toBe(expected);
  });
});
