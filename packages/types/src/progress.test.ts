import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeGoJson } from './go-json.ts';
import { formatBytes, formatProgressBar } from './progress-bar.ts';
import { formatJsonProgress } from './progress-json.ts';
import { discardProgress } from './progress.ts';

const text = (value: unknown, indent?: string): string =>
  new TextDecoder().decode(encodeGoJson(value, indent === undefined ? {} : { indent }));

describe('encodeGoJson', () => {
  it('escapes what Go escapes and keeps the order of members', () => {
    expect(text({ b: '<a href="x">&\u2028\u2029', a: undefined, c: [1, null] })).toBe(
      '{"b":"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028\\u2029","c":[1,null]}',
    );
    expect(text({ a: { b: 1 } }, '   ')).toBe('{\n   "a": {\n      "b": 1\n   }\n}');
  });

  it('reads back as what was written', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(text(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0B'],
    [999, '999B'],
    [1000, '1kB'],
    [1024, '1.024kB'],
    [3_402_645, '3.403MB'],
    [2 ** 40, '1.1TB'],
    [1e15, '1PB'],
  ])('%d is %s', (bytes, expected) => {
    expect(formatBytes(bytes)).toBe(expected);
  });
});

describe('formatProgressBar', () => {
  it.each([
    [{ id: 'a' }, 200, ''],
    [{ id: 'a', current: 1 }, 200, '      1B'],
    [{ id: 'a', current: 7, units: 'layers' }, 200, '7 layers'],
    [{ id: 'a', current: 20, total: 100 }, 200, `[==========>${' '.repeat(40)}]      20B/100B`],
    [{ id: 'a', current: 100, total: 100 }, 200, `[${'='.repeat(50)}>]     100B/100B`],
    [{ id: 'a', current: 150, total: 100 }, 200, `[${'='.repeat(50)}>]     150B`],
    [{ id: 'a', current: 20, total: 100 }, 80, '     20B/100B'],
    [{ id: 'a', current: 5, total: 10, units: 'files' }, 80, '5/10 files'],
    [{ id: 'a', current: 15, total: 10, units: 'files' }, 80, '15 files'],
    [{ id: 'a', current: 50, total: 100, hideCounts: true }, 200, `[${'='.repeat(25)}>${' '.repeat(25)}] `],
  ])('%j at width %d', (progress, width, expected) => {
    expect(formatProgressBar(progress, width)).toBe(expected);
  });
});

describe('formatJsonProgress', () => {
  it.each([
    [{ id: 'latest', message: 'Pulling from a/b' }, '{"status":"Pulling from a/b","id":"latest"}'],
    [{ id: '', message: 'Digest: x' }, '{"status":"Digest: x"}'],
    [{ id: 'a', action: 'Waiting' }, '{"status":"Waiting","progressDetail":{},"id":"a"}'],
    [
      { id: 'a', action: 'Downloading', current: 1, total: 2 },
      `{"status":"Downloading","progressDetail":{"current":1,"total":2},"progress":"[${'='.repeat(25)}\\u003e${' '.repeat(25)}]       1B/2B","id":"a"}`,
    ],
    [
      { id: 'a', action: 'x', current: 1, total: 2, units: 'u', hideCounts: true },
      `{"status":"x","progressDetail":{"current":1,"total":2,"hidecounts":true,"units":"u"},"progress":"[${'='.repeat(25)}\\u003e${' '.repeat(25)}] ","id":"a"}`,
    ],
    [{ id: '', aux: { Tag: 't' } }, '{"progressDetail":{},"aux":{"Tag":"t"}}'],
  ])('%j', (progress, expected) => {
    expect(formatJsonProgress(progress)).toBe(`${expected}\r\n`);
  });
});

describe('discardProgress', () => {
  it('takes anything and does nothing', () => {
    expect(discardProgress).not.toThrow();
  });
});
