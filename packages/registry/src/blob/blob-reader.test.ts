import { isStowageError } from '@stowage/types';
import type { ErrorCode, OpenBlobOptions } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { content, NO_DIGEST, REGISTRY, rejection, scripted, textOf } from '../test-support/fixtures.ts';
import type { Reply } from '../test-support/scripted-fetch.ts';

const TEXT = 'abcdefghij';
const { bytes: BYTES, digest: DIGEST } = await content(TEXT);
const BLOB = `${REGISTRY}/v2/team/app/blobs/${DIGEST}`;

/** A body in pieces of three bytes, its length announced. */
function blob(
  text: string,
  headers: Record<string, string> = { 'content-length': String(text.length) },
): Reply {
  const pieces = text.match(/.{1,3}/g) ?? [];
  const body = new ReadableStream<Uint8Array>({
    pull(controller): void {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(piece));
    },
  });
  return { body, headers };
}

function range(text: string, contentRange: string): Reply {
  return { ...blob(text, { 'content-range': contentRange }), status: 206 };
}

async function open(reply: Reply, options: OpenBlobOptions = {}, digest = DIGEST): Promise<string> {
  // What follows an answer that cannot be used is refused.
  const { repository } = scripted({
    [`GET ${REGISTRY}/v2/team/app/blobs/${digest}`]: [reply, { status: 418 }],
  });
  return await textOf(await repository.blobs.open(digest, options));
}

/** Code and message of what opening or reading fails with. */
async function failure(
  reply: Reply,
  options: OpenBlobOptions = {},
): Promise<[ErrorCode | undefined, string, boolean]> {
  const error = await rejection(open(reply, options));
  return isStowageError(error)
    ? [error.code, error.message, error.retryable]
    : [undefined, String(error), false];
}

