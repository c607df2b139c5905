import { describe, expect, it } from 'vitest';
import { isStowageError, StowageError } from './errors.ts';

describe('StowageError', () => {
  it('keeps code, message, cause, reason and whether trying again can help', () => {
    const cause = new Error('socket closed');
    const error = new StowageError('UNAVAILABLE', 'no answer', {
      cause,
      retryable: true,
      reason: 'ECONNRESET',
    });
    expect(error).toMatchObject({ name: 'StowageError', code: 'UNAVAILABLE', message: 'no answer', cause });
    expect([error.retryable, error.reason]).toEqual([true, 'ECONNRESET']);
    expect(new StowageError('NOT_FOUND', 'x').retryable).toBe(false);
    expect('cause' in new StowageError('NOT_FOUND', 'x')).toBe(false);
  });

  it('has no secret of a URL in its message', () => {
    const error = new StowageError('UNAVAILABLE', 'Get "https://me:hunter2@r.example/v2/?sig=1": refused');
    expect(error.message).toBe('Get "https://r.example/v2/": refused');
    expect(error.stack).not.toContain('hunter2');
  });

  it('is recognised by its brand and code, not by its class', () => {
    const foreign = Object.assign(new Error('from another copy'), {
      code: 'NOT_FOUND',
      [Symbol.for('@stowage/types:StowageError')]: true,
    });
    expect(isStowageError(foreign)).toBe(true);
    expect(isStowageError(foreign, 'NOT_FOUND')).toBe(true);
    expect(isStowageError(foreign, 'CONFLICT')).toBe(false);
    for (const other of [undefined, null, 'NOT_FOUND', { code: 'NOT_FOUND' }, new Error('NOT_FOUND')]) {
      expect(isStowageError(other)).toBe(false);
    }
  });
});
