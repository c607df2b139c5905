import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDigestSet } from './digest-set.ts';
import type { DigestSet } from './digest-set.ts';
import { asDigest } from './digest.ts';
import type { Digest } from './digest.ts';
import { isStowageError } from '../error/errors.ts';

const LENGTHS = { sha256: 64, sha384: 96, sha512: 128 } as const;

/** A digest whose hex begins as given and goes on with zeros. */
function digestOf(head: string, algorithm: keyof typeof LENGTHS = 'sha256'): Digest {
  return asDigest(`${algorithm}:${head.padEnd(LENGTHS[algorithm], '0')}`);
}

function setOf(...digests: readonly Digest[]): DigestSet {
  const set = createDigestSet();
  for (const digest of digests) set.add(digest);
  return set;
}

function answer(set: DigestSet, prefix: string): string {
  try {
    return set.lookup(prefix);
  } catch (error) {
    if (!isStowageError(error)) throw error;
    return `${error.code} ${error.message}`;
  }
}

const NOT_FOUND = 'NOT_FOUND digest not found';
const AMBIGUOUS = 'AMBIGUOUS ambiguous digest string';

describe('a digest set', () => {
  const one = digestOf('1234');
  const other = digestOf('1235');
  const long = digestOf('12356', 'sha512');
  const set = setOf(other, long, one);

  it('finds by a prefix that one digest has', () => {
    expect(answer(set, '1234')).toBe(one);
    expect(answer(set, 'sha256:1234')).toBe(one);
    expect(answer(set, '12356')).toBe(long);
    expect(answer(set, 'sha512:12')).toBe(NOT_FOUND);
    expect(answer(set, 'sha512:12356')).toBe(long);
  });

  it('tells nothing from several', () => {
    expect(answer(set, '123')).toBe(AMBIGUOUS);
    expect(answer(set, '1235')).toBe(AMBIGUOUS);
    expect(answer(set, 'sha256:123')).toBe(AMBIGUOUS);
    expect(answer(set, 'sha256:1235')).toBe(other);
    expect(answer(set, '')).toBe(AMBIGUOUS);
    expect(answer(set, '2')).toBe(NOT_FOUND);
    expect(answer(set, '00')).toBe(NOT_FOUND);
    expect(answer(createDigestSet(), '')).toBe(NOT_FOUND);
    expect(answer(setOf(one), '')).toBe(one);
  });

  it.each([
    'SHA256:1234',
    'sha256:12G4',
    'sha256:',
    ':1234',
    '1234:',
    'md5:1234',
    '../1234',
    '\u{1f600}',
    '1234é',
  ])('finds nothing by %j', (prefix) => {
    expect(answer(set, prefix)).toBe(NOT_FOUND);
  });

  it('finds a whole digest at once, though another begins with its hex', () => {
    const whole = digestOf('abcd');
    const longer = digestOf('abcd', 'sha512');
    const both = setOf(longer, whole);
    expect(answer(both, whole)).toBe(whole);
    expect(answer(both, longer)).toBe(longer);
    expect(answer(both, whole.slice('sha256:'.length))).toBe(AMBIGUOUS);
    expect(answer(both, longer.slice('sha512:'.length))).toBe(longer);
    expect(answer(both, `${whole}0`)).toBe(NOT_FOUND);
  });

  it('looks at the first in order only, as go-digest does', () => {
    expect(answer(setOf(digestOf('1', 'sha512'), digestOf('12')), 'sha256:1')).toBe(NOT_FOUND);
    expect(answer(setOf(digestOf('1'), digestOf('12', 'sha512'), digestOf('13')), 'sha256:1')).toBe(
      digestOf('1'),
    );
  });

  it('has each digest once, in order', () => {
    const twice = setOf(long, other, one, other, long);
    expect(twice.all()).toEqual([one, other, long]);
    twice.remove(other);
    twice.remove(other);
    twice.remove(digestOf('9'));
    expect(twice.all()).toEqual([one, long]);
    twice.all().pop();
    expect(twice.all()).toHaveLength(2);
  });

  it('takes valid digests only', () => {
    for (const bad of ['sha256:1234', 'md5:00', '../../etc/passwd', '']) {
      expect(() => {
        set.add(bad as Digest);
      }).toThrow(expect.objectContaining({ code: 'INVALID_DIGEST' }) as Error);
      expect(() => {
        set.remove(bad as Digest);
      }).toThrow(expect.objectContaining({ code: 'INVALID_DIGEST' }) as Error);
    }
  });
});

