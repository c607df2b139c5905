import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortReferences } from './reference-sort.ts';

const HEX = '0123456789abcdef'.repeat(4);
const DIGEST = `sha256:${HEX}`;

describe('sortReferences', () => {
  const inOrder = [
    `docker.io/library/z:1@${DIGEST}`,
    'docker.io/library/a:1',
    'docker.io/library/a:2',
    'quay.io/a/b:0',
    `docker.io/library/a@${DIGEST}`,
    `quay.io/a/b@${DIGEST}`,
    'docker.io/a/b',
    'docker.io/library/b',
    DIGEST,
    `sha256:f${HEX.slice(1)}`,
    '',
    'A',
    'a b',
    '\ue000',
    '\uffff',
    '\u{10000}',
    '\u{10000}a',
    '\u{10001}',
  ];

  it('ranks by what a reference has, then sorts by bytes', () => {
    expect(sortReferences(inOrder.toReversed())).toEqual(inOrder);
  });

  it('writes names in full and digests with their algorithm', () => {
    const given = Object.freeze(['?', HEX, 'b', `a@${DIGEST}`, 'a:1', `z:1@${DIGEST}`, 'b']);
    expect(sortReferences(given)).toEqual([
      `docker.io/library/z:1@${DIGEST}`,
      'docker.io/library/a:1',
      `docker.io/library/a@${DIGEST}`,
      'docker.io/library/b',
      'docker.io/library/b',
      DIGEST,
      '?',
    ]);
    expect(sortReferences([])).toEqual([]);
  });

  it('gives one order whatever the order given', () => {
    const lists = fc.shuffledSubarray(inOrder);
    fc.assert(
      fc.property(lists, (list) => {
        const sorted = sortReferences(list);
        expect(sorted).toEqual(inOrder.filter((text) => list.includes(text)));
        expect(sortReferences(sorted)).toEqual(sorted);
      }),
    );
  });
});
