import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAnyReference, parseNormalizedNamed } from './reference-docker.ts';
import { familiarMatch } from './reference-match.ts';
import { parseReference } from './reference.ts';

const HEX = '0123456789abcdef'.repeat(4);
const DIGEST = `sha256:${HEX}`;

describe('familiarMatch', () => {
  it.each([
    ['ubuntu', 'ubuntu', true],
    ['ubuntu', 'ubuntu:24.04', true],
    ['ubuntu:24.04', 'ubuntu:24.04', true],
    ['ubuntu:24.04', 'ubuntu', false],
    ['ubuntu*', 'ubuntu:24.04', true],
    ['*', 'ubuntu:24.04', true],
    ['*', 'a/b', false],
    ['*/*', 'a/b', true],
    ['*/b', 'a/b', true],
    ['a/*', 'a/b', true],
    ['a*b', 'a/b', false],
    ['a?b', 'a/b', false],
    ['a[/]b', 'a/b', true],
    ['a[^x]b', 'a/b', true],
    ['docker.io/library/ubuntu', 'ubuntu', false],
    ['quay.io/*/*', 'quay.io/a/b', true],
    ['u??ntu', 'ubuntu', true],
    ['u?ntu', 'ubuntu', false],
    ['ubuntu?', 'ubuntu', false],
    ['*ubuntu', 'ubuntu', true],
    ['ubuntu*', 'ubuntu', true],
    ['**u**', 'ubuntu', true],
    ['*un*u', 'ubuntu', true],
    ['*x*', 'ubuntu', false],
    ['[a-u]buntu', 'ubuntu', true],
    ['[^a-t]buntu', 'ubuntu', true],
    ['[^u]buntu', 'ubuntu', false],
    ['[xyu]buntu', 'ubuntu', true],
    ['[z-a]buntu', 'ubuntu', false],
    [String.raw`[\u]buntu`, 'ubuntu', true],
    [String.raw`[a\-u]buntu`, 'ubuntu', true],
    [String.raw`[a\]u]buntu`, 'ubuntu', true],
    ['[[u]buntu', 'ubuntu', true],
    ['[*u]buntu', 'ubuntu', true],
    ['[u^]buntu', 'ubuntu', true],
    [String.raw`\u\b*`, 'ubuntu', true],
    [String.raw`\*`, 'ubuntu', false],
    ['ubuntu]', 'ubuntu', false],
    ['é*', 'ubuntu', false],
    ['[a-é]buntu', 'ubuntu', true],
    ['[\u{1f600}u]buntu', 'ubuntu', true],
    ['', 'ubuntu', false],
    // A star settles for the first place where what follows it fits, and the next star cannot pass the slash.
    ['*[a/]*b', 'xa/b', false],
    ['*/*b', 'xa/b', true],
  ])('%j %j: %s', (pattern, value, expected) => {
    expect(familiarMatch(pattern, parseNormalizedNamed(value))).toBe(expected);
  });

  it('matches digests and pinned names', () => {
    expect(familiarMatch('sha256:*', parseAnyReference(DIGEST))).toBe(true);
    expect(familiarMatch('', parseAnyReference(DIGEST))).toBe(false);
    expect(familiarMatch('app', parseReference(`app@${DIGEST}`))).toBe(true);
    expect(familiarMatch('app@*', parseReference(`app:v1@${DIGEST}`))).toBe(false);
    expect(familiarMatch('app:*@*', parseReference(`app:v1@${DIGEST}`))).toBe(true);
  });

  it.each([
    '[',
    '[]',
    '[^',
    '[^]',
    '[a',
    '[a-',
    '[a-]',
    '[-a]',
    '[a-b-c]',
    '[]a]',
    '[]*]',
    String.raw`[a-\ `.trim(),
    String.raw`[\ `.trim(),
    String.raw`[\]`,
    String.raw`a\ `.trim(),
    String.raw`*\ `.trim(),
    // After what does not fit.
    'x[',
    'ubuntux*[a',
    '*/*[',
    'x*y*[-]',
  ])('refuses %j', (pattern) => {
    for (const value of ['ubuntu', 'a/b', DIGEST]) {
      expect(() => familiarMatch(pattern, parseAnyReference(value))).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: 'syntax error in pattern' }) as Error,
      );
    }
  });

  const names = fc.stringMatching(/^[a-z]{1,5}(\/[a-z]{1,5}){0,2}(:[a-z]{1,3})?$/);

  it('fits what is spelled in another way, and nothing longer', () => {
    const spell = (letter: string): fc.Arbitrary<string> =>
      letter === '/'
        ? fc.constantFrom('/', '[/]', String.raw`\/`)
        : fc.constantFrom(letter, '?', `[${letter}]`, `[0-${letter}]`, '[^/]', `[^^\\0]`, `\\${letter}`);
    const pairs = names.chain((name) =>
      fc.tuple(...Array.from(name, spell)).map((parts): readonly [string, string] => [name, parts.join('')]),
    );
    fc.assert(
      fc.property(pairs, ([name, pattern]) => {
        expect(familiarMatch(pattern, parseReference(name))).toBe(true);
        expect(familiarMatch(pattern, parseReference(`${name}0`))).toBe(false);
      }),
    );
  });

  it('fits whatever stands in the place of a star, but a slash', () => {
    fc.assert(
      fc.property(names, fc.nat(15), fc.nat(15), (name, from, length) => {
        const left = name.slice(from, from + length);
        const pattern = `${name.slice(0, from)}*${name.slice(from + length)}`;
        expect(familiarMatch(pattern, parseReference(name))).toBe(!left.includes('/'));
      }),
    );
  });

  it('takes bounded time on patterns made to backtrack', () => {
    const name = parseReference('a'.repeat(255));
    for (const pattern of [
      `${'*a'.repeat(2000)}b`,
      `${'*?'.repeat(254)}*b`,
      `${'a*'.repeat(120)}b`,
      `${'*[^b]'.repeat(200)}b`,
      '*'.repeat(100_000) + 'b',
    ]) {
      expect(familiarMatch(pattern, name)).toBe(false);
    }
    expect(() => familiarMatch('['.repeat(100_000), name)).toThrow('syntax error in pattern');
  });
});
