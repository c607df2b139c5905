import { isStowageError } from '@stowage/types';
import type { OpenBlobOptions } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { content, REGISTRY, rejection, scripted, textOf } from '../test-support/fixtures.ts';
import type { Reply, Sent } from '../test-support/scripted-fetch.ts';

const TEXT = Array.from({ length: 100 }, (_, index) => String(index).padStart(5, '.')).join('');
const SIZE = TEXT.length;
const { digest: DIGEST } = await content(TEXT);
const BLOB = `${REGISTRY}/v2/team/app/blobs/${DIGEST}`;
const PLAN = { connections: 3, partSize: 100 };

function rangeOf({ headers }: Sent): { first: number; last: number } | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(headers['range'] ?? '');
  if (match === null) return undefined;
  return { first: Number(match[1]), last: Math.min(Number(match[2] || Infinity), SIZE - 1) };
}

/** Answers as a registry that knows ranges, unless `instead` has something to say about the range from a byte. */
function serve(
  instead: (first: number, times: number) => Reply | undefined = () => undefined,
  size: number | '*' = SIZE,
) {
  const times = new Map<number, number>();
  return (sent: Sent): Reply => {
    const range = rangeOf(sent);
    const first = range?.first ?? -1;
    times.set(first, (times.get(first) ?? 0) + 1);
    const other = instead(first, times.get(first) ?? 0);
    if (other !== undefined) return other;
    if (range === undefined) return { body: TEXT };
    const contentRange = `bytes ${String(first)}-${String(range.last)}/${String(size)}`;
    return {
      status: 206,
      body: TEXT.slice(first, range.last + 1),
      headers: { 'content-range': contentRange },
    };
  };
}

function open(answer: (sent: Sent) => Reply, options: OpenBlobOptions = PLAN) {
  const { repository, network } = scripted({ [`GET ${BLOB}`]: answer });
  const ranges = (): unknown[] => network.sent.map(({ headers }) => headers['range']);
  return { text: repository.blobs.open(DIGEST, options).then(textOf), ranges, network };
}

const RANGES = ['0-99', '100-199', '200-299', '300-399', '400-499'].map((range) => `bytes=${range}`);