describe('blobs.open', () => {
  it('streams a whole blob and verifies it', async () => {
    expect(await open(blob(TEXT))).toBe(TEXT);
    expect(await open(blob(TEXT), { size: 10 })).toBe(TEXT);
    expect(await open(blob(TEXT, {}), { size: 10 })).toBe(TEXT);
    expect(await open(blob(TEXT, {}))).toBe(TEXT);
    expect(await open({ body: '' }, { size: 0 }, (await content('')).digest)).toBe('');
  });

  it.each<[Reply, OpenBlobOptions]>([
    [blob('abcdefghiX'), {}],
    [blob('abcdefghiX'), { size: 10 }],
    [blob('abcdefghiX', {}), {}],
    [blob('abcdefghiX', {}), { size: 10, length: 10 }],
  ])('fails at the end of other bytes: %#', async (reply, options) => {
    expect((await failure(reply, options))[0]).toBe('DIGEST_MISMATCH');
  });

  it('leaves verification to a caller who does it', async () => {
    expect(await open(blob('abcdefghiX'), { verify: false })).toBe('abcdefghiX');
  });

  it('asks for what follows an offset, and takes a range', async () => {
    const { repository, network } = scripted({ [`GET ${BLOB}`]: range('efghij', 'bytes 4-9/10') });
    expect(await textOf(await repository.blobs.open(DIGEST, { offset: 4 }))).toBe('efghij');
    expect(network.sent.at(-1)?.headers['range']).toBe('bytes=4-');
    expect(await open(range('efghij', 'bytes 4-9/*'), { offset: 4, size: 10 })).toBe('efghij');
  });

  it('asks for a part', async () => {
    const { repository, network } = scripted({ [`GET ${BLOB}`]: range('efg', 'bytes 4-6/10') });
    expect(await textOf(await repository.blobs.open(DIGEST, { offset: 4, length: 3 }))).toBe('efg');
    expect(network.sent.at(-1)?.headers['range']).toBe('bytes=4-6');
    expect(await open(range('ij', 'bytes 8-9/10'), { offset: 8, length: 5 })).toBe('ij');
  });

  it.each([
    [{ offset: 4 }, 'efghij'],
    [{ offset: 4, length: 3 }, 'efg'],
    [{ offset: 3 }, 'defghij'],
    [{ offset: 0, length: 2 }, 'ab'],
    [{ offset: 8, length: 5 }, 'ij'],
    [{ offset: 10 }, ''],
  ])('skips what was not asked for when the registry sends the whole: %j', async (options, text) => {
    expect(await open(blob(TEXT), options)).toBe(text);
    expect(await open(blob(TEXT, {}), options)).toBe(text);
  });

  it('lets go of the rest of the whole', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller): void {
        controller.enqueue(BYTES);
      },
      cancel(): void {
        cancelled = true;
      },
    });
    expect(await open({ body }, { offset: 8, length: 5 })).toBe('ijabc');
    expect(cancelled).toBe(true);
  });

  it('is empty at the end', async () => {
    const beyond = { status: 416, headers: { 'content-range': 'bytes */10' } };
    expect(await open(beyond, { offset: 10 })).toBe('');
    const { repository, network } = scripted({});
    expect(await textOf(await repository.blobs.open(DIGEST, { offset: 10, size: 10 }))).toBe('');
    expect(await textOf(await repository.blobs.open(DIGEST, { length: 0 }))).toBe('');
    expect(network.log).toEqual([]);
  });

  it.each<[string, Reply, OpenBlobOptions, ErrorCode, string]>([
    [
      'a range beyond the end',
      { status: 416, headers: { 'content-range': 'bytes */10' } },
      { offset: 11 },
      'REGISTRY',
      'error parsing HTTP 416',
    ],
    ['a refused range without a size', { status: 416 }, { offset: 4 }, 'REGISTRY', 'error parsing HTTP 416'],
    [
      'a range nobody asked for',
      range(TEXT, 'bytes 0-9/10'),
      {},
      'REGISTRY',
      'received unexpected HTTP status: 206',
    ],
    [
      'no Content-Range',
      { ...blob('efghij'), status: 206 },
      { offset: 4 },
      'REGISTRY',
      'no Content-Range header found in HTTP 206 response',
    ],
    [
      'nonsense',
      range('e', 'bytes 4-x/10'),
      { offset: 4 },
      'REGISTRY',
      'could not parse Content-Range header: bytes 4-x/10',
    ],
    [
      'no range in it',
      range('e', 'bytes */10'),
      { offset: 4 },
      'REGISTRY',
      'could not parse Content-Range header: bytes */10',
    ],
    [
      'numbers too large',
      range('e', 'bytes 4-9223372036854775807/*'),
      { offset: 4 },
      'REGISTRY',
      'could not parse Content-Range header',
    ],
    [
      'another start',
      range('defghij', 'bytes 3-9/10'),
      { offset: 4 },
      'REGISTRY',
      'received Content-Range starting at offset 3 instead of requested 4',
    ],
    [
      'an early end',
      range('efg', 'bytes 4-6/10'),
      { offset: 4 },
      'REGISTRY',
      'range in Content-Range stops before the end of the content: bytes 4-6/10',
    ],
    [
      'another size',
      range('efgh', 'bytes 4-7/8'),
      { offset: 4, size: 10 },
      'SIZE_MISMATCH',
      'registry sends 8 bytes, expected 10',
    ],
    [
      'more bytes than the range',
      range('efghijk', 'bytes 4-9/10'),
      { offset: 4 },
      'SIZE_MISMATCH',
      'registry sent more than 6 bytes',
    ],
    [
      'another length than known',
      blob(TEXT),
      { size: 11 },
      'SIZE_MISMATCH',
      'registry sends 10 bytes, expected 11',
    ],
    [
      'fewer bytes than known',
      blob('abc', {}),
      { size: 10 },
      'SIZE_MISMATCH',
      'registry sent fewer than 10 bytes',
    ],
    [
      'more bytes than known',
      blob(TEXT, {}),
      { size: 9 },
      'SIZE_MISMATCH',
      'registry sent more than 9 bytes',
    ],
    [
      'no blob',
      { status: 404, json: { errors: [{ code: 'BLOB_UNKNOWN', message: 'gone' }] } },
      {},
      'NOT_FOUND',
      'blob unknown: gone',
    ],
  ])('fails on %s', async (_name, reply, options, code, message) => {
    const [gotCode, gotMessage, retryable] = await failure(reply, options);
    expect([gotCode, retryable]).toEqual([code, false]);
    expect(gotMessage).toContain(message);
  });

  it('goes by the number of bytes where a page may not see Content-Range', async () => {
    const hidden = (text: string): Reply => ({ ...blob(text), status: 206, type: 'cors' });
    expect(await open(hidden('efghij'), { offset: 4, size: 10 })).toBe('efghij');
    expect((await failure(hidden('efghi'), { offset: 4, size: 10 }))[0]).toBe('REGISTRY');
    expect((await failure(hidden('efghij'), { offset: 4 }))[0]).toBe('REGISTRY');
  });

  it('does not count by a length that is of coded bytes', async () => {
    expect(await open(blob(TEXT, { 'content-length': '5', 'content-encoding': 'gzip' }))).toBe(TEXT);
  });

  it.each([
    { offset: -1 },
    { offset: 0.5 },
    { length: -1 },
    { size: NaN },
    { offset: 2 ** 53 },
    { offset: 11, size: 10 },
  ])('sends nothing for %j', async (options) => {
    const { repository, network } = scripted({});
    expect(isStowageError(await rejection(repository.blobs.open(DIGEST, options)), 'INVALID_ARGUMENT')).toBe(
      true,
    );
    expect(network.log).toEqual([]);
  });

  it('reads no faster than it is read', async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller): void {
          pulled += 1;
          controller.enqueue(new Uint8Array(1024));
        },
      },
      { highWaterMark: 0 },
    );
    const { repository } = scripted({ [`GET ${BLOB}`]: { body } });
    const reader = (await repository.blobs.open(DIGEST, { verify: false })).getReader();
    await new Promise((resolve) => setTimeout(resolve));
    expect(pulled).toBe(0);
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve));
    expect(pulled).toBe(1);
    await reader.cancel();
  });

  it.each([true, false])('cancels the request when cancelled (verified: %s)', async (verify) => {
    let tell: (reason: unknown) => void;
    const cancelled = new Promise<unknown>((resolve) => {
      tell = resolve;
    });
    const body = new ReadableStream<Uint8Array>({
      pull(controller): void {
        controller.enqueue(BYTES);
      },
      cancel(reason): void {
        tell(reason);
      },
    });
    const { repository } = scripted({ [`GET ${BLOB}`]: { body } });
    const reader = (await repository.blobs.open(DIGEST, { verify })).getReader();
    await reader.read();
    await reader.cancel('enough');
    expect(await cancelled).toBe('enough');
  });

  it.each([true, false])(
    'fails with the reason of the signal when aborted (verified: %s)',
    async (verify) => {
      let cancelled: unknown;
      const body = new ReadableStream<Uint8Array>({
        start(controller): void {
          controller.enqueue(BYTES);
        },
        cancel(given): void {
          cancelled = given;
        },
      });
      const { repository } = scripted({ [`GET ${BLOB}`]: { body } });
      const controller = new AbortController();
      const { signal } = controller;
      const reader = (await repository.blobs.open(DIGEST, { verify, signal })).getReader();
      await reader.read();
      const next = rejection(reader.read());
      const reason = new Error('enough');
      controller.abort(reason);
      expect(await next).toBe(reason);
      expect(cancelled).toBe(reason);
      expect(await rejection(repository.blobs.open(DIGEST, { signal }))).toBe(reason);
    },
  );
});

