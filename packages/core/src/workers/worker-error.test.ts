import { isStowageError, StowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { decodeError, encodeError } from './worker-error.ts';

function crossed(error: unknown): Error {
  return decodeError(structuredClone(encodeError(error)));
}

describe('errors that cross the boundary of a worker', () => {
  it('keep code, message, reason, cause and whether trying again can help', () => {
    const cause = new TypeError('bad block');
    const error = crossed(
      new StowageError('INVALID_ARCHIVE', 'invalid gzip stream', { cause, reason: 'block', retryable: true }),
    );
    expect(isStowageError(error, 'INVALID_ARCHIVE')).toBe(true);
    expect(error).toMatchObject({ message: 'invalid gzip stream', reason: 'block', retryable: true });
    expect(error.cause).toMatchObject({ name: 'TypeError', message: 'bad block' });
  });

  it('stay plain where they were plain', () => {
    const error = crossed(new RangeError('too long'));
    expect(isStowageError(error)).toBe(false);
    expect(error).toMatchObject({ name: 'RangeError', message: 'too long' });
    expect('cause' in error).toBe(false);
  });

  it('are made of anything that was thrown', () => {
    expect(crossed('a word')).toMatchObject({ name: 'Error', message: 'a word' });
    expect(crossed(undefined).message).toBe('undefined');
    expect(crossed(new Error('outer', { cause: Symbol('inner') })).cause).toMatchObject({
      message: 'Symbol(inner)',
    });
  });

  it('end where causes go in a circle', () => {
    const error = new Error('round');
    error.cause = error;
    let depth = 0;
    for (let at: unknown = crossed(error); at instanceof Error; at = at.cause) depth += 1;
    expect(depth).toBe(5);
  });
});
