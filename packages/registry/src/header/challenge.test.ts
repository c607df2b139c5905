import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from './challenge.ts';

/** Challenges as plain data: scheme, token68 where there is one, parameters. */
function plain(...values: string[]): unknown[] {
  return parseChallenges(values).map(({ scheme, token68, parameters }) => [
    scheme,
    ...(token68 === undefined ? [] : [token68]),
    Object.fromEntries(parameters),
  ]);
}

describe('parseChallenges', () => {
  it.each<[string, string[], unknown[]]>([
    ['nothing', [], []],
    ['an empty value', [''], []],
    [
      'a bearer challenge',
      [
        'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      ],
      [
        [
          'bearer',
          {
            realm: 'https://auth.docker.io/token',
            service: 'registry.docker.io',
            scope: 'repository:a/b:pull,push',
          },
        ],
      ],
    ],
    [
      'several in one value',
      ['Bearer realm="a", scope="x,y", Basic realm="b", charset="UTF-8"'],
      [
        ['bearer', { realm: 'a', scope: 'x,y' }],
        ['basic', { realm: 'b', charset: 'UTF-8' }],
      ],
    ],
    [
      'several values',
      ['Basic realm="b"', 'Bearer realm="a"'],
      [
        ['basic', { realm: 'b' }],
        ['bearer', { realm: 'a' }],
      ],
    ],
    ['escapes', ['Basic realm="a \\"quoted\\" \\\\ realm"'], [['basic', { realm: 'a "quoted" \\ realm' }]]],
    ['tokens as values', ['Bearer realm=a , service=b'], [['bearer', { realm: 'a', service: 'b' }]]],
    ['spaces around the equals sign', ['Bearer realm = "a"'], [['bearer', { realm: 'a' }]]],
    ['case of schemes and names', ['BEARER Realm="A"'], [['bearer', { realm: 'A' }]]],
    ['an empty value in quotes', ['Bearer scope=""'], [['bearer', { scope: '' }]]],
    [
      'empty list members',
      [', ,Bearer realm="a",, ,service="b", ,'],
      [['bearer', { realm: 'a', service: 'b' }]],
    ],
    [
      'schemes alone',
      ['Negotiate, NTLM,Basic realm="x"'],
      [
        ['negotiate', {}],
        ['ntlm', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'token68',
      ['Negotiate YWJj+/==, Bearer realm="a"'],
      [
        ['negotiate', 'YWJj+/==', {}],
        ['bearer', { realm: 'a' }],
      ],
    ],
    ['the first of a parameter given twice', ['Bearer realm="a",realm="b"'], [['bearer', { realm: 'a' }]]],
    ['a parameter that would be a property', ['Bearer __proto__="a"'], [['bearer', { ['__proto__']: 'a' }]]],
    ['an unterminated quote', ['Bearer realm="a",service="b'], [['bearer', { realm: 'a' }]]],
    ['a quote that ends in a backslash', ['Bearer realm="a\\'], [['bearer', {}]]],
    ['a missing comma', ['Bearer realm="a" service="b", Basic realm="c"'], [['bearer', { realm: 'a' }]]],
    ['a missing value', ['Bearer realm="a",service=,scope="c"'], [['bearer', { realm: 'a' }]]],
    ['a value that is no token', ['Bearer realm=https://a/b,service="c"'], [['bearer', { realm: 'https' }]]],
    ['a scheme with an equals sign', ['Bearer="a"'], []],
    ['garbage', ['"realm"', '=', '\u0000', 'Basic realm="x"'], [['basic', { realm: 'x' }]]],
  ])('reads %s', (_name, values, expected) => {
    // Entries instead of the objects: a property named __proto__ must be seen.
    const entries = (list: unknown[]): string => JSON.stringify(list);
    expect(entries(plain(...values))).toBe(entries(expected));
  });

  it('reads back whatever was written by the grammar', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const challenge = fc.record({
      scheme: fc.stringMatching(/^[a-z]{1,8}$/),
      parameters: fc.uniqueArray(fc.tuple(name, fc.string({ unit: 'binary', maxLength: 20 })), {
        minLength: 1,
        maxLength: 4,
        selector: ([key]) => key,
      }),
    });
    fc.assert(
      fc.property(
        fc.array(challenge, { maxLength: 4 }),
        fc.constantFrom(',', ', ', ' ,\t'),
        (list, comma) => {
          const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
          const value = list
            .map(({ scheme, parameters }) => {
              return `${scheme} ${parameters.map(([key, text]) => `${key}=${quoted(text)}`).join(comma)}`;
            })
            .join(comma);
          const read = parseChallenges([value]).map(({ scheme, parameters }) => ({
            scheme,
            parameters: [...parameters],
          }));
          expect(read).toEqual(list);
        },
      ),
    );
  });

  it('loses nothing of what came before a malformed tail', () => {
    const tail = fc.constantFrom(
      '"',
      ',=',
      ',x="',
      ',y="\\',
      ', z=',
      ' "a"',
      ', Basic realm="',
      '\u0000',
      ',,=,"',
    );
    const noise = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(tail, noise, (end, more) => {
        const [first, second] = parseChallenges([
          `Basic realm="b", Bearer realm="a",scope="x,y"${end}${more}`,
        ]);
        expect([first?.scheme, first?.parameters.get('realm')]).toEqual(['basic', 'b']);
        expect([second?.scheme, second?.parameters.get('realm'), second?.parameters.get('scope')]).toEqual([
          'bearer',
          'a',
          'x,y',
        ]);
      }),
    );
  });

  it('takes as many challenges and parameters as anybody needs', () => {
    expect(parseChallenges(['a b=c, '.repeat(100), 'Basic realm="x"']).length).toBe(32);
    const parameters = Array.from({ length: 100 }, (_, index) => `p${String(index)}=x`).join(', ');
    const [only] = parseChallenges([`a ${parameters}`]);
    expect([only?.parameters.size, only?.parameters.get('p63')]).toEqual([64, 'x']);
    expect(
      parseChallenges([`a b="${'x'.repeat(70_000)}", Basic realm="x"`]).map(({ scheme }) => scheme),
    ).toEqual(['a']);
  });

  it('never throws', () => {
    const piece = fc.constantFrom('Bearer', ' ', ',', '=', '"', '\\', 'a', 'realm', '==', '\t', '\u00e9');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        for (const { scheme } of parseChallenges([pieces.join('')])) expect(scheme).not.toBe('');
      }),
    );
  });

  it.each([
    ['commas', ','],
    ['schemes', 'a,'],
    ['spaces', 'a  '],
    ['quotes', '"\\'],
    ['token68', 'a=='],
    ['parameters', 'a=b,'],
    ['almost token68', 'a a '],
  ])('takes a megabyte of %s without effort', (_name, piece) => {
    // A quadratic parser would need minutes for this, well beyond the limit of a test.
    expect(() => parseChallenges([`Bearer ${piece.repeat(1_000_000 / piece.length)}`])).not.toThrow();
  });
});
