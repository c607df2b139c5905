import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../../../test/fixtures/go-documents.json' with { type: 'json' };
import { decodeBase64Url, encodeBase64, encodeBase64Url } from '../base64.ts';
import { compareUtf8 } from './go-json-text.ts';
import { sortMembers } from './go-json-member.ts';
import { isRawJson, RawJson } from './go-json-raw.ts';
import { encodeGoJson } from './go-json.ts';
import type { GoJsonOptions } from './go-json.ts';

function encode(value: unknown, options?: GoJsonOptions): string {
  return new TextDecoder().decode(encodeGoJson(value, options));
}

describe('encodeGoJson', () => {
  it.each([
    ['<>&\u2028\u2029', String.raw`"\u003c\u003e\u0026\u2028\u2029"`],
    ['\b\f\n\r\t\u0000\u001f\u007f', `${String.raw`"\u0008\u000c\n\r\t\u0000\u001f`}\u007f"`],
    ['"\\/', String.raw`"\"\\/"`],
    ['é中😀', '"é中😀"'],
    ['\ud800a\udc00', String.raw`"\ufffda\ufffd"`],
    ['\ufffd', '"\ufffd"'],
    [null, 'null'],
    [true, 'true'],
    [-0, '-0'],
    [12345678901234567890n, '12345678901234567890'],
    [[undefined, 1], '[null,1]'],
    [{ a: undefined, b: { c: undefined } }, '{"b":{}}'],
    [{ '<': [] }, String.raw`{"\u003c":[]}`],
    [Uint8Array.of(251, 255), '"+/8="'],
    [
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
      '{"b":1,"a":2}',
    ],
    [new URL('https://host/a'), '"https://host/a"'],
  ])('encodes as Go: case %#', (value, expected) => {
    expect(encode(value)).toBe(expected);
  });

  it.each(vectors.floats)('writes the number $value as Go', ({ value, json }) => {
    expect(encode(Number(value))).toBe(json);
  });

  it('lays out as MarshalIndent', () => {
    expect(encode({ a: [1, { b: {} }], c: [], d: 'x' }, { indent: '   ' })).toBe(
      '{\n   "a": [\n      1,\n      {\n         "b": {}\n      }\n   ],\n   "c": [],\n   "d": "x"\n}',
    );
  });

  it('agrees with JSON.stringify where Go does', () => {
    const unit = fc.string({ maxLength: 3 }).map((text) => text.replace(/[<>&]/g, '.'));
    // Through JSON once: it knows no -0, which Go does.
    const value = fc.jsonValue({ stringUnit: unit }).map((one) => JSON.parse(JSON.stringify(one)) as unknown);
    fc.assert(
      fc.property(value, fc.constantFrom('', '  ', '\t'), (one, indent) => {
        expect(encode(one, { indent })).toBe(JSON.stringify(one, undefined, indent));
      }),
    );
  });

  it.each([[NaN], [Infinity], [() => 1], [Symbol('a')], [undefined], [{ a: [-Infinity] }]])(
    'refuses what JSON has no words for: %o',
    (value) => {
      expect(() => encodeGoJson(value)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error,
      );
    },
  );

  it('refuses circles', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => encodeGoJson(circle)).toThrow('circle');
  });
});

describe('RawJson', () => {
  it.each(vectors.raw)('is compacted and indented: $text', ({ text, compact, indented }) => {
    expect(encode({ k: new RawJson(text) })).toBe(compact);
    expect(encode({ k: new RawJson(text) }, { indent: '   ' })).toBe(indented);
  });

  it.each(['', '{', '1 2', 'x'])('is not written where it is not JSON: %s', (text) => {
    expect(() => encodeGoJson(new RawJson(text))).toThrow('json: raw text: ');
  });

  it('is known by its brand', () => {
    expect([new RawJson('1'), { text: '1' }, null, 1].map(isRawJson)).toEqual([true, false, false, false]);
    expect(JSON.stringify({ a: new RawJson('[1.0]') })).toBe('{"a":[1]}');
  });
});

describe('sortMembers', () => {
  it('orders by bytes of UTF-8', () => {
    const members = { '\ud83d\ude00': 1, '\uffff': 2, b: 3, a: 4, ab: 5, 10: 6, 9: 7, '': 8 };
    expect([...sortMembers(members).keys()]).toEqual([
      '',
      '10',
      '9',
      'a',
      'ab',
      'b',
      '\uffff',
      '\ud83d\ude00',
    ]);
    expect([
      ...sortMembers(
        new Map([
          ['b', 1],
          ['a', 2],
        ]),
      ).keys(),
    ]).toEqual(['a', 'b']);
  });

  it('is a total order that agrees with bytes', () => {
    const text = fc.string({ unit: 'binary' });
    const encoder = new TextEncoder();
    const hex = (value: string): string =>
      Array.from(encoder.encode(value), (byte) => String.fromCharCode(byte)).join('');
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [left, right] = [hex(a), hex(b)];
        const expected = left < right ? -1 : left > right ? 1 : 0;
        expect(Math.sign(compareUtf8(a, b))).toBe(expected);
      }),
    );
  });
});

describe('base 64', () => {
  it('comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(new Uint8Array(bytes));
      }),
    );
    expect(encodeBase64(new Uint8Array(100_000))).toHaveLength(133_336);
  });

  it('takes spaces, and no malformed text', () => {
    expect(decodeBase64Url('aG\nk ')).toEqual(Uint8Array.of(0x68, 0x69));
    for (const text of ['a', 'aGk=', 'a+', 'a/bc', 'é', 'a.bc'])
      expect(decodeBase64Url(text)).toBeUndefined();
  });
});
