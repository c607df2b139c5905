import { describe, expect, it } from 'vitest';
import {
  errorCodeOfResponse,
  FALLBACK_CODES,
  NO_RETRY_CODES,
  REGISTRY_ERROR_CODES,
  registryErrorCodeInfo,
} from './registry-error-codes.ts';
import {
  firstFullError,
  formatRegistryErrors,
  isBareRegistryError,
  parseRegistryErrors,
} from './registry-error-list.ts';

describe('REGISTRY_ERROR_CODES', () => {
  it.each([
    ['UNKNOWN', 'unknown error', 500, 'REGISTRY'],
    ['UNSUPPORTED', 'The operation is unsupported.', 405, 'UNSUPPORTED'],
    ['UNAUTHORIZED', 'authentication required', 401, 'UNAUTHENTICATED'],
    ['DENIED', 'requested access to the resource is denied', 403, 'DENIED'],
    ['UNAVAILABLE', 'service unavailable', 503, 'UNAVAILABLE'],
    ['TOOMANYREQUESTS', 'too many requests', 429, 'RATE_LIMITED'],
    ['DIGEST_INVALID', 'provided digest did not match uploaded content', 400, 'REGISTRY'],
    ['SIZE_INVALID', 'provided length did not match content length', 400, 'REGISTRY'],
    ['NAME_INVALID', 'invalid repository name', 400, 'REGISTRY'],
    ['TAG_INVALID', 'manifest tag did not match URI', 400, 'REGISTRY'],
    ['NAME_UNKNOWN', 'repository name not known to registry', 404, 'NOT_FOUND'],
    ['MANIFEST_UNKNOWN', 'manifest unknown', 404, 'NOT_FOUND'],
    ['MANIFEST_INVALID', 'manifest invalid', 400, 'REGISTRY'],
    ['MANIFEST_UNVERIFIED', 'manifest failed signature verification', 400, 'REGISTRY'],
    ['MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry', 400, 'NOT_FOUND'],
    ['BLOB_UNKNOWN', 'blob unknown to registry', 404, 'NOT_FOUND'],
    ['BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry', 404, 'NOT_FOUND'],
    ['BLOB_UPLOAD_INVALID', 'blob upload invalid', 404, 'REGISTRY'],
  ])('%s', (value, message, status, code) => {
    expect(REGISTRY_ERROR_CODES[value]).toEqual({ message, status, code });
    expect(registryErrorCodeInfo(value)).toEqual({ message, status, code });
  });

  it('has no more, and takes every other code for UNKNOWN', () => {
    expect(Object.keys(REGISTRY_ERROR_CODES)).toHaveLength(18);
    for (const other of ['QUOTA', 'toString', '__proto__', '', 'denied']) {
      expect(registryErrorCodeInfo(other)).toEqual(REGISTRY_ERROR_CODES['UNKNOWN']);
    }
  });

  it("has moby's classes of what to do next", () => {
    expect([...FALLBACK_CODES]).toEqual(['UNAUTHORIZED', 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN']);
    expect([...NO_RETRY_CODES].sort()).toEqual([
      'DENIED',
      'NAME_UNKNOWN',
      'TOOMANYREQUESTS',
      'UNAUTHORIZED',
      'UNSUPPORTED',
    ]);
  });
});

describe('errorCodeOfResponse', () => {
  it.each([
    [404, 'DENIED', 'DENIED'],
    [403, 'QUOTA', 'DENIED'],
    [404, 'NAME_INVALID', 'NOT_FOUND'],
    [400, 'NAME_INVALID', 'REGISTRY'],
    [401, undefined, 'UNAUTHENTICATED'],
    [405, undefined, 'UNSUPPORTED'],
    [408, undefined, 'TIMEOUT'],
    [418, undefined, 'REGISTRY'],
    [429, 'DENIED', 'RATE_LIMITED'],
    [400, 'TOOMANYREQUESTS', 'RATE_LIMITED'],
    [500, 'DENIED', 'UNAVAILABLE'],
    [503, undefined, 'UNAVAILABLE'],
  ])('%i with %s is %s', (status, code, expected) => {
    expect(errorCodeOfResponse(status, code === undefined ? [] : [{ code, message: '' }])).toBe(expected);
  });
});

describe('parseRegistryErrors', () => {
  it.each([
    [
      { errors: [{ code: 'DENIED', message: 'no', detail: { a: 1 } }] },
      [{ code: 'DENIED', message: 'no', detail: { a: 1 } }],
    ],
    [
      { errors: [{ code: 'QUOTA' }, {}] },
      [
        { code: 'QUOTA', message: '' },
        { code: 'UNKNOWN', message: '' },
      ],
    ],
    [{ errors: [null] }, [{ code: 'UNKNOWN', message: '' }]],
    [{ errors: [{ code: null, message: null, detail: null }] }, [{ code: 'UNKNOWN', message: '' }]],
    [{ errors: [{ code: 'DENIED', detail: 0 }] }, [{ code: 'DENIED', message: '', detail: 0 }]],
    // As in Go, what is of another kind spoils the list.
    [{ errors: [{ code: 'DENIED' }, 1] }, []],
    [{ errors: [{ code: 404 }] }, []],
    [{ errors: [{ code: 'DENIED', message: {} }] }, []],
    [{ errors: [[]] }, []],
    [{ errors: 'no' }, []],
    [{ errors: [] }, []],
    [{}, []],
    [[], []],
    [null, []],
    ['no', []],
    [undefined, []],
    // The older form is for nothing but its text.
    [{ details: '', errors: [{ code: 'DENIED' }] }, [{ code: 'DENIED', message: '' }]],
    [{ details: 5, errors: [{ code: 'DENIED' }] }, [{ code: 'DENIED', message: '' }]],
    [{ details: 'x', errors: [{ code: 'DENIED' }] }, [{ code: 'UNKNOWN', message: 'x' }]],
  ])('%j', (body, expected) => {
    expect(parseRegistryErrors(body, 404)).toEqual(expected);
  });

  it.each([
    [401, 'UNAUTHORIZED'],
    [403, 'DENIED'],
    [429, 'TOOMANYREQUESTS'],
    [400, 'UNKNOWN'],
  ])('takes the code of the older form from the status %i', (status, code) => {
    expect(parseRegistryErrors({ details: 'words' }, status)).toEqual([{ code, message: 'words' }]);
  });
});

describe('isBareRegistryError', () => {
  it.each([
    [{ code: 'MANIFEST_UNKNOWN', message: '' }, true],
    [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }, true],
    [{ code: 'MANIFEST_UNKNOWN', message: 'Manifest unknown' }, false],
    [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown', detail: {} }, false],
    [{ code: 'MANIFEST_UNKNOWN', message: '', detail: null }, true],
    [{ code: 'QUOTA', message: 'unknown error' }, true],
    [{ code: 'QUOTA', message: 'full' }, false],
  ])('%j: %s', (item, bare) => {
    expect(isBareRegistryError(item)).toBe(bare);
    expect(firstFullError([item, { code: 'DENIED', message: 'no' }])).toBe(bare ? undefined : item);
  });

  it('finds nothing to decide by in an empty list', () => {
    expect(firstFullError([])).toBeUndefined();
  });
});

describe('formatRegistryErrors', () => {
  const bare = { code: 'BLOB_UPLOAD_UNKNOWN', message: '' };
  const full = { code: 'DENIED', message: 'not you' };

  it.each([
    [[], '<nil>'],
    [[bare], 'blob upload unknown'],
    [[full], 'denied: not you'],
    [
      [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown', detail: 1 }],
      'manifest unknown: manifest unknown',
    ],
    [[{ code: 'DENIED', message: '', detail: 1 }], 'denied: '],
    [[{ code: 'QUOTA', message: 'full' }], 'unknown: full'],
    [[{ code: 'QUOTA', message: '' }], 'unknown'],
    [[bare, full], 'errors:\nblob upload unknown\ndenied: not you\n'],
    [[{ code: 'DENIED', message: '\u001b[2Jgone\u0007\n\t' }], 'denied: \uFFFD[2Jgone\uFFFD\n\t'],
    [[{ code: 'DENIED', message: 'see https://a:b@h/x?sig=1' }], 'denied: see https://h/x'],
  ])('%j', (errors, expected) => {
    expect(formatRegistryErrors(errors)).toBe(expected);
  });
});
