import { describe, expect, it } from 'vitest';
import { encodeOciLayout, parseOciLayout } from './oci-layout.ts';

function parse(json: string): unknown {
  return parseOciLayout(new TextEncoder().encode(json));
}

describe('oci-layout', () => {
  it('comes back', () => {
    expect(parseOciLayout(encodeOciLayout())).toEqual({ imageLayoutVersion: '1.0.0' });
    expect(parse(' { "ImageLayoutVersion": "1.0.0", "more": 1 }\n')).toEqual({ imageLayoutVersion: '1.0.0' });
  });

  it.each([
    ['', 'INVALID_MANIFEST'],
    ['[]', 'INVALID_MANIFEST'],
    ['{}', 'INVALID_MANIFEST'],
    ['{"imageLayoutVersion":1}', 'INVALID_MANIFEST'],
    ['{"imageLayoutVersion":"2.0.0"}', 'UNSUPPORTED'],
    ['{"imageLayoutVersion":"1.0.0","imageLayoutVersion":"1.0.1"}', 'UNSUPPORTED'],
    [`{"imageLayoutVersion":"1.0.0"}${' '.repeat(70_000)}`, 'LIMIT_EXCEEDED'],
  ])('refuses %s', (json, code) => {
    expect(() => parse(json)).toThrow(expect.objectContaining({ code }) as Error);
  });
});
