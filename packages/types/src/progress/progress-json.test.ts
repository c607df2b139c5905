import { describe, expect, it } from 'vitest';
import {
  formatJsonAux,
  formatJsonError,
  formatJsonProgress,
  formatJsonStatus,
  formatJsonStream,
  formatRawProgress,
  toJsonMessage,
} from './progress-json.ts';
import { discardProgress } from './progress.ts';

const half = `[${'='.repeat(25)}>${' '.repeat(25)}] `;
const escapedHalf = half.replace('>', '\\u003e');

describe('formatJsonProgress', () => {
  it.each([
    [{ id: 'latest', message: 'Pulling from a/b' }, '{"status":"Pulling from a/b","id":"latest"}'],
    [{ id: '', message: 'Digest: x' }, '{"status":"Digest: x"}'],
    [{ id: 'a', message: '100% <done>' }, '{"status":"100% \\u003cdone\\u003e","id":"a"}'],
    // A message wins over all else.
    [{ id: 'a', message: 'm', action: 'x', current: 1, aux: 1 }, '{"status":"m","id":"a"}'],
    [{ id: 'a', action: 'Waiting' }, '{"status":"Waiting","progressDetail":{},"id":"a"}'],
    [
      { id: 'a', action: 'Waiting', message: '', phase: 'queued' as const },
      '{"status":"Waiting","progressDetail":{},"id":"a"}',
    ],
    [
      { id: 'a', action: 'x', current: 0, total: 0, hideCounts: false, units: '' },
      '{"status":"x","progressDetail":{},"id":"a"}',
    ],
    [
      { id: 'a', action: 'Downloading', current: 1, total: 2 },
      `{"status":"Downloading","progressDetail":{"current":1,"total":2},"progress":"${escapedHalf}      1B/2B","id":"a"}`,
    ],
    [
      { id: 'a', action: 'x', current: 1.9, total: 3.8 },
      `{"status":"x","progressDetail":{"current":1,"total":3},"progress":"${escapedHalf}    1.9B/3.8B","id":"a"}`,
    ],
    [
      { id: 'a', action: 'x', current: 1, total: 2, units: 'u', hideCounts: true },
      `{"status":"x","progressDetail":{"current":1,"total":2,"hidecounts":true,"units":"u"},"progress":"${escapedHalf}","id":"a"}`,
    ],
    [{ id: '', aux: { Tag: 't' } }, '{"progressDetail":{},"aux":{"Tag":"t"}}'],
    [{ id: 'a', aux: { z: 1, a: '&' } }, '{"progressDetail":{},"id":"a","aux":{"z":1,"a":"\\u0026"}}'],
    [{ id: '' }, '{"progressDetail":{}}'],
  ])('%j', (progress, expected) => {
    expect(formatJsonProgress(progress)).toBe(`${expected}\r\n`);
  });

  it('draws no bar where the terminal is narrow', () => {
    expect(formatJsonProgress({ id: 'a', action: 'x', current: 1, total: 2 }, { width: 80 })).toBe(
      '{"status":"x","progressDetail":{"current":1,"total":2},"progress":"      1B/2B","id":"a"}\r\n',
    );
  });

  it('adds an empty line after the last step, where that is wanted', () => {
    const last = { id: 'a', action: 'x', lastUpdate: true };
    const line = '{"status":"x","progressDetail":{},"id":"a"}\r\n';
    expect(formatJsonProgress(last, { newLines: true })).toBe(`${line}{}\r\n`);
    expect(formatJsonProgress(last)).toBe(line);
    expect(formatJsonProgress({ ...last, lastUpdate: false }, { newLines: true })).toBe(line);
  });

  it('writes nothing for an aux that is no JSON', () => {
    const ring: { self?: unknown } = {};
    ring.self = ring;
    for (const aux of [ring, (): void => undefined, NaN]) {
      expect(formatJsonProgress({ id: 'a', aux })).toBe('');
      expect(formatJsonAux(aux)).toBe('');
    }
  });
});

describe('toJsonMessage', () => {
  it('has the same content as the line', () => {
    expect(toJsonMessage({ id: 'a', action: 'x', current: 1, total: 2 }, { width: 80 })).toEqual({
      status: 'x',
      progressDetail: { current: 1, total: 2 },
      progress: '      1B/2B',
      id: 'a',
    });
  });
});

describe('other lines', () => {
  it.each([
    [formatJsonStatus('s', 'a'), '{"status":"s","id":"a"}'],
    [formatJsonStatus('s'), '{"status":"s"}'],
    [formatJsonStatus(''), '{}'],
    [formatJsonError(new Error('no')), '{"errorDetail":{"message":"no"},"error":"no"}'],
    [
      formatJsonError(new Error('no'), { code: 401 }),
      '{"errorDetail":{"code":401,"message":"no"},"error":"no"}',
    ],
    [formatJsonError('text'), '{"errorDetail":{"message":"text"},"error":"text"}'],
    [formatJsonError(new Error('')), '{"errorDetail":{}}'],
    [
      formatJsonError(new Error('at https://u:p@h/x?sig=1')),
      '{"errorDetail":{"message":"at https://h/x"},"error":"at https://h/x"}',
    ],
    [formatJsonAux({ ID: 'x' }), '{"aux":{"ID":"x"}}'],
    [formatJsonAux({ ID: 'x' }, 'a'), '{"id":"a","aux":{"ID":"x"}}'],
    [formatJsonAux([]), '{"aux":[]}'],
    [formatJsonStream('out\n'), '{"stream":"out\\n"}'],
    [formatJsonStream('err', { stderr: true }), '{"stream":"\\u001b[91merr\\u001b[0m"}'],
  ])('%s', (line, expected) => {
    expect(line).toBe(`${expected}\r\n`);
  });
});

describe('formatRawProgress', () => {
  it.each([
    [{ id: 'a', message: 'm' }, 'm\r\n'],
    [{ id: 'a', message: 'm', lastUpdate: true }, 'm\r\n\r\n'],
    [{ id: 'a', action: 'Waiting' }, 'Waiting \r\n'],
    [{ id: 'a', action: 'x', current: 1, total: 2 }, `x ${half}      1B/2B\r`],
    [{ id: 'a', action: 'x', current: 1, total: 2, lastUpdate: true }, `x ${half}      1B/2B\r\r\n`],
    [{ id: 'a' }, ' \r\n'],
  ])('%j', (progress, expected) => {
    expect(formatRawProgress(progress)).toBe(expected);
  });

  it('knows the width', () => {
    expect(formatRawProgress({ id: 'a', action: 'x', current: 1 }, { width: 10 })).toBe('x       1B\r');
  });
});

describe('discardProgress', () => {
  it('takes anything and does nothing', () => {
    expect(discardProgress).not.toThrow();
  });
});