describe('a blob over several connections', () => {
  it.each<OpenBlobOptions>([PLAN, { ...PLAN, size: SIZE }, { ...PLAN, verify: false }])(
    'comes in order: %j',
    async (options) => {
      const { text, ranges } = open(serve(), options);
      expect(await text).toBe(TEXT);
      expect(ranges()).toEqual(RANGES);
    },
  );

  it('comes in order whatever the order of the answers', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = new ReadableStream<Uint8Array>({
      async pull(controller): Promise<void> {
        await held;
        controller.enqueue(new TextEncoder().encode(TEXT.slice(100, 200)));
        controller.close();
      },
    });
    const { text, ranges } = open((sent) => {
      const reply = serve()(sent);
      if (rangeOf(sent)?.first === 200) release();
      return rangeOf(sent)?.first === 100 ? { ...reply, body: slow } : reply;
    });
    expect(await text).toBe(TEXT);
    expect(ranges().length).toBe(5);
  });

  it('comes range after range over one', async () => {
    const { repository, network } = scripted({ [`GET ${BLOB}`]: serve() });
    const reader = (await repository.blobs.open(DIGEST, { partSize: 100 })).getReader();
    let text = '';
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      text += new TextDecoder().decode(next.value);
      // The next one is not asked for before this one has been taken.
      expect(network.sent.length).toBe(Math.ceil(text.length / 100));
    }
    expect(text).toBe(TEXT);
    expect(network.sent.map(({ headers }) => headers['range'])).toEqual(RANGES);
  });

  it('over one as over several: goes on where a range breaks off, and is told of wrong ones', async () => {
    const one = { partSize: 100 };
    const broken = open(
      serve((first, times) => {
        if (first !== 200 || times > 1) return undefined;
        const headers = { 'content-range': `bytes 200-299/${String(SIZE)}`, 'content-length': '100' };
        return { status: 206, body: TEXT.slice(200, 250), headers };
      }),
      one,
    );
    expect(await broken.text).toBe(TEXT);
    expect(broken.ranges()).toContain('bytes=250-299');
    expect(await open(() => ({ body: TEXT }), one).text).toBe(TEXT);
    const gone = open(
      serve((first) => (first === 300 ? { status: 404 } : undefined)),
      one,
    );
    expect(isStowageError(await rejection(gone.text), 'NOT_FOUND')).toBe(true);
  });

  it('over one is let go in the middle, with the request that is under way', async () => {
    let asked = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { repository, network } = scripted({
      [`GET ${BLOB}`]: (sent) => {
        if (rangeOf(sent)?.first !== 100) return serve()(sent);
        asked();
        return { status: 206, body: new ReadableStream<Uint8Array>() };
      },
    });
    const reader = (await repository.blobs.open(DIGEST, { partSize: 100 })).getReader();
    await reader.read();
    const next = reader.read();
    await waiting;
    await reader.cancel();
    expect((await next).done).toBe(true);
    expect(network.sent.length).toBe(2);
  });

  it('may be a part of it', async () => {
    const { text, ranges } = open(serve(), { ...PLAN, offset: 150, length: 250 });
    expect(await text).toBe(TEXT.slice(150, 400));
    expect(ranges()).toEqual(['bytes=150-249', 'bytes=250-349', 'bytes=350-399']);
  });

  it('has no more ranges under way than connections, until their bytes are taken', async () => {
    const { repository, network } = scripted({ [`GET ${BLOB}`]: serve() });
    const reader = (await repository.blobs.open(DIGEST, PLAN)).getReader();
    const settle = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve));
    await settle();
    expect(network.log.length).toBe(3);
    await reader.read();
    await settle();
    expect(network.log.length).toBe(3);
    await reader.read();
    await settle();
    expect(network.log.length).toBe(4);
    await reader.cancel();
  });

  it.each<[string, (first: number, times: number) => Reply | undefined, unknown[]]>([
    ['the registry knows no ranges', () => ({ body: TEXT }), ['bytes=0-99']],
    [
      'the registry refuses ranges',
      (first) => (first === 0 ? { status: 416 } : undefined),
      ['bytes=0-99', undefined],
    ],
    [
      'the registry sends another range',
      (first) => (first === 0 ? { status: 206, headers: { 'content-range': 'bytes 5-9/500' } } : undefined),
      ['bytes=0-99', undefined],
    ],
  ])('takes one request where %s', async (_name, instead, expected) => {
    const { text, ranges } = open(serve(instead));
    expect(await text).toBe(TEXT);
    expect(ranges()).toEqual(expected);
  });

  it('takes one request where nobody knows how long it is', async () => {
    const { text, ranges } = open(serve(undefined, '*'));
    expect(await text).toBe(TEXT);
    expect(ranges()).toEqual(['bytes=0-99', undefined]);
  });

  it('takes one request where it is small', async () => {
    const { text, ranges } = open(serve(), { connections: 3, size: SIZE });
    expect(await text).toBe(TEXT);
    expect(ranges()).toEqual([undefined]);
  });

  it.each<[string, Reply]>([
    [
      'breaks',
      {
        status: 206,
        body: TEXT.slice(200, 250),
        headers: { 'content-range': 'bytes 200-299/500', 'content-length': '100' },
      },
    ],
    ['is not to be had at first', { status: 503 }],
    ['comes as the whole', { body: TEXT }],
    ['is another one at first', { status: 206, body: 'x', headers: { 'content-range': 'bytes 1-1/500' } }],
  ])('is all there when a range %s', async (_name, reply) => {
    const { text } = open(serve((first, times) => (first === 200 && times === 1 ? reply : undefined)));
    expect(await text).toBe(TEXT);
  });

  it.each<[string, Reply, string]>([
    ['refused', { status: 404 }, 'NOT_FOUND'],
    [
      'of a blob of another size',
      { status: 206, headers: { 'content-range': 'bytes 200-299/501' } },
      'SIZE_MISMATCH',
    ],
    [
      'of other bytes',
      { status: 206, body: 'x'.repeat(100), headers: { 'content-range': 'bytes 200-299/500' } },
      'DIGEST_MISMATCH',
    ],
    [
      'too long',
      { status: 206, body: 'x'.repeat(101), headers: { 'content-range': 'bytes 200-299/500' } },
      'SIZE_MISMATCH',
    ],
  ])('fails when a range is %s', async (_name, reply, code) => {
    const { text } = open(serve((first) => (first === 200 ? reply : undefined)));
    const error = await rejection(text);
    expect(isStowageError(error) && error.code).toBe(code);
  });

  it('lets go of every range when cancelled', async () => {
    let cancelled = 0;
    const signals: AbortSignal[] = [];
    const { repository } = scripted(
      {},
      {
        fetch: (_url: string, init?: RequestInit) => {
          if (init?.signal instanceof AbortSignal) signals.push(init.signal);
          const range = new Headers(init?.headers).get('range') ?? '';
          const [first = 0, last = 0] = (range.match(/\d+/g) ?? []).map(Number);
          const body = new ReadableStream<Uint8Array>({
            start(controller): void {
              controller.enqueue(new Uint8Array(1));
            },
            cancel(): void {
              cancelled += 1;
            },
          });
          const headers = { 'content-range': `bytes ${String(first)}-${String(last)}/${String(SIZE)}` };
          return Promise.resolve(new Response(body, { status: 206, headers }));
        },
      },
    );
    const reader = (await repository.blobs.open(DIGEST, PLAN)).getReader();
    await reader.read();
    await reader.cancel('enough');
    await new Promise((resolve) => setTimeout(resolve));
    expect(cancelled).toBe(3);
    expect(signals.filter(({ aborted }) => aborted).length).toBe(2);
  });

  it('fails with the reason of the signal when aborted', async () => {
    const controller = new AbortController();
    const { repository } = scripted({ [`GET ${BLOB}`]: serve() });
    const stream = await repository.blobs.open(DIGEST, { ...PLAN, signal: controller.signal });
    controller.abort('enough');
    expect(await rejection(textOf(stream))).toBe('enough');
  });

  it.each([{ connections: 0 }, { connections: 1.5 }, { connections: 33 }, { connections: 2, partSize: 0 }])(
    'sends nothing for %j',
    async (options) => {
      const { repository, network } = scripted({});
      const error = await rejection(repository.blobs.open(DIGEST, options));
      expect(isStowageError(error, 'INVALID_ARGUMENT')).toBe(true);
      expect(network.log).toEqual([]);
    },
  );
});
