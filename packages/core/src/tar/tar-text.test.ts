import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeField, decodeTarText, encodeTarText, isTarText } from './tar-text.ts';

const encoder = new TextEncoder();

describe('the text of a tar archive', () => {
  it('is UTF-8 where it can be', () => {
    for (const text of [
      '',
      'a',
      'ünïcode ☃ 🚢',
      '\ufeffbom',
      '\ufffd',
      'x'.repeat(100_000),
      `${'é'.repeat(5000)}\ufffd`,
    ]) {
      expect(decodeTarText(encoder.encode(text))).toBe(text);
      expect(encodeTarText(text)).toEqual(encoder.encode(text));
    }
  });

  it.each<[string, readonly number[], string]>([
    ['a stray byte', [0x61, 0xff, 0x62], 'a\udcffb'],
    ['a tail without a head', [0x80], '\udc80'],
    ['an overlong slash', [0xc0, 0xaf], '\udcc0\udcaf'],
    ['an overlong form of three bytes', [0xe0, 0x80, 0xaf], '\udce0\udc80\udcaf'],
    ['an overlong form of four bytes', [0xf0, 0x8f, 0xbf, 0xbf], '\udcf0\udc8f\udcbf\udcbf'],
    ['half of a surrogate pair', [0xed, 0xb3, 0xa9], '\udced\udcb3\udca9'],
    ['a character beyond the last', [0xf4, 0x90, 0x80, 0x80], '\udcf4\udc90\udc80\udc80'],
    ['a character cut short', [0xe2, 0x98], '\udce2\udc98'],
    ['a character cut short by a letter', [0xe2, 0x98, 0x61], '\udce2\udc98a'],
    [
      'good characters beside a bad byte',
      [0xf0, 0x9f, 0x9a, 0xa2, 0xe2, 0x98, 0x83, 0xc3, 0xa9, 0xfe],
      '🚢☃é\udcfe',
    ],
    [
      'the last characters',
      [0xf4, 0x8f, 0xbf, 0xbf, 0xee, 0x80, 0x80, 0xed, 0x9f, 0xbf, 0xff],
      '\u{10ffff}\ue000\ud7ff\udcff',
    ],
  ])('carries %s along', (_what, bytes, text) => {
    expect(decodeTarText(Uint8Array.from(bytes))).toBe(text);
    expect(encodeTarText(text)).toEqual(Uint8Array.from(bytes));
    expect(isTarText(text)).toBe(true);
  });

  it('gives every run of bytes back', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ unit: 'binary' }).map((text) => encoder.encode(text)),
      fc
        .array(fc.constantFrom(0x61, 0x80, 0xbf, 0xc3, 0xe2, 0x98, 0x83, 0xed, 0xa0, 0xf0, 0x9f), {
          maxLength: 20,
        })
        .map((all) => Uint8Array.from(all)),
    );
    fc.assert(
      fc.property(bytes, (run) => {
        const text = decodeTarText(run);
        expect(encodeTarText(text)).toEqual(run);
        expect(isTarText(text)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('tells half of a surrogate pair from a byte', () => {
    expect(isTarText('🚢')).toBe(true);
    for (const text of ['\ud800', 'a\udbff', '\udc00', '\udc7f', '\udd00', '\udfffb']) {
      expect(isTarText(text)).toBe(false);
      expect(encodeTarText(text)).toEqual(encoder.encode(text));
    }
  });

  it('ends a field at its first NUL or at its length', () => {
    const bytes = encoder.encode('abc\0def');
    expect(decodeField(bytes, 0, 7)).toBe('abc');
    expect(decodeField(bytes, 1, 1)).toBe('b');
    expect(decodeField(bytes, 3, 2)).toBe('');
  });
});