describe('blobs.stat', () => {
  it('asks by HEAD', async () => {
    const { repository } = scripted({ [`HEAD ${BLOB}`]: { headers: { 'content-length': '10' } } });
    expect(await repository.blobs.stat(DIGEST)).toEqual({
      mediaType: 'application/octet-stream',
      digest: DIGEST,
      size: 10,
    });
  });

  it.each<[string, Reply, Reply, number]>([
    ['no length', {}, range('a', 'bytes 0-0/10'), 10],
    ['no length, ranges ignored', {}, blob(TEXT), 10],
    ['403 of an object store', { status: 403 }, range('a', 'bytes 0-0/10'), 10],
    ['no length of nothing', {}, { status: 416, headers: { 'content-range': 'bytes */0' } }, 0],
    ['a length that cannot be', { headers: { 'content-length': '1e9' } }, range('a', 'bytes 0-0/10'), 10],
  ])('asks for the first byte after %s', async (_name, head, get, size) => {
    const { repository, network } = scripted({ [`HEAD ${BLOB}`]: head, [`GET ${BLOB}`]: get });
    expect((await repository.blobs.stat(DIGEST)).size).toBe(size);
    expect(network.sent.at(-1)?.headers['range']).toBe('bytes=0-0');
  });

  it.each<[Reply, ErrorCode]>([
    [{ status: 404, json: { errors: [{ code: 'BLOB_UNKNOWN' }] } }, 'NOT_FOUND'],
    [{ status: 416 }, 'REGISTRY'],
    [{}, 'REGISTRY'],
    [range('a', 'bytes 0-0/*'), 'REGISTRY'],
  ])('fails where that does not tell either: %#', async (get, code) => {
    const { repository } = scripted({ [`HEAD ${BLOB}`]: { status: 403 }, [`GET ${BLOB}`]: get });
    expect(isStowageError(await rejection(repository.blobs.stat(DIGEST)), code)).toBe(true);
  });

  it('takes 404 at its word', async () => {
    const { repository, network } = scripted({ [`HEAD ${BLOB}`]: { status: 404 } });
    const error = await rejection(repository.blobs.stat(DIGEST));
    expect(error).toMatchObject({ code: 'NOT_FOUND', status: 404, errors: [{ code: 'BLOB_UNKNOWN' }] });
    expect(network.log).toEqual([`HEAD ${BLOB}`]);
  });

  it('does not take 404 of an object store at its word', async () => {
    const elsewhere = 'https://storage.example/blob?signature=for-get';
    const { repository } = scripted({
      [`HEAD ${BLOB}`]: { status: 307, headers: { location: elsewhere } },
      [`HEAD ${elsewhere}`]: { status: 404 },
      [`GET ${BLOB}`]: range('a', 'bytes 0-0/10'),
    });
    expect((await repository.blobs.stat(DIGEST)).size).toBe(10);
  });

  it.each([401, 403])('has the words of a refusal told (%d)', async (status) => {
    const refusal = { status, json: { errors: [{ code: 'DENIED', message: 'not for you' }] } };
    const { repository } = scripted({ [`HEAD ${BLOB}`]: { status }, [`GET ${BLOB}`]: refusal });
    const error = await rejection(repository.blobs.stat(DIGEST));
    expect(error).toMatchObject({ code: 'DENIED', status, message: 'denied: not for you' });
  });

  it('does not press on when the registry wants fewer requests', async () => {
    const { repository, network } = scripted({ [`HEAD ${BLOB}`]: { status: 429 } });
    expect(isStowageError(await rejection(repository.blobs.stat(DIGEST)), 'RATE_LIMITED')).toBe(true);
    expect(network.log.length).toBe(3);
  });
});

describe('digests', () => {
  it.each([
    '',
    'sha256',
    'sha256:../../x',
    'sha256:ABC',
    'md5:abc',
    NO_DIGEST.toUpperCase(),
    `${NO_DIGEST}0`,
  ])('send nothing when malformed: %j', async (digest) => {
    const { repository, network } = scripted({});
    for (const call of [
      () => repository.blobs.open(digest as typeof DIGEST),
      () => repository.blobs.stat(digest as typeof DIGEST),
    ]) {
      expect(isStowageError(await rejection(call()), 'INVALID_DIGEST')).toBe(true);
    }
    expect(network.log).toEqual([]);
  });
});
