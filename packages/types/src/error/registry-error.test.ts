import { describe, expect, it } from 'vitest';
import { isStowageError, StowageError } from './errors.ts';
import { isRegistryError, RegistryError } from './registry-error.ts';

describe('RegistryError', () => {
  const detail = { Tag: 'x' };
  const error = new RegistryError('NOT_FOUND', 'GET https://bob:hunter2@r.example/x?sig=def: unknown', {
    method: 'GET',
    url: 'https://alice:s3cret@r.example:5000/v2/a/manifests/x?token=abc#frag',
    status: 404,
    errors: [{ code: 'MANIFEST_UNKNOWN', message: 'not at https://r.example/x?sig=ghi', detail }],
  });

  it('tells the request without its secrets', () => {
    expect(error.url).toBe('https://r.example:5000/v2/a/manifests/x');
    expect(error.message).toBe('GET https://r.example/x: unknown');
    expect(error.errors).toEqual([
      { code: 'MANIFEST_UNKNOWN', message: 'not at https://r.example/x', detail },
    ]);
    expect(JSON.stringify([error.message, error.stack, Object.values(error) as unknown[]])).not.toMatch(
      /s3cret|hunter2|abc|def|ghi/,
    );
  });

  it('is a StowageError and is recognised as what it is', () => {
    expect(isStowageError(error, 'NOT_FOUND')).toBe(true);
    expect([error.name, error.method, error.status]).toEqual(['RegistryError', 'GET', 404]);
    expect(isRegistryError(error)).toBe(true);
    expect(isRegistryError(new StowageError('NOT_FOUND', 'x'))).toBe(false);
    expect(isRegistryError({ name: 'RegistryError', method: 'GET', errors: [] })).toBe(false);
  });

  it('makes do without an answer', () => {
    const silent = new RegistryError('UNAVAILABLE', 'x', {
      method: 'GET',
      url: 'https://r',
      retryable: true,
    });
    expect([silent.errors, silent.status, silent.retryable]).toEqual([[], undefined, true]);
  });
});
