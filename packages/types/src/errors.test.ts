import { describe, expect, it } from 'vitest';
import { ERROR_CODES, httpStatusOf, isStowageError, StowageError } from './errors.ts';
import { isRegistryError, redactUrl, RegistryError } from './registry-error.ts';

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

  it('maps to the status that moby answers with', () => {
    const table = Object.fromEntries(
      ERROR_CODES.map((code) => [code, httpStatusOf(new StowageError(code, ''))]),
    );
    expect(table).toMatchObject({
      NOT_FOUND: 404,
      INVALID_REFERENCE: 400,
      CONFLICT: 409,
      UNAUTHENTICATED: 401,
      UNAVAILABLE: 503,
      DENIED: 403,
      UNSUPPORTED: 501,
      DATA_LOSS: 500,
      STORAGE: 500,
    });
    expect(httpStatusOf(new Error('any'))).toBe(500);
  });
});

describe('RegistryError', () => {
  const error = new RegistryError('NOT_FOUND', 'manifest unknown', {
    method: 'GET',
    url: 'https://alice:s3cret@r.example:5000/v2/a/manifests/x?token=abc#frag',
    status: 404,
    errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }],
  });

  it('tells the request without its secrets', () => {
    expect(error.url).toBe('https://r.example:5000/v2/a/manifests/x');
    expect(JSON.stringify(Object.values(error))).not.toMatch(/s3cret|abc/);
    expect(redactUrl('not a url, secret')).toBe('(unparsable URL)');
  });

  it('is a StowageError and is recognised as what it is', () => {
    expect(isStowageError(error, 'NOT_FOUND')).toBe(true);
    expect(isRegistryError(error)).toBe(true);
    expect(isRegistryError(new StowageError('NOT_FOUND', 'x'))).toBe(false);
    expect(new RegistryError('UNAVAILABLE', 'x', { method: 'GET', url: 'https://r' }).errors).toEqual([]);
  });
});
