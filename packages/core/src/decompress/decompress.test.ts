import { gzip } from 'pako';
import { describe, expect, it, vi } from 'vitest';
import { backends } from '../backends.ts';
import { collect } from '../stream/collect.ts';
import { decompress, gunzip } from './decompress.ts';
import type { GunzipBackend } from './decompress-options.ts';
import { iterate } from '../stream/iterate.ts';
import { streamOf } from '../stream/stream-of.ts';

/** What can run here. */
const BACKENDS: readonly GunzipBackend[] =
  backends().crc32 === 'zlib' ? ['wasm', 'js', 'zlib'] : ['wasm', 'js'];

const CONTENT = Uint8Array.from({ length: 70_000 }, (_, index) => (index * index) >>> 7);
const GZIPPED = gzip(CONTENT);
const BOMB = gzip(new Uint8Array(40_000_000));

describe.each(BACKENDS)('decompress with %s', (gunzipBackend) => {
  it('decompresses, and what it gives stays as it is', async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of iterate(streamOf(GZIPPED).pipeThrough(decompress({ gunzipBackend })))) {
      chunks.push(chunk);
    }
    expect(await collect(streamOf(...chunks), { maxBytes: CONTENT.length })).toEqual(CONTENT);
  });

  it('takes members and small chunks', async () => {
    const chunks = Array.from({ length: Math.ceil(GZIPPED.length / 1000) }, (_, index) =>
      GZIPPED.subarray(index * 1000, (index + 1) * 1000),
    );
    const stream = streamOf(...chunks, ...chunks).pipeThrough(decompress({ gunzipBackend }));
    expect(await collect(stream, { maxBytes: 1e6 })).toHaveLength(2 * CONTENT.length);
  });

  it('fails as the decompressor fails, and stops the source', async () => {
    let cancelled: unknown;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(GZIPPED);
      },
      cancel(reason) {
        cancelled = reason;
      },
    });
    const stream = endless.pipeThrough(decompress({ gunzipBackend, maxBytes: 1_000_000 }));
    await expect(collect(stream, { maxBytes: Infinity })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await vi.waitFor(() => {
      expect(cancelled).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    });
  });

  it('finds a truncated stream at its end', async () => {
    const stream = streamOf(GZIPPED.subarray(0, -1)).pipeThrough(decompress({ gunzipBackend }));
    await expect(collect(stream, { maxBytes: 1e6 })).rejects.toMatchObject({ code: 'INVALID_ARCHIVE' });
  });

  it('holds little of a large chunk while the reader is slow', async () => {
    const { readable, writable } = decompress({ gunzipBackend });
    const writer = writable.getWriter();
    let given = 0;
    let givenWhenTaken = 0;
    const writing = writer.write(BOMB).then(() => {
      givenWhenTaken = given;
      return writer.close();
    });
    for await (const chunk of iterate(readable)) given += chunk.length;
    await writing;
    expect(given).toBe(40_000_000);
    // The last of the three slices of input was asked for only once the reader had the output of the others.
    expect(givenWhenTaken).toBeGreaterThan(20_000_000);
  });

  it('is freed when the reader leaves', async () => {
    const cancelled = vi.fn();
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(GZIPPED);
      },
      cancel: cancelled,
    });
    for await (const chunk of iterate(source.pipeThrough(decompress({ gunzipBackend })))) {
      if (chunk.length > 0) break;
    }
    await vi.waitFor(() => {
      expect(cancelled).toHaveBeenCalledOnce();
    });
  });

  it('fails with the reason of an abort, though a write waits for a reader', async () => {
    const { readable, writable } = decompress({ gunzipBackend });
    const reason = new Error('enough');
    const writer = writable.getWriter();
    const writing = writer.write(GZIPPED);
    const failed = expect(writing).rejects.toBeDefined();
    await writer.abort(reason);
    await failed;
    await expect(readable.getReader().read()).rejects.toBe(reason);
  });

  it('fails with the error of the source', async () => {
    const failure = new Error('connection lost');
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(GZIPPED.subarray(0, 100));
      },
      pull(controller) {
        controller.error(failure);
      },
    });
    const stream = source.pipeThrough(decompress({ gunzipBackend }));
    await expect(collect(stream, { maxBytes: 1e6 })).rejects.toBe(failure);
  });

  it('ends a pipe that is aborted', async () => {
    const aborted = new AbortController();
    const reason = new Error('enough');
    const source = new ReadableStream<Uint8Array>();
    const stream = source.pipeThrough(decompress({ gunzipBackend }), { signal: aborted.signal });
    const reading = collect(stream, { maxBytes: 1 });
    aborted.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });
});

describe('decompress', () => {
  it('takes nothing before somebody reads', async () => {
    const { readable, writable } = decompress();
    const taken = vi.fn();
    const writing = writable.getWriter().write(CONTENT).then(taken);
    await new Promise((resolve) => setTimeout(resolve));
    expect(taken).not.toHaveBeenCalled();
    const reader = readable.getReader();
    for (let given = 0; given < CONTENT.length;) given += (await reader.read()).value?.length ?? 0;
    await writing;
  });

  it('passes on what is not compressed, and nothing', async () => {
    const plain = new TextEncoder().encode('plain');
    expect(await collect(streamOf(plain).pipeThrough(decompress()), { maxBytes: 5 })).toEqual(plain);
    expect(await collect(streamOf().pipeThrough(decompress()), { maxBytes: 0 })).toHaveLength(0);
  });
});

describe('gunzip', () => {
  it('decompresses gzip', async () => {
    expect(await collect(streamOf(GZIPPED).pipeThrough(gunzip()), { maxBytes: 1e6 })).toEqual(CONTENT);
  });

  it('refuses what is no gzip, nothing included', async () => {
    for (const chunks of [[CONTENT], []]) {
      await expect(
        collect(streamOf(...chunks).pipeThrough(gunzip()), { maxBytes: 1e6 }),
      ).rejects.toMatchObject({
        code: 'INVALID_ARCHIVE',
      });
    }
  });
});
