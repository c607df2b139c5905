import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asDigest, isDigest, parseDigest, shortId } from './digest.ts';
import { StowageError } from '../error/errors.ts';
import { checkMetadataKey, digestKey, digestOfKey } from '../ports/metadata-store.ts';

const HEX = '0123456789abcdef'.repeat(4);

function reasonOf(value: string): string | undefined {
  try {
    parseDigest(value);
    return 'valid';
  } catch (error) {
    expect(error).toBeInstanceOf(StowageError);
    expect((error as StowageError).code).toBe('INVALID_DIGEST');
    return (error as StowageError).reason;
  }
}

describe('parseDigest', () => {
  it.each([
    ['sha256', HEX],
    ['sha384', HEX + HEX.slice(0, 32)],
    ['sha512', HEX + HEX],
  ])('accepts %s', (algorithm, encoded) => {
    expect(parseDigest(`${algorithm}:${encoded}`)).toEqual({ algorithm, encoded });
  });

  it.each([
    ['', 'format'],
    [':', 'format'],
    ['sha256', 'format'],
    ['sha256:', 'format'],
    [`:${HEX}`, 'format'],
    [`sha256:${HEX.toUpperCase()}`, 'format'],
    [`sha256:${HEX.slice(1)}g`, 'format'],
    [`sha256:${'../'.repeat(21)}a`, 'format'],
    [`SHA256:${HEX}`, 'format'],
    [`__proto__:${HEX}`, 'format'],
    [`sha256:${HEX}\0`, 'length'],
    ['sha256:abcd', 'length'],
    [`sha256:${HEX}0`, 'length'],
    [`md5:${HEX.slice(32)}`, 'unsupported'],
    [`sha256+b64:abc=`, 'unsupported'],
    ['constructor:abc', 'unsupported'],
    ['sha256:../../../etc/passwd', 'length'],
    [`sha256 :${HEX}`, 'format'],
  ])('refuses %j for its %s', (value, reason) => {
    expect(reasonOf(value)).toBe(reason);
  });

  it('words its refusals as go-digest does', () => {
    expect(() => parseDigest('x')).toThrow('invalid checksum digest format');
    expect(() => parseDigest('sha256:00')).toThrow('invalid checksum digest length');
    expect(() => parseDigest('md5:00')).toThrow('unsupported digest algorithm');
  });

  it('lets nothing through that could leave a directory or a URL path', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((tail) => `sha256:${tail}`),
        ),
        (value) => {
          if (isDigest(value)) expect(value).toMatch(/^sha(256|384|512):[0-9a-f]+$/);
        },
      ),
    );
  });
});

describe('shortId', () => {
  it('drops the algorithm and keeps twelve characters', () => {
    expect(shortId(`sha256:${HEX}`)).toBe('0123456789ab');
    expect(shortId(HEX)).toBe('0123456789ab');
    expect(shortId('abc')).toBe('abc');
  });
});

describe('metadata keys', () => {
  it('spell a digest as a path', () => {
    expect(digestKey(asDigest(`sha256:${HEX}`), '.json')).toBe(`sha256/${HEX}.json`);
    expect(() => digestKey('sha256:../x')).toThrow('invalid checksum digest');
    expect(digestOfKey(`sha256/${HEX}`)).toBe(`sha256:${HEX}`);
    for (const key of [`sha256/${HEX}.json`, 'sha256/..', HEX, '']) expect(digestOfKey(key)).toBeUndefined();
    expect(() => {
      checkMetadataKey('layers', digestKey(asDigest(`sha256:${HEX}`), '.json'));
    }).not.toThrow();
  });

  it.each([
    ['layers', '../x'],
    ['layers', '..'],
    ['layers', '/etc/passwd'],
    ['layers', 'a//b'],
    ['layers', ''],
    ['layers', '.hidden'],
    ['layers', 'con'],
    ['layers', 'a/NUL.json'],
    ['aux', 'x'],
    ['layers', 'ends-with.'],
    ['layers', 'a/b/c/d/e'],
    ['layers', 'a\0'],
    ['layers', 'a\\b'],
    ['layers', 'x'.repeat(193)],
    ['../layers', 'a'],
    ['', 'a'],
    ['Layers', 'a'],
  ])('refuse %j %j', (namespace, key) => {
    expect(() => {
      checkMetadataKey(namespace, key);
    }).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error);
  });
});
