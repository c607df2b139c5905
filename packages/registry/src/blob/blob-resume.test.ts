import { isStowageError } from '@stowage/types';
import type { OpenBlobOptions } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { sendsEveryHeader } from '#platform';
import { content, REGISTRY, rejection, scripted, textOf } from '../test-support/fixtures.ts';
import type { Reply, ScriptedFetch, TestClock } from '../test-support/scripted-fetch.ts';

const TEXT = 'abcdefghij';
const { digest: DIGEST } = await content(TEXT);
const BLOB = `${REGISTRY}/v2/team/app/blobs/${DIGEST}`;
const ETAG = '"one"';

/** A body that breaks after its text. */
function broken(text: string, cause: Error = reset()): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller): void {
        if (sent || text === '') controller.error(cause);
        else controller.enqueue(new TextEncoder().encode(text));
        sent = true;
      },
    },
    { highWaterMark: 0 },
  );
}

function reset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

function cut(text: string, headers: Record<string, string> = { 'content-length': '10' }): Reply {
  return { body: broken(text), headers };
}

function range(first: number, text: string, size: number | '*' = 10, headers = {}): Reply {
  const contentRange = `bytes ${String(first)}-${String(first + text.length - 1)}/${String(size)}`;
  return { status: 206, body: text, headers: { 'content-range': contentRange, ...headers } };
}

interface Run {
  readonly outcome: unknown;
  /** The `Range` headers of the requests, in order. */
  readonly ranges: readonly (string | undefined)[];
  readonly network: ScriptedFetch;
  readonly clock: TestClock;
}

/** Reads the blob from these answers, in order. */
async function read(replies: readonly Reply[], options: OpenBlobOptions = {}): Promise<Run> {
  const { repository, network, clock } = scripted({ [`GET ${BLOB}`]: replies });
  const text = repository.blobs.open(DIGEST, options).then(textOf);
  const outcome = await text.catch((error: unknown) => error);
  return { outcome, ranges: network.sent.map(({ headers }) => headers['range']), network, clock };
}

