import type { ErrorCode } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { responseError } from './response-error.ts';
import { rejection } from '../test-support/fixtures.ts';
import type { Answer } from './answer.ts';

function answerOf(status: number, body: BodyInit | null, init: ResponseInit = {}): Answer {
  const url = 'https://registry.example/v2/a/manifests/b?secret=1';
  return { method: 'GET', url, crossed: false, response: new Response(body, { status, ...init }) };
}

function errors(...list: unknown[]): string {
  return JSON.stringify({ errors: list });
}

describe('responseError', () => {
  it.each<[number, string, ErrorCode, boolean, string]>([
    [
      404,
      errors({ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown', detail: { Tag: 'b' } }),
      'NOT_FOUND',
      false,
      'manifest unknown: manifest unknown',
    ],
    [404, errors({ code: 'MANIFEST_UNKNOWN' }), 'NOT_FOUND', false, 'manifest unknown'],
    [
      404,
      errors({ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }),
      'NOT_FOUND',
      false,
      'manifest unknown',
    ],
    [
      404,
      errors({ code: 'NAME_UNKNOWN', message: 'no such name' }),
      'NOT_FOUND',
      false,
      'name unknown: no such name',
    ],
    [400, errors({ code: 'MANIFEST_BLOB_UNKNOWN' }), 'NOT_FOUND', false, 'manifest blob unknown'],
    [401, errors({ code: 'UNAUTHORIZED', message: 'no' }), 'UNAUTHENTICATED', false, 'unauthorized: no'],
    [403, errors({ code: 'DENIED', message: 'no' }), 'DENIED', false, 'denied: no'],
    [404, errors({ code: 'DENIED', message: 'no' }), 'DENIED', false, 'denied: no'],
    [405, errors({ code: 'UNSUPPORTED' }), 'UNSUPPORTED', false, 'unsupported'],
    [
      429,
      errors({ code: 'TOOMANYREQUESTS', message: 'slow' }),
      'RATE_LIMITED',
      true,
      'toomanyrequests: slow',
    ],
    [429, errors({ code: 'DENIED', message: 'slow' }), 'RATE_LIMITED', true, 'denied: slow'],
    [400, errors({ code: 'NAME_INVALID', message: 'bad' }), 'REGISTRY', false, 'name invalid: bad'],
    [404, errors({ code: 'QUOTA', message: 'full' }), 'NOT_FOUND', false, 'unknown: full'],
    [400, errors({ code: 'toString', message: 'x' }), 'REGISTRY', false, 'unknown: x'],
    [400, errors({ message: 'x' }), 'REGISTRY', false, 'unknown: x'],
    [
      404,
      errors({ code: 'NAME_UNKNOWN' }, { code: 'DENIED', message: 'no' }),
      'NOT_FOUND',
      false,
      'errors:\nname unknown\ndenied: no\n',
    ],
    [
      401,
      '{"details":"incorrect username or password"}',
      'UNAUTHENTICATED',
      false,
      'unauthorized: incorrect username or password',
    ],
    [403, '{"details":"no"}', 'DENIED', false, 'denied: no'],
    [429, '{"details":"slow"}', 'RATE_LIMITED', true, 'toomanyrequests: slow'],
    [418, '{"details":"tea"}', 'REGISTRY', false, 'unknown: tea'],
    [401, '<html>', 'UNAUTHENTICATED', false, 'unauthorized: authentication required'],
    [401, '', 'UNAUTHENTICATED', false, 'unauthorized: authentication required'],
    [404, '', 'NOT_FOUND', false, 'error parsing HTTP 404 response body: unexpected end of JSON input: ""'],
    [
      404,
      '<p>"x"</p>',
      'NOT_FOUND',
      false,
      'error parsing HTTP 404 response body: no JSON: "<p>\\"x\\"</p>"',
    ],
    [
      400,
      '{"errors":[]}',
      'REGISTRY',
      false,
      'error parsing HTTP 400 response body: no error details found in HTTP response body: "{\\"errors\\":[]}"',
    ],
    [
      400,
      '[]',
      'REGISTRY',
      false,
      'error parsing HTTP 400 response body: no error details found in HTTP response body: "[]"',
    ],
    [
      400,
      '{"errors":[1,null,"x"]}',
      'REGISTRY',
      false,
      'error parsing HTTP 400 response body: no error details found in HTTP response body: "{\\"errors\\":[1,null,\\"x\\"]}"',
    ],
    [408, '', 'TIMEOUT', true, 'error parsing HTTP 408 response body: unexpected end of JSON input: ""'],
    [500, '', 'UNAVAILABLE', true, 'received unexpected HTTP status: 500 Internal Server Error'],
    [
      503,
      errors({ code: 'DENIED' }),
      'UNAVAILABLE',
      true,
      'received unexpected HTTP status: 503 Service Unavailable',
    ],
    [599, '', 'UNAVAILABLE', true, 'received unexpected HTTP status: 599'],
    [302, '', 'REGISTRY', false, 'received unexpected HTTP status: 302'],
  ])('%i %s', async (status, body, code, retryable, message) => {
    const error = await responseError(answerOf(status, body));
    expect([error.code, error.retryable, error.message]).toEqual([code, retryable, message]);
    expect([error.status, error.method, error.url]).toEqual([
      status,
      'GET',
      'https://registry.example/v2/a/manifests/b',
    ]);
  });

  it('keeps the list as it came', async () => {
    const list = [
      { code: 'QUOTA', message: 'full', detail: { bytes: 1 } },
      { code: 'UNKNOWN', message: '' },
    ];
    const error = await responseError(answerOf(400, errors(...list), {}), { reason: 'because' });
    expect([error.errors, error.reason]).toEqual([list, 'because']);
  });

  it('takes the status line in the words of the server', async () => {
    const error = await responseError(answerOf(502, '', { statusText: 'Upstream Gone' }));
    expect(error.message).toBe('received unexpected HTTP status: 502 Upstream Gone');
  });

  it('puts what a bearer challenge says first', async () => {
    const challenge = (error: string): ResponseInit => ({
      headers: { 'www-authenticate': `Bearer realm="https://a", error="${error}"` },
    });
    const expired = await responseError(
      answerOf(401, errors({ code: 'DENIED' }), challenge('invalid_token')),
    );
    expect([expired.code, expired.errors.map(({ code }) => code)]).toEqual([
      'UNAUTHENTICATED',
      ['UNAUTHORIZED', 'DENIED'],
    ]);
    const narrow = await responseError(answerOf(401, '', challenge('insufficient_scope')));
    expect([narrow.code, narrow.message]).toEqual(['DENIED', 'denied']);
    const described = {
      headers: { 'www-authenticate': 'Bearer error="invalid_token",error_description="too old"' },
    };
    expect((await responseError(answerOf(401, '', described))).message).toBe('unauthorized: too old');
  });

  it('tells a page that a challenge may be hidden from it', async () => {
    const hint = 'Access-Control-Expose-Headers: WWW-Authenticate';
    for (const [type, header, hinted] of [
      ['cors', undefined, true],
      ['cors', 'Basic realm="r"', false],
      ['basic', undefined, false],
    ] as const) {
      const answer = answerOf(
        401,
        '',
        header === undefined ? {} : { headers: { 'www-authenticate': header } },
      );
      Object.defineProperty(answer.response, 'type', { value: type });
      expect((await responseError(answer)).message.includes(hint)).toBe(hinted);
    }
  });

  it('lets no control characters through to a terminal', async () => {
    const error = await responseError(
      answerOf(403, errors({ code: 'DENIED', message: '\u001b[2Jgone\u0007\n' })),
    );
    expect(error.message).toBe('denied: \uFFFD[2Jgone\uFFFD\n');
  });

  it('reads 64 KiB of a body and no more', async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller): void {
        pulled += 1;
        controller.enqueue(new Uint8Array(16 * 1024).fill(0x20));
      },
    });
    const error = await responseError(answerOf(404, endless));
    expect(error.code).toBe('NOT_FOUND');
    expect(pulled).toBeLessThan(8);
  });

  it('makes do without a body that breaks off, but not when aborted', async () => {
    const broken = (): ReadableStream<Uint8Array<ArrayBuffer>> =>
      new ReadableStream({
        pull(controller): void {
          controller.error(new Error('reset'));
        },
      });
    expect((await responseError(answerOf(404, broken()))).code).toBe('NOT_FOUND');
    const signal = AbortSignal.abort('enough');
    expect(await rejection(responseError(answerOf(404, broken()), { signal }))).toBe('enough');
  });
});
