import { describe, expect, it } from 'vitest';
import { lookupHost } from './node-lookup.ts';
import { rejection } from '../test-support/fixtures.ts';

describe('lookupHost', () => {
  it('answers addresses', async () => {
    expect(await lookupHost('127.0.0.1')).toEqual(['127.0.0.1']);
    const local = await lookupHost('localhost');
    expect(local.some((address) => address === '127.0.0.1' || address === '::1')).toBe(true);
  });

  it('rejects with the reason of an aborted signal', async () => {
    const reason = new Error('enough');
    expect(await rejection(lookupHost('localhost', { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});