describe('a blob whose connection breaks', () => {
  it('goes on with what is missing, after a while', async () => {
    const { outcome, ranges, clock } = await read([cut('abcd'), range(4, 'efghij')]);
    expect([outcome, ranges, clock.slept]).toEqual([TEXT, [undefined, 'bytes=4-'], [500]]);
  });

  it('goes on again and again, waiting longer each time', async () => {
    const replies = [
      cut('ab'),
      { ...range(2, 'cdefghij'), body: broken('cd') },
      { ...range(4, 'efghij'), body: broken('') },
      range(4, 'efghij'),
    ];
    const { outcome, ranges, clock } = await read(replies);
    expect([outcome, ranges]).toEqual([TEXT, [undefined, 'bytes=2-', 'bytes=4-', 'bytes=4-']]);
    expect(clock.slept).toEqual([500, 1_000, 2_000]);
  });

  it('starts anew when nothing had come', async () => {
    const { outcome, ranges } = await read([cut(''), { body: TEXT }]);
    expect([outcome, ranges]).toEqual([TEXT, [undefined, undefined]]);
  });

  it.each<[string, readonly Reply[]]>([
    ['the whole comes instead', [{ body: TEXT }]],
    ['the whole comes instead, and breaks in what is had already', [cut('ab'), range(4, 'efghij')]],
    ['another range comes', [range(3, 'defghij'), { body: TEXT }]],
    ['a range comes that ends early', [range(4, 'efg'), { body: TEXT }]],
    ['a range comes that does not say which', [{ status: 206, body: 'efghij' }, { body: TEXT }]],
    [
      'several ranges come',
      [
        { status: 206, body: '--x', headers: { 'content-type': 'multipart/byteranges; boundary=x' } },
        { body: TEXT },
      ],
    ],
    [
      'a range comes of coded bytes',
      [range(4, 'efghij', 10, { 'content-encoding': 'gzip' }), { body: TEXT }],
    ],
    ['ranges are refused', [{ status: 416 }, { body: TEXT }]],
    ['ranges confuse a proxy', [{ status: 400, body: '<html>' }, { body: TEXT }]],
    ['the registry is busy', [{ status: 503 }, { status: 429 }, range(4, 'efghij')]],
  ])('has every byte once where %s', async (_name, replies) => {
    const { outcome } = await read([cut('abcd'), ...replies]);
    expect(outcome).toBe(TEXT);
  });

  it('ends where the registry says that nothing is missing', async () => {
    const beyond = { status: 416, headers: { 'content-range': 'bytes */10' } };
    const { outcome, ranges } = await read([cut(TEXT, {}), beyond]);
    expect([outcome, ranges]).toEqual([TEXT, [undefined, 'bytes=10-']]);
  });

  it('does not ask for nothing', async () => {
    const { outcome, ranges } = await read([cut(TEXT, {})], { size: 10 });
    expect([outcome, ranges]).toEqual([TEXT, [undefined]]);
    const part = { ...range(2, 'cde'), body: broken('cde') };
    expect((await read([part], { offset: 2, length: 3 })).outcome).toBe('cde');
  });

  it('asks for the rest of a part', async () => {
    const part = { ...range(2, 'cdefgh'), body: broken('cd') };
    const { outcome, ranges } = await read([part, range(4, 'efgh')], { offset: 2, length: 6 });
    expect([outcome, ranges]).toEqual(['cdefgh', ['bytes=2-7', 'bytes=4-7']]);
  });

  it('is of another size meanwhile', async () => {
    const { outcome } = await read([cut('abcd'), range(4, 'efghijk', 11)]);
    expect(isStowageError(outcome, 'SIZE_MISMATCH')).toBe(true);
  });

  it('has other bytes meanwhile', async () => {
    const { outcome } = await read([cut('abcd'), range(4, 'efghiX')]);
    expect(isStowageError(outcome, 'DIGEST_MISMATCH')).toBe(true);
  });

  it('is gone meanwhile', async () => {
    const { outcome, network } = await read([cut('abcd'), { status: 404 }]);
    expect(isStowageError(outcome, 'NOT_FOUND')).toBe(true);
    expect(network.log.length).toBe(2);
  });

  it.each([
    ['a strong entity tag', ETAG, sendsEveryHeader ? ETAG : undefined],
    ['a weak one', 'W/"one"', undefined],
    ['none', undefined, undefined],
    ['nonsense', '"one', undefined],
  ])('asks for these very bytes where they had %s', async (_name, etag, sent) => {
    const headers = { 'content-length': '10', ...(etag === undefined ? {} : { etag }) };
    const { outcome, network } = await read([cut('abcd', headers), range(4, 'efghij')]);
    expect([outcome, network.sent.at(-1)?.headers['if-range']]).toEqual([TEXT, sent]);
  });

  it('gives up after five times in a row', async () => {
    const again = Array.from({ length: 9 }, () => cut(''));
    const { outcome, ranges } = await read(again);
    expect(
      isStowageError(outcome, 'UNAVAILABLE') && [outcome.retryable, outcome.message, outcome.reason],
    ).toEqual([true, `Get "${BLOB}": read ECONNRESET`, 'reset']);
    expect(ranges.length).toBe(6);
  });

  it('counts anew after a mebibyte', async () => {
    const piece = 'x'.repeat(1024 * 1024);
    const { digest } = await content(piece.repeat(8));
    const url = `${REGISTRY}/v2/team/app/blobs/${digest}`;
    const size = 8 * piece.length;
    const { repository, network } = scripted({
      [`GET ${url}`]: ({ headers }) => {
        const first = Number(/\d+/.exec(headers['range'] ?? '0')?.[0]);
        if (first === 0) return cut(piece, {});
        return { ...range(first, 'x'.repeat(size - first), size), body: broken(piece) };
      },
    });
    const stream = await repository.blobs.open(digest, { size });
    let length = 0;
    for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) length += chunk.byteLength;
    expect([length, network.log.length]).toEqual([size, 8]);
  });

  it('ends with the reason of the signal when aborted while waiting', async () => {
    const controller = new AbortController();
    const { repository, network } = scripted(
      { [`GET ${BLOB}`]: cut('abcd') },
      { clock: { now: () => 0, sleep: () => new Promise(() => undefined) } },
    );
    const reader = (await repository.blobs.open(DIGEST, { signal: controller.signal })).getReader();
    await reader.read();
    const next = rejection(reader.read());
    await new Promise((resolve) => setTimeout(resolve));
    controller.abort('enough');
    expect(await next).toBe('enough');
    expect(network.log.length).toBe(1);
  });

  it('asks for nothing more once it is cancelled', async () => {
    const { repository, network } = scripted({ [`GET ${BLOB}`]: [cut('abcd'), range(4, 'efghij')] });
    const reader = (await repository.blobs.open(DIGEST)).getReader();
    await reader.read();
    await reader.cancel();
    expect(network.log.length).toBe(1);
  });
});

describe('an object store that refuses', () => {
  const STORE = 'https://store.example/blob';
  const moved = { status: 307, headers: { location: STORE } };

  it('is asked once more, by way of the registry', async () => {
    const { repository, network } = scripted({
      [`GET ${BLOB}`]: moved,
      [`GET ${STORE}`]: [{ status: 403, body: '<Error>Request has expired</Error>' }, { body: TEXT }],
    });
    expect(await textOf(await repository.blobs.open(DIGEST))).toBe(TEXT);
    expect(network.log.length).toBe(4);
  });

  it('is not asked for ever', async () => {
    const { repository, network } = scripted({
      [`GET ${BLOB}`]: moved,
      [`GET ${STORE}`]: { status: 403 },
    });
    expect(isStowageError(await rejection(repository.blobs.open(DIGEST)), 'DENIED')).toBe(true);
    expect(network.log.length).toBe(4);
  });

  it('is no registry', async () => {
    const { repository, network } = scripted({ [`GET ${BLOB}`]: { status: 403 } });
    expect(isStowageError(await rejection(repository.blobs.open(DIGEST)), 'DENIED')).toBe(true);
    expect(network.log.length).toBe(1);
  });
});