describe('a table of short codes', () => {
  it('has prefixes that are as short as they can be', () => {
    const [one, other, third] = [digestOf('1234'), digestOf('1235'), digestOf('99')];
    const set = setOf(one, other, third);
    expect(Object.fromEntries(set.shortCodeTable(2))).toEqual({
      [one]: '1234',
      [other]: '1235',
      [third]: '99',
    });
    expect(set.shortCodeTable(6).get(one)).toBe('123400');
    expect(createDigestSet().shortCodeTable(1).size).toBe(0);
  });

  it('keeps the length of a group through the group', () => {
    const [a, b, c, d] = [digestOf('11111'), digestOf('11112'), digestOf('112'), digestOf('2')];
    expect([...setOf(a, b, c, d).shortCodeTable(1).values()]).toEqual(['11111', '11112', '11200', '2']);
  });

  it('has whole digests where the hex does not suffice', () => {
    const whole = digestOf('ab');
    const longer = digestOf('ab', 'sha512');
    const table = setOf(whole, longer).shortCodeTable(4);
    expect(table.get(whole)).toBe(whole);
    expect(table.get(longer)).toBe(longer.slice('sha512:'.length, 'sha512:'.length + 64));
    expect(setOf(whole).shortCodeTable(64).get(whole)).toBe(whole);
  });

  it.each([-1, 1.5, NaN, Infinity])('cannot be made with length %d', (length) => {
    expect(() => createDigestSet().shortCodeTable(length)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error,
    );
  });
});

describe('a digest set and a naive one', () => {
  const algorithms = fc.constantFrom('sha256', 'sha384', 'sha512');
  const heads = fc.string({ unit: fc.constantFrom('0', '1', 'a'), maxLength: 6 });
  const digests = fc.tuple(heads, algorithms).map(([head, algorithm]) => digestOf(head, algorithm));
  const prefixes = fc.oneof(
    digests,
    heads,
    digests.map((digest) => digest.slice(digest.indexOf(':') + 1)),
    fc
      .tuple(
        algorithms,
        heads.filter((head) => head !== ''),
      )
      .map(([algorithm, head]) => `${algorithm}:${head}`),
    fc.string(),
  );

  it('agree on what is in them and what is found', () => {
    fc.assert(
      fc.property(fc.array(digests), fc.array(digests), prefixes, (added, removed, prefix) => {
        const set = setOf(...added);
        for (const digest of removed) set.remove(digest);
        const model = sorted(added.filter((digest) => !removed.includes(digest)));
        expect(set.all()).toEqual(model);
        expect(answer(set, prefix)).toBe(naiveAnswer(model, prefix));
      }),
    );
  });

  it('give codes by which their digests are found', () => {
    fc.assert(
      fc.property(
        fc.array(digests.filter((digest) => digest.startsWith('sha256'))),
        fc.nat(66),
        (added, length) => {
          const set = setOf(...added);
          const table = set.shortCodeTable(length);
          expect([...table.keys()]).toEqual(set.all());
          for (const [digest, code] of table) {
            expect(code === digest || (code.length >= length && digest.includes(`:${code}`))).toBe(true);
            if (code !== '') expect(answer(set, code)).toBe(digest);
          }
        },
      ),
    );
  });

  function sorted(list: readonly Digest[]): Digest[] {
    const hex = (digest: Digest): string => digest.slice(digest.indexOf(':') + 1);
    return [...new Set(list)].sort((a, b) => (hex(a) < hex(b) ? -1 : 1));
  }

  /** Goes through all of them in order; knows nothing of where a prefix would be. */
  function naiveAnswer(list: readonly Digest[], prefix: string): string {
    const [, algorithm = '', head = prefix] = /^(sha\d+):(.+)$/s.exec(prefix) ?? [];
    if (algorithm !== '' && list.includes(prefix as Digest)) return prefix;
    const hexOf = (digest: Digest): string => digest.slice('sha256:'.length);
    const from = list.findIndex((digest) => hexOf(digest) >= head);
    const fits = (digest: Digest | undefined): boolean =>
      digest?.startsWith(algorithm) === true && hexOf(digest).startsWith(head);
    const [first, second] = from < 0 ? [] : list.slice(from);
    if (first === undefined || !fits(first)) return NOT_FOUND;
    return fits(second) ? AMBIGUOUS : first;
  }
});
