import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../../../test/fixtures/go-documents.json' with { type: 'json' };
import { decodeGoJson, decodeGoJsonMembers } from './go-json-decode.ts';
import { isRawJson, RawJson } from './go-json-raw.ts';
import { encodeGoJson } from './go-json.ts';
import { sortMembers } from './go-json-member.ts';

function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Sorts the members of every object, as Go does when it writes a map. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || isRawJson(value)) return value;
  return new Map(
    [...sortMembers(value as Record<string, unknown>)].map(([name, one]) => [name, sorted(one)]),
  );
}

/** JSON values in which names do not look like array indexes. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.string({ unit: 'grapheme' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.string({ unit: 'grapheme' }).map((name) => `m${name}`),
      tie('value'),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    ),
  ),
})).value;

describe('decodeGoJson', () => {
  const accepted = vectors.decode.filter(({ error }) => error === undefined);
  const refused = vectors.decode.filter(({ error }) => error !== undefined);

  it.each(accepted)('reads as Go does: $input', ({ input, sorted: expected }) => {
    expect(textOf(encodeGoJson(sorted(decodeGoJson(decodeBase64(input)))))).toBe(expected);
  });

  it.each(refused)('refuses as Go does: $input ($error)', ({ input, error }) => {
    const decode = (): unknown => decodeGoJson(decodeBase64(input));
    expect(decode).toThrow(expect.objectContaining({ code: 'INVALID_MANIFEST', message: error }) as Error);
  });

  it('knows at least as many cases as were recorded', () => {
    expect(accepted.length).toBe(40);
    expect(refused.length).toBe(46);
  });

  it('keeps what it decodes', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(decodeGoJson(encodeGoJson(value))).toEqual(value);
      }),
    );
  });

  it('keeps the bytes of compact JSON, numbers included', () => {
    const number = fc.stringMatching(/^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,5})?$/);
    fc.assert(
      fc.property(json, number, (value, text) => {
        const bytes = encodeGoJson({ value, number: new RawJson(text) });
        expect(encodeGoJson(decodeGoJson(bytes))).toEqual(bytes);
      }),
    );
  });

  it('agrees with JSON.parse on what is JSON', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '1',
      '-',
      'true',
      'null',
      ' ',
      '"\\u12',
      '"',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expect(() => decodeGoJson(text)).toThrow(
            expect.objectContaining({ code: 'INVALID_MANIFEST' }) as Error,
          );
          return;
        }
        expect(decodeGoJson(text)).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps numbers that JavaScript would change', () => {
    expect(decodeGoJson('[9007199254740993,1.0,1e400,10]')).toEqual([
      new RawJson('9007199254740993'),
      new RawJson('1.0'),
      new RawJson('1e400'),
      10,
    ]);
    expect(JSON.stringify(decodeGoJson('{"a":1.50}'))).toBe('{"a":1.5}');
  });

  it('takes the last of two members, and its place', () => {
    expect(Object.entries(decodeGoJson('{"a":1,"b":2,"a":3}') as object)).toEqual([
      ['b', 2],
      ['a', 3],
    ]);
  });

  it('is not polluted by member names', () => {
    const value = decodeGoJson(
      '{"__proto__":{"polluted":true},"constructor":1,"__proto__":{"again":1}}',
    ) as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('reads text that is no well-formed text', () => {
    expect(decodeGoJson('"\ud800"')).toBe('\ufffd');
    expect(decodeGoJson(Uint8Array.of(0x22, 0xe2, 0x80, 0x22))).toBe('\ufffd\ufffd');
    expect(decodeGoJson(Uint8Array.of(0x22, 0xf0, 0x9f, 0x98, 0x41, 0x22))).toBe('\ufffd\ufffd\ufffdA');
    expect(() => decodeGoJson(Uint8Array.of(0x22, 0xc3))).toThrow('unexpected end of JSON input');
  });

  it('goes as deep as Go, and no deeper', () => {
    const nested = (open: string, close: string, depth: number): string =>
      open.repeat(depth) + close.repeat(depth);
    expect(textOf(encodeGoJson(decodeGoJson(nested('[', ']', 10_000))))).toBe(nested('[', ']', 10_000));
    for (const text of [nested('[', ']', 10_001), '{"a":'.repeat(10_001), '['.repeat(1_000_000)]) {
      expect(() => decodeGoJson(text)).toThrow('exceeded max depth');
    }
    expect(decodeGoJson('[[1]]', { maxDepth: 2 })).toEqual([[1]]);
    expect(() => decodeGoJson('[[1]]', { maxDepth: 1 })).toThrow('exceeded max depth');
  });

  it('looks at the size before anything else', () => {
    const refusal = expect.objectContaining({ code: 'LIMIT_EXCEEDED' }) as Error;
    expect(() => decodeGoJson('nonsense', { maxBytes: 7 })).toThrow(refusal);
    expect(() => decodeGoJson(new Uint8Array(9), { maxBytes: 8 })).toThrow(refusal);
    expect(() => decodeGoJson(new Uint8Array(16 * 1024 * 1024 + 1))).toThrow(refusal);
    expect(decodeGoJson('1234', { maxBytes: 4 })).toBe(1234);
  });

  it('reads a large index in time', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const entry = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest,
      size: 1234,
      platform: { os: 'linux' },
    };
    const bytes = new TextEncoder().encode(
      JSON.stringify({ manifests: Array.from({ length: 6000 }, () => entry) }),
    );
    expect(bytes.length).toBeGreaterThan(1_000_000);
    expect((decodeGoJson(bytes) as { manifests: unknown[] }).manifests).toHaveLength(6000);
  });
});

describe('decodeGoJsonMembers', () => {
  it('leaves values as they are written', () => {
    const members = decodeGoJsonMembers(
      ' { "b" : [ 1.0 , {"x":"\\u003c"} ] , "10":"é", "9" : null , "b" : 1e5 } ',
    );
    expect([...members].map(([name, { text }]) => [name, text])).toEqual([
      ['10', '"é"'],
      ['9', 'null'],
      ['b', '1e5'],
    ]);
    expect(decodeGoJsonMembers('{"a":[ 1, {"a":2} ]}').get('a')?.text).toBe('[ 1, {"a":2} ]');
  });

  it.each(['[]', '[1]', 'null', '"a"', '12345678901234567890', '{"a":1', '{"a":{]}'])(
    'refuses %s',
    (text) => {
      expect(() => decodeGoJsonMembers(text)).toThrow(
        expect.objectContaining({ code: 'INVALID_MANIFEST' }) as Error,
      );
    },
  );
});
