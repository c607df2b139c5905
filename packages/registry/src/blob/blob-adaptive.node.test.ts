import type { OpenBlobOptions } from '@stowage/types';
import { describe, expect, it, vi } from 'vitest';
import { content, REGISTRY, rejection, scripted } from '../test-support/fixtures.ts';
import { TestClock } from '../test-support/scripted-fetch.ts';
import type { Reply, Sent } from '../test-support/scripted-fetch.ts';

const MIB = 1024 * 1024;
const SIZE = 48 * MIB;
/** Every so many bytes the blob says where it is; the rest are zeros. */
const MARK = 65_536;
const BLOB = new Uint8Array(SIZE);
for (let at = 0; at < SIZE; at += MARK) BLOB[at] = 1 + ((at / MARK) % 255);
const { digest: DIGEST } = await content('any digest: whoever asks hashes the bytes');
const URL = `${REGISTRY}/v2/team/app/blobs/${DIGEST}`;

interface Link {
  /** Bytes a second over so many connections. */
  readonly rateOf: (connections: number) => number;
  /** Answers in place of the registry. */
  readonly instead?: (range: string | undefined) => Reply | undefined;
}

/** Downloads the blob over a link on which time passes as bytes come. */
async function download({ rateOf, instead = () => undefined }: Link, options: OpenBlobOptions = {}) {
  const clock = new TestClock();
  let open = 0;
  const body = (first: number, last: number): ReadableStream<Uint8Array> => {
    let at = first;
    open += 1;
    const end = (): void => {
      open -= 1;
    };
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          const piece = BLOB.slice(at, Math.min(at + MIB, last + 1));
          clock.advance((piece.length / rateOf(open)) * 1000);
          at += piece.length;
          controller.enqueue(piece);
          if (at <= last) return;
          end();
          controller.close();
        },
        cancel: end,
      },
      { highWaterMark: 0 },
    );
  };
  const answer = ({ headers }: Sent): Reply => {
    const { range } = headers;
    const other = instead(range);
    if (other !== undefined) return other;
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
    const [first, last] = [Number(from), Math.min(Number(to === '' ? Infinity : to), SIZE - 1)];
    if (range === undefined) return { body: body(0, SIZE - 1) };
    const headersBack = { 'content-range': `bytes ${from}-${String(last)}/${String(SIZE)}` };
    return { status: 206, body: body(first, last), headers: headersBack };
  };
  const { repository, network } = scripted({ [`GET ${URL}`]: answer }, { clock });
  const how = { size: SIZE, verify: false, connections: 'auto', ...options } as const;
  const reader = (await repository.blobs.open(DIGEST, how)).getReader();
  return { reader, ranges: () => network.sent.map(({ headers }) => headers['range']), opened: () => open };
}

/** Reads to the end; answers how many bytes were those of the blob. */
async function good(reader: ReadableStreamDefaultReader<Uint8Array>, from = 0): Promise<number> {
  let at = from;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const piece = next.value;
    for (let mark = Math.ceil(at / MARK) * MARK; mark < at + piece.length; mark += MARK) {
      if (piece[mark - at] !== BLOB[mark]) throw new Error(`other bytes at ${String(mark)}`);
    }
    at += piece.length;
  }
  return at - from;
}

const SLOW: Link = { rateOf: (connections) => connections * 4 * MIB };

describe('a blob over as many connections as make it faster', () => {
  it('begins as one request and goes on in ranges', async () => {
    const { reader, ranges, opened } = await download(SLOW);
    expect(await good(reader)).toBe(SIZE);
    const [first, second, ...more] = ranges();
    expect([first, second]).toEqual([undefined, `bytes=${String(4 * MIB)}-${String(8 * MIB - 1)}`]);
    expect(more.length).toBe(10);
    expect(opened()).toBe(0);
  });

  it('stays one request where the link is fast', async () => {
    const { reader, ranges } = await download({ rateOf: () => 200 * MIB });
    expect(await good(reader)).toBe(SIZE);
    expect(ranges()).toEqual([undefined]);
  });

  it('stays one request for what is small, or of unknown size', async () => {
    for (const options of [{ length: 31 * MIB }, { size: undefined }]) {
      const { reader, ranges } = await download(SLOW, options);
      await good(reader);
      expect(ranges().length, JSON.stringify(options)).toBe(1);
    }
  });

  it('goes on from an offset', async () => {
    const { reader, ranges } = await download(SLOW, { offset: MIB });
    expect(await good(reader, MIB)).toBe(SIZE - MIB);
    expect(ranges()[0]).toBe(`bytes=${String(MIB)}-`);
    expect(ranges().length).toBeGreaterThan(5);
  });

  it.each<[string, Reply]>([
    ['sends the whole instead', { body: BLOB }],
    ['refuses', { status: 416 }],
    ['fails', { status: 404 }],
  ])('stays one request where the registry, asked for a range, %s', async (_, reply) => {
    const link = {
      ...SLOW,
      instead: (range: string | undefined) => (range === undefined ? undefined : reply),
    };
    const { reader, ranges, opened } = await download(link);
    expect(await good(reader)).toBe(SIZE);
    expect(ranges().filter((range) => range !== undefined).length).toBe(1);
    expect(opened()).toBe(0);
  });

  it('ends everything when it is cancelled, before and after it has spread', async () => {
    for (const pieces of [1, 10]) {
      const { reader, opened } = await download(SLOW);
      for (let piece = 0; piece < pieces; piece += 1) await reader.read();
      await reader.cancel();
      await vi.waitFor(() => {
        expect(opened(), String(pieces)).toBe(0);
      });
    }
  });

  it('ends with the reason of its signal', async () => {
    const stop = new AbortController();
    const { reader } = await download(SLOW, { signal: stop.signal });
    for (let piece = 0; piece < 10; piece += 1) await reader.read();
    const reason = new Error('enough');
    stop.abort(reason);
    const drained = async (): Promise<void> => {
      while (!(await reader.read()).done);
    };
    expect(await rejection(drained())).toBe(reason);
  });
});
