import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDigest } from '../digest/digest.ts';
import { formatReference, MAX_NAME_LENGTH, parseReference, withName } from './reference.ts';

const HEX = '0123456789abcdef'.repeat(4);

/** The grammar once more, as one expression: slow on hostile input, but short enough to be seen to be right. */
const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domain = String.raw`(?:${label}(?:\.${label})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?`;
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const path = `${component}(?:/${component})*`;
const tag = String.raw`[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`;
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const NAME = new RegExp(`^(?:(${domain})/)?(${path})$`);
const REFERENCE = new RegExp(`^((?:${domain}/)?${path})(?::(${tag}))?(?:@(${digest}))?$`);

function model(value: string): Record<string, string> | undefined {
  const [, name, tagged, pinned] = REFERENCE.exec(value) ?? [];
  if (name === undefined) return undefined;
  const [, host, rest = ''] = NAME.exec(name) ?? [];
  return {
    ...(host === undefined ? {} : { domain: host }),
    path: rest,
    ...(tagged === undefined ? {} : { tag: tagged }),
    ...(pinned === undefined ? {} : { digest: pinned }),
  };
}

/** `undefined` where the grammar refuses; digests have a gate of their own behind it. */
function parsed(value: string): unknown {
  try {
    return parseReference(value);
  } catch (error) {
    const { message } = error as Error;
    return /digest/.test(message) ? { refusedFor: message } : undefined;
  }
}

describe('the grammar of references', () => {
  const atom = fc.constantFrom(
    ...['a', 'b1', '0', 'A', '.', '_', '-', '/', ':', '@', '[', ']', '::1', '5000', 'com', '\n', ' ', 'é'],
    ...['localhost', 'sha256:', `sha256:${HEX}`, `md5:${HEX.slice(0, 32)}`],
  );
  const texts = fc.oneof(
    fc.array(atom, { maxLength: 10 }).map((atoms) => atoms.join('')),
    fc.string({ maxLength: 20 }),
    fc.stringMatching(/^[a-c.:[\]]{0,6}\/[a-c._/-]{1,8}(:[A-Za-z_.-]{1,4})?$/),
  );

  it('is the one that its expressions describe', () => {
    fc.assert(
      fc.property(texts, (value) => {
        const expected = model(value);
        const actual = parsed(value);
        const pinned = expected?.['digest'];
        if (pinned === undefined || isDigest(pinned)) expect(actual).toEqual(expected);
        else expect(actual).toEqual({ refusedFor: expect.stringContaining('digest') as string });
      }),
      { numRuns: 1000 },
    );
  });

  it('holds for names alone, too', () => {
    fc.assert(
      fc.property(texts, (value) => {
        const [, host, rest] = NAME.exec(value) ?? [];
        if (rest === undefined) expect(() => withName(value)).toThrow('invalid reference format');
        else expect(withName(value)).toEqual({ ...(host === undefined ? {} : { domain: host }), path: rest });
      }),
    );
  });

  it('is written as it is read', () => {
    const names = fc.stringMatching(
      /^((A[a-z-]{0,3}z|\[::1\])(\.b)?(:[0-9]{1,4})?\/)?[a-z]([._]b|__c|--d){0,3}(\/e){0,2}$/,
    );
    const tails = fc.tuple(
      fc.constantFrom('', ':v1', ':_.-'),
      fc.constantFrom('', `@sha256:${HEX}`, `@sha512:${HEX}${HEX}`),
    );
    fc.assert(
      fc.property(
        names.filter((name) => NAME.test(name)),
        tails,
        (name, tail) => {
          const value = name + tail.join('');
          expect(formatReference(parseReference(value))).toBe(value);
        },
      ),
    );
  });
});

describe('the parts of a name', () => {
  it.each([
    ['a', true],
    ['0', true],
    ['a.b', true],
    ['a_b', true],
    ['a__b', true],
    ['a-b', true],
    ['a---b', true],
    ['a.b_c__d--e', true],
    ['a..b', false],
    ['a___b', false],
    ['a._b', false],
    ['a-_b', false],
    ['a.-b', false],
    ['.a', false],
    ['a.', false],
    ['_a', false],
    ['a_', false],
    ['-a', false],
    ['a-', false],
    ['A', false],
    ['é', false],
    ['', false],
  ])('component %j: %s', (value, isValid) => {
    for (const name of [`host.example/${value}`, `host.example/x/${value}`, `host.example/${value}/x`]) {
      expect(parsed(name) !== undefined).toBe(isValid);
    }
  });

  it.each([
    ['a', true],
    ['A-1.B', true],
    ['a--b', true],
    ['1.2.3.4:5', true],
    ['a:0', true],
    [`a:${'9'.repeat(99)}`, true],
    ['[::1]', true],
    ['[2001:DB8::1]:443', true],
    ['[:]', true],
    ['[]', false],
    ['[::1]a', false],
    ['[::1]:', false],
    ['[::1]:a', false],
    ['a]', false],
    ['[a', false],
    ['[::ffff:1.2.3.4]', false],
    ['[fe80::1%25eth0]', false],
    ['a:', false],
    ['a:-1', false],
    ['a:1:2', false],
    [':1', false],
    ['a-', false],
    ['-a', false],
    ['A..b', false],
    ['A_b', false],
    ['.A', false],
    ['A.', false],
  ])('domain %j: %s', (value, isValid) => {
    const reference = parsed(`${value}/x`);
    expect(reference !== undefined).toBe(isValid);
    if (isValid) expect(reference).toEqual({ domain: value, path: 'x' });
  });

  it.each([
    ['a', true],
    ['_', true],
    ['0', true],
    ['A.b-c_', true],
    ['a'.repeat(128), true],
    ['a'.repeat(129), false],
    ['.a', false],
    ['-a', false],
    ['a+b', false],
    ['a/b', false],
    ['ä', false],
    ['', false],
  ])('tag %j: %s', (value, isValid) => {
    expect(parsed(`x:${value}`) !== undefined).toBe(isValid);
  });

  it('have 255 characters at most, the domain not counted', () => {
    const host = `${'a'.repeat(63)}.example:5000`;
    const longest = `${'a/'.repeat(127)}b`;
    expect(longest).toHaveLength(MAX_NAME_LENGTH);
    expect(parseReference(`${host}/${longest}:tag`).path).toBe(longest);
    expect(withName(`${host}/${longest}`).path).toBe(longest);
    const message = 'repository name must not be more than 255 characters';
    expect(() => parseReference(`${host}/${longest}b`)).toThrow(message);
    expect(() => withName(`${host}/${longest}b`)).toThrow(message);
    expect(() => parseReference('a'.repeat(256))).toThrow(message);
  });
});
