import { describe, expect, it } from 'vitest';
import { errorClassOf, httpStatusOf } from './error-class.ts';
import { ERROR_CODES, StowageError } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import { RegistryError } from './registry-error.ts';

const TABLE: Readonly<Record<ErrorCode, readonly [string, number]>> = {
  INVALID_ARGUMENT: ['invalid parameter', 400],
  INVALID_DIGEST: ['invalid parameter', 400],
  INVALID_REFERENCE: ['invalid parameter', 400],
  INVALID_MANIFEST: ['invalid parameter', 400],
  INVALID_ARCHIVE: ['invalid parameter', 400],
  NOT_FOUND: ['not found', 404],
  ALREADY_EXISTS: ['conflict', 409],
  AMBIGUOUS: ['unknown', 500],
  CONFLICT: ['conflict', 409],
  UNAUTHENTICATED: ['unauthorized', 401],
  DENIED: ['forbidden', 403],
  RATE_LIMITED: ['unknown', 500],
  UNAVAILABLE: ['unavailable', 503],
  TIMEOUT: ['deadline', 500],
  UNSUPPORTED: ['not implemented', 501],
  DIGEST_MISMATCH: ['data loss', 500],
  SIZE_MISMATCH: ['data loss', 500],
  LIMIT_EXCEEDED: ['unknown', 500],
  DATA_LOSS: ['data loss', 500],
  PLATFORM_MISMATCH: ['invalid parameter', 400],
  REGISTRY: ['unknown', 500],
  STORAGE: ['system', 500],
};

function both(error: unknown): readonly [string | undefined, number] {
  return [errorClassOf(error), httpStatusOf(error)];
}

function registryError(code: ErrorCode, ...codes: readonly string[]): RegistryError {
  const errors = codes.map((one) => ({ code: one, message: 'words' }));
  return new RegistryError(code, 'words', { method: 'GET', url: 'https://r.example', errors });
}

describe('httpStatusOf and errorClassOf', () => {
  it.each(ERROR_CODES)('%s', (code) => {
    expect(both(new StowageError(code, ''))).toEqual(TABLE[code]);
  });

  it.each([
    [new Error('any'), undefined],
    ['text', undefined],
    [null, undefined],
    [undefined, undefined],
    [{ name: 5 }, undefined],
    [{ name: 'constructor' }, undefined],
    [new DOMException('enough', 'AbortError'), 'cancelled'],
    [new DOMException('too long', 'TimeoutError'), 'deadline'],
  ])('%s is %s', (error, expected) => {
    expect(both(error)).toEqual([expected, 500]);
  });

  it('takes the first class along the causes', () => {
    const missing = new StowageError('NOT_FOUND', 'no such image');
    const wrapped = new Error('outer', { cause: new TypeError('middle', { cause: missing }) });
    expect(both(wrapped)).toEqual(['not found', 404]);
    expect(both(new StowageError('DATA_LOSS', 'outer', { cause: missing }))).toEqual(['data loss', 500]);
    expect(both(new Error('outer', { cause: 'text' }))).toEqual([undefined, 500]);
  });

  it('does not run round in circles', () => {
    const ring = new Error('ring');
    ring.cause = ring;
    expect(both(ring)).toEqual([undefined, 500]);
  });

  it('asks the list of a registry where the class says nothing', () => {
    expect(httpStatusOf(registryError('RATE_LIMITED', 'TOOMANYREQUESTS'))).toBe(429);
    expect(httpStatusOf(registryError('REGISTRY', 'NAME_INVALID', 'DENIED'))).toBe(400);
    expect(httpStatusOf(registryError('REGISTRY', 'QUOTA'))).toBe(500);
    expect(httpStatusOf(registryError('REGISTRY'))).toBe(500);
    // A pull that was denied says that the image was not found.
    expect(httpStatusOf(registryError('NOT_FOUND', 'DENIED'))).toBe(404);
    expect(httpStatusOf(new Error('push', { cause: registryError('REGISTRY', 'TAG_INVALID') }))).toBe(400);
  });

  it('has a class for codes of another version', () => {
    const foreign = Object.assign(new Error('new'), {
      code: 'NEW_CODE',
      [Symbol.for('@stowage/types:StowageError')]: true,
    });
    expect(both(foreign)).toEqual(['unknown', 500]);
  });
});
