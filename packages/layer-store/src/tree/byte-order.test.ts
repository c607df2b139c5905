import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from './byte-order.ts';

function compareEncoded(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => new TextEncoder().encode(text)) as [Uint8Array, Uint8Array];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    if (x[i] !== y[i]) return (x[i] ?? 0) - (y[i] ?? 0);
  }
  return x.length - y.length;
}

describe('compareBytes', () => {
  it('orders as UTF-8 does, characters beyond U+FFFF too', () => {
    const edges = ['a', '\x7f', '\u0080', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'];
    const text = fc.array(fc.constantFrom(...edges), { maxLength: 4 }).map((parts) => parts.join(''));
    expect(Math.sign(compareBytes('\ufffd', '\u{1f600}'))).toBe(-1);
    expect(compareBytes('a', 'a')).toBe(0);
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Math.sign(compareEncoded(a, b)));
      }),
    );
  });
});
