import { describe, expect, it } from 'vitest';
import { notify, notifyOfHeaders, parseRateLimit, parseWarnings } from './notice.ts';
import type { RegistryNotice } from './notice.ts';

function listener(): { heard: RegistryNotice[]; onNotice: (notice: RegistryNotice) => void } {
  const heard: RegistryNotice[] = [];
  return { heard, onNotice: (notice) => void heard.push(notice) };
}

describe('parseWarnings', () => {
  it.each([
    ['299 - "Your token expires soon."', ['Your token expires soon.']],
    ['299 - "a \\"b\\", c", 299 - "d"', ['a "b", c', 'd']],
    ['299 registry.example "not of the specification", 110 - "stale", 299 - "x"', ['x']],
    ['299 - "\u001b[2J"', ['\uFFFD[2J']],
    ['299 - "begun', []],
    ['299 - nothing, 299 - "x"', []],
    ['', []],
    [`299 - "${'x'.repeat(4096)}"`, ['x'.repeat(4096)]],
    [`299 - "${'x'.repeat(4097)}", 299 - "y"`, ['y']],
  ])('reads %j', (value, texts) => {
    expect(parseWarnings(value)).toEqual(texts);
  });

  it('takes a megabyte of anything without effort', () => {
    for (const piece of ['299 - "', '299 ', ',', '"\\']) {
      expect(() => parseWarnings(piece.repeat(1_000_000 / piece.length))).not.toThrow();
    }
  });
});

describe('parseRateLimit', () => {
  it.each<[Record<string, string>, unknown]>([
    [
      {
        'ratelimit-limit': '100;w=21600',
        'ratelimit-remaining': '76;w=21600',
        'docker-ratelimit-source': '192.0.2.7',
      },
      { limit: 100, remaining: 76, windowSeconds: 21_600, source: '192.0.2.7' },
    ],
    [
      { 'ratelimit-limit': '100' },
      { limit: 100, remaining: undefined, windowSeconds: undefined, source: undefined },
    ],
    [
      { 'ratelimit-limit': ' 5 ; w=60, 10;w=600' },
      { limit: 5, remaining: undefined, windowSeconds: 60, source: undefined },
    ],
    [{ 'ratelimit-remaining': '76' }, undefined],
    [{ 'ratelimit-limit': '-1' }, undefined],
    [{ 'ratelimit-limit': '9223372036854775807' }, undefined],
    [{ 'ratelimit-limit': '1e9' }, undefined],
    [{}, undefined],
  ])('reads %j', (headers, expected) => {
    expect(parseRateLimit(new Headers(headers))).toEqual(expected);
  });
});

describe('notify', () => {
  it('tells each listener everything once for each host', () => {
    const a = listener();
    const b = listener();
    const headers = new Headers({
      warning: '299 - "old"',
      'ratelimit-limit': '9',
      'ratelimit-remaining': '2',
    });
    for (const { onNotice } of [a, a, b]) notifyOfHeaders(onNotice, 'one.example', headers);
    notifyOfHeaders(a.onNotice, 'two.example', headers);
    expect(a.heard.map(({ kind, host }) => [kind, host])).toEqual([
      ['warning', 'one.example'],
      ['rate-limit', 'one.example'],
      ['warning', 'two.example'],
      ['rate-limit', 'two.example'],
    ]);
    expect(b.heard.length).toBe(2);
  });

  it('tells of a limit once more when nothing is left', () => {
    const { heard, onNotice } = listener();
    for (const remaining of ['2', '1', '0', '0']) {
      const headers = new Headers({ 'ratelimit-limit': '9', 'ratelimit-remaining': remaining });
      notifyOfHeaders(onNotice, 'a', headers);
    }
    expect(heard.map((notice) => notice.kind === 'rate-limit' && notice.remaining)).toEqual([2, 0]);
  });

  it('remembers no more than it may, and tells nothing then', () => {
    const { heard, onNotice } = listener();
    for (let count = 0; count < 1100; count++) {
      notify(onNotice, { kind: 'warning', host: 'a', message: String(count) });
    }
    expect(heard.length).toBe(1000);
    expect(() => {
      notify(undefined, { kind: 'warning', host: 'a', message: 'x' });
    }).not.toThrow();
  });
});
