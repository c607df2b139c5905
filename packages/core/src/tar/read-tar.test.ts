import { isStowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { readTar } from './read-tar.ts';
import type { TarEntry } from './read-tar.ts';
import { createTarWriter } from './tar-writer.ts';
import { block, GNU, gnuSparse, join, padded } from '../test-support/raw-tar.ts';

const CONTENTS: Readonly<Record<string, string>> = { a: 'first', b: '', c: 'third'.repeat(300), d: 'last' };

function archive(): Bytes {
  const writer = createTarWriter();
  const parts = Object.entries(CONTENTS).flatMap(([name, text]) =>
    writer.entry({ name }, new TextEncoder().encode(text)),
  );
  parts.push(writer.end());
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return bytes;
}

/** A source that gives `size` bytes each time it is asked, and remembers how it was treated. */
function source(
  bytes: Bytes,
  size: number,
): { stream: ReadableStream<Bytes>; state: { read: number; cancelled?: unknown } } {
  const state: { read: number; cancelled?: unknown } = { read: 0 };
  const stream = new ReadableStream<Bytes>(
    {
      pull: (controller) => {
        if (state.read >= bytes.length) {
          controller.close();
          return;
        }
        controller.enqueue(bytes.slice(state.read, state.read + size));
        state.read += size;
      },
      cancel: (reason) => {
        state.cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, state };
}

async function text(stream: ReadableStream<Bytes>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let all = '';
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    all += decoder.decode(next.value, { stream: true });
  }
  return all + decoder.decode();
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
  } catch (error) {
    return isStowageError(error) ? error.code : String(error);
  }
  return undefined;
}

async function next(reader: ReadableStreamDefaultReader<TarEntry>): Promise<TarEntry> {
  const { value } = await reader.read();
  if (value === undefined) throw new Error('no more entries');
  return value;
}

describe('readTar', () => {
  it.each([1, 7, 512, 1000, 100_000])('reads entries and contents from pieces of %i bytes', async (size) => {
    const found: [string, string][] = [];
    for await (const { header, body } of source(archive(), size).stream.pipeThrough(readTar())) {
      found.push([header.name, await text(body)]);
    }
    expect(found).toEqual(Object.entries(CONTENTS));
  });

  it.each([1, 512, 100_000])(
    'goes on when bodies are neither read nor cancelled (pieces of %i)',
    async (size) => {
      const found: string[] = [];
      for await (const { header } of source(archive(), size).stream.pipeThrough(readTar()))
        found.push(header.name);
      expect(found).toEqual(Object.keys(CONTENTS));
    },
  );

  it.each([1, 512, 100_000])(
    'goes on when bodies are cancelled, at once or midway (pieces of %i)',
    async (size) => {
      const found: string[] = [];
      for await (const { header, body } of source(archive(), size).stream.pipeThrough(readTar())) {
        found.push(header.name);
        if (header.name === 'c') {
          const reader = body.getReader();
          await reader.read();
          await reader.cancel();
        } else {
          await body.cancel();
        }
      }
      expect(found).toEqual(Object.keys(CONTENTS));
    },
  );

  it('fails a body that is left behind, and no other', async () => {
    const reader = source(archive(), 100_000).stream.pipeThrough(readTar()).getReader();
    const a = await next(reader);
    const b = await next(reader);
    const c = await next(reader);
    expect(await codeOf(text(a.body))).toBe('INVALID_ARGUMENT');
    expect(await text(b.body)).toBe('');
    expect(await text(c.body)).toBe(CONTENTS['c']);
  });

  it('answers reads that were all asked for at once', async () => {
    const reader = source(archive(), 100_000).stream.pipeThrough(readTar()).getReader();
    const results = await Promise.all([1, 2, 3, 4, 5].map(() => reader.read()));
    expect(results.map(({ value }) => value?.header.name)).toEqual(['a', 'b', 'c', 'd', undefined]);
  });

  it('reads no further than it is asked', async () => {
    const { stream, state } = source(archive(), 512);
    const reader = stream.pipeThrough(readTar()).getReader();
    const { body } = await next(reader);
    // One piece is being handed out, and the writable side asks for one more.
    expect(state.read).toBeLessThanOrEqual(3 * 512);
    expect(await text(body)).toBe('first');
    expect(state.read).toBeLessThanOrEqual(4 * 512);
    await reader.cancel();
  });

  it('cancels the source when it is cancelled, whatever a body is doing', async () => {
    const { stream, state } = source(archive(), 600);
    const reader = stream.pipeThrough(readTar()).getReader();
    const { body } = await next(reader);
    const reason = new Error('enough');
    await reader.cancel(reason);
    await expect.poll(() => state.cancelled).toBe(reason);
    expect(await codeOf(text(body))).toBe('INVALID_ARGUMENT');
  });

  it('cancels the source when a loop is left', async () => {
    const { stream, state } = source(archive(), 600);
    for await (const entry of stream.pipeThrough(readTar())) {
      expect(entry.header.name).toBe('a');
      break;
    }
    await expect.poll(() => 'cancelled' in state).toBe(true);
  });

  it('passes on an error of the source to entries and bodies', async () => {
    const reason = new Error('network');
    const bytes = archive();
    let pieces = 0;
    const stream = new ReadableStream<Bytes>(
      {
        pull: (controller) => {
          pieces++;
          if (pieces === 1) controller.enqueue(bytes.slice(0, 514));
          else controller.error(reason);
        },
      },
      { highWaterMark: 0 },
    );
    const reader = stream.pipeThrough(readTar()).getReader();
    const { body } = await next(reader);
    await expect(text(body)).rejects.toBe(reason);
    await expect(reader.read()).rejects.toBe(reason);
  });

  it('does not wait for a consumer when the source is aborted', async () => {
    const tar = readTar();
    const reader = tar.readable.getReader();
    const writer = tar.writable.getWriter();
    const written = writer.write(archive());
    await next(reader);
    const reason = new Error('gone');
    const aborted = writer.abort(reason);
    await expect(written).rejects.toBe(reason);
    await aborted;
    await expect(reader.read()).rejects.toBe(reason);
  });

  it('tells of a broken archive after the entries before it, and cancels the source', async () => {
    const bytes = archive();
    bytes[1024] = 1;
    const { stream, state } = source(bytes, 4096);
    const reader = stream.pipeThrough(readTar()).getReader();
    const first = await next(reader);
    expect(await text(first.body)).toBe('first');
    expect(await codeOf(reader.read())).toBe('INVALID_ARCHIVE');
    await expect.poll(() => isStowageError(state.cancelled, 'INVALID_ARCHIVE')).toBe(true);
  });

  it('tells a body that the archive is cut short', async () => {
    const reader = source(archive().subarray(0, 515), 100).stream.pipeThrough(readTar()).getReader();
    const { body } = await next(reader);
    expect(await codeOf(text(body))).toBe('INVALID_ARCHIVE');
    expect(await codeOf(reader.read())).toBe('INVALID_ARCHIVE');
  });

  it.each([1, 512, 100_000])('fills the holes of a sparse file (pieces of %i)', async (size) => {
    const pairs = [
      [0, 512],
      [70_000, 600],
      [70_700, 0],
    ] as const;
    const bytes = join(
      block({ name: 's', flag: 'S', size: 1112, magic: GNU, more: gnuSparse(70_700, pairs) }),
      padded(`${'a'.repeat(512)}${'c'.repeat(600)}`),
      archive(),
    );
    const whole = `${'a'.repeat(512)}${'\0'.repeat(69_488)}${'c'.repeat(600)}${'\0'.repeat(100)}`;
    for (const take of ['all', 'some', 'cancel', 'nothing']) {
      const found: string[] = [];
      for await (const { header, body } of source(bytes, size).stream.pipeThrough(readTar())) {
        found.push(header.name);
        if (header.name !== 's') expect(await text(body)).toBe(CONTENTS[header.name]);
        else if (take === 'all') expect(await text(body)).toBe(whole);
        else if (take === 'some') await body.getReader().read();
        else if (take === 'cancel') await body.cancel();
      }
      expect(found).toEqual(['s', ...Object.keys(CONTENTS)]);
    }
  });

  it('fails what is left of a sparse file that is left behind', async () => {
    const pairs = [
      [1 << 19, 512],
      [1 << 20, 0],
    ] as const;
    const bytes = join(
      block({ name: 's', flag: 'S', size: 512, magic: GNU, more: gnuSparse(1 << 20, pairs) }),
      new Uint8Array(512),
      archive(),
    );
    const reader = source(bytes, 100_000).stream.pipeThrough(readTar()).getReader();
    const sparse = await next(reader);
    await next(reader);
    expect(await codeOf(text(sparse.body))).toBe('INVALID_ARGUMENT');
  });

  it('passes limits on', async () => {
    const reader = source(archive(), 512)
      .stream.pipeThrough(readTar({ limits: { maxEntries: 1 } }))
      .getReader();
    await next(reader);
    expect(await codeOf(reader.read())).toBe('LIMIT_EXCEEDED');
  });
});
