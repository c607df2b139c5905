import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextLink, parseLinkHeader } from './link-header.ts';

function plain(value: string): unknown[] {
  return parseLinkHeader(value).map(({ target, parameters }) => [target, Object.fromEntries(parameters)]);
}

describe('parseLinkHeader', () => {
  it.each<[string, string, unknown[]]>([
    ['nothing', '', []],
    [
      'a next page',
      '</v2/a/tags/list?last=b&n=2>; rel="next"',
      [['/v2/a/tags/list?last=b&n=2', { rel: 'next' }]],
    ],
    [
      'several links, commas in their targets',
      '<a,b>; rel=prev, <c>;rel="next";title="x, y"',
      [
        ['a,b', { rel: 'prev' }],
        ['c', { rel: 'next', title: 'x, y' }],
      ],
    ],
    ['a link without parameters', '<a>', [['a', {}]]],
    ['a parameter without a value', '<a>; crossorigin; rel=next', [['a', { crossorigin: '', rel: 'next' }]]],
    ['the first of a parameter given twice', '<a>; rel=next; rel=prev', [['a', { rel: 'next' }]]],
    [
      'empty members',
      ', <a> ;; rel=next ;, , <b>',
      [
        ['a', { rel: 'next' }],
        ['b', {}],
      ],
    ],
    ['a target without its end', '<a>; rel=next, <b', [['a', { rel: 'next' }]]],
    ['an unterminated quote', '<a>; rel=next; title="x', [['a', { rel: 'next' }]]],
    ['a missing comma', '<a>; rel=next <b>', [['a', { rel: 'next' }]]],
    ['garbage', 'next', []],
  ])('reads %s', (_name, value, expected) => {
    expect(plain(value)).toEqual(expected);
  });

  it('reads back whatever was written by the grammar, and never throws', () => {
    const target = fc.webUrl({ withQueryParameters: true }).filter((url) => !url.includes('>'));
    fc.assert(
      fc.property(fc.array(fc.tuple(target, fc.string({ maxLength: 12 })), { maxLength: 5 }), (links) => {
        const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
        const value = links.map(([url, title]) => `<${url}>; title=${quoted(title)}`).join(', ');
        expect(plain(value)).toEqual(links.map(([url, title]) => [url, { title }]));
      }),
    );
    const piece = fc.constantFrom('<', '>', ';', ',', '=', '"', '\\', 'rel', 'next', ' ');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        expect(Array.isArray(parseLinkHeader(pieces.join('')))).toBe(true);
      }),
    );
  });

  it('takes a megabyte of targets without effort', () => {
    expect(parseLinkHeader('<>,'.repeat(333_333)).length).toBe(333_333);
    expect(parseLinkHeader('<'.repeat(1_000_000))).toEqual([]);
  });
});

describe('nextLink', () => {
  it('finds the next page among other relations', () => {
    expect(nextLink('<a>; rel="prev first", <b>; rel="last Next"')).toBe('b');
    expect(nextLink('<a>; rel="nextish"')).toBeUndefined();
    expect(nextLink(null)).toBeUndefined();
  });
});
