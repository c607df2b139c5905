import { collect } from '@stowage/core';
import type { LayerEntry } from '@stowage/types';
import { beforeAll, describe, expect, it } from 'vitest';
import { countingContent } from '../test-support/counting-content.ts';
import type { CountingContent } from '../test-support/counting-content.ts';
import { codeOf, textOf } from '../test-support/layers.ts';
import { sampleFiles, writeEstargz, writeGzip, writeZstdChunked } from '../test-support/toc-layers.ts';
import type { TocLayerOptions, WrittenLayer } from '../test-support/toc-layers.ts';
import { findToc } from './find-toc.ts';
import { openTocLayer } from './open-toc-layer.ts';
import type { TocLayer } from './toc.ts';
import { writeZtoc } from './write-ztoc.ts';

const FILES = sampleFiles(200_000);
const BIG = FILES.find(({ name }) => name === 'big')?.content ?? new Uint8Array(0);

interface Opened {
  readonly written: WrittenLayer;
  readonly content: CountingContent;
  readonly layer: TocLayer;
}

async function openWritten(written: WrittenLayer): Promise<Opened> {
  const content = countingContent(written.blob);
  return { written, content, layer: await openTocLayer({ content, ...written }) };
}

async function openZtoc(): Promise<Opened> {
  const written = await writeGzip(FILES);
  const content = countingContent(written.blob);
  const ztoc = await writeZtoc({ content, ...written });
  return { written, content, layer: await openTocLayer({ content, ...written, ztoc }) };
}

async function listed(layer: TocLayer): Promise<LayerEntry[]> {
  const entries: LayerEntry[] = [];
  for await (const entry of layer.entries()) entries.push(entry);
  return entries;
}

const CHUNKS: TocLayerOptions = { chunkSize: 16_384 };

describe.each([
  ['eStargz', async () => openWritten(await writeEstargz(FILES, CHUNKS)), 'estargz', true],
  [
    'stargz, whose chunks have no digests',
    async () =>
      openWritten(
        await writeEstargz(FILES, {
          ...CHUNKS,
          legacy: true,
          edit: ({ entries }) => {
            for (const entry of entries) {
              delete entry['chunkDigest'];
              delete entry['digest'];
            }
          },
        }),
      ),
    'estargz',
    false,
  ],
  ['zstd:chunked', async () => openWritten(await writeZstdChunked(FILES, CHUNKS)), 'zstd-chunked', true],
  ['a ztoc', openZtoc, 'ztoc', true],
] as const)('a layer with %s', (_, open, kind, verified) => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open();
  });

  it('has the entries of its table, in order', async () => {
    const { layer, written } = opened;
    expect([layer.kind, layer.verified, layer.diffId]).toEqual([kind, verified, written.diffId]);
    expect(
      (await listed(layer)).map(({ path, type, size, linkname }) => [path, type, size, linkname]),
    ).toEqual(
      FILES.map(({ name, type = 'file', content, linkname }) => [
        name.replace(/\/$/, ''),
        type,
        content?.length ?? 0,
        linkname,
      ]),
    );
    const device = (await listed(layer)).find(({ path }) => path === 'dev/null');
    expect(device).toMatchObject({ mode: 0o644, devmajor: 1, devminor: 3 });
  });

  it('has an address of its own for each file', async () => {
    const offsets = (await listed(opened.layer))
      .filter(({ type }) => type === 'file')
      .map(({ offset }) => offset);
    expect(new Set(offsets).size).toBe(offsets.length);
  });

  it('reads files, and parts of them', async () => {
    const { layer } = opened;
    expect(await textOf(layer.readFile('/etc/./motd'))).toBe('hello');
    expect(await textOf(layer.readFile('etc/empty'))).toBe('');
    const big = (await listed(layer)).find(({ path }) => path === 'big');
    for (const [from, length] of [
      [0, 0],
      [0, 1],
      [16_383, 2],
      [32_768, 16_384],
      [50_000, 70_000],
      [0, 200_000],
      [199_999, 1],
    ] as const) {
      const stream = await layer.readRange((big?.offset ?? 0) + from, length);
      const bytes = await collect(stream, { maxBytes: length });
      const differs = bytes.findIndex((byte, index) => byte !== BIG[from + index]);
      expect([from, bytes.length, differs]).toEqual([from, length, -1]);
    }
  });

  it('asks for what it needs, once', async () => {
    const { layer, content } = opened;
    const before = { requests: content.requests, bytes: content.bytes };
    await collect(await layer.readFile('tail'), { maxBytes: 100 });
    expect(content.requests - before.requests).toBe(1);
    expect(content.bytes - before.bytes).toBeLessThan(content.bytes);
    await layer.readRange(0, 0);
    expect(content.requests - before.requests).toBe(1);
  });

  it('lets go of a stream that is cancelled', async () => {
    const stream = await opened.layer.readFile('big');
    const reader = stream.getReader();
    expect((await reader.read()).done).toBe(false);
    await reader.cancel();
    expect(await textOf(opened.layer.readFile('tail'))).toBe('the end');
  });

  it('says what is not there', async () => {
    const { layer } = opened;
    const calls = [
      layer.readFile('missing'),
      layer.readFile('etc'),
      layer.readRange(1e12, 1),
      layer.readRange(-1, 1),
      layer.readRange(0, 0.5),
    ];
    expect(await Promise.all(calls.map(codeOf))).toEqual([
      'NOT_FOUND',
      ...new Array<string>(4).fill('INVALID_ARGUMENT'),
    ]);
  });

  it('ends when it is told to, with the reason', async () => {
    const { layer } = opened;
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    const controller = new AbortController();
    const stream = await layer.readFile('big', { signal: controller.signal });
    controller.abort(reason);
    const list = async (): Promise<void> => {
      for await (const entry of layer.entries({ signal })) expect(entry).toBeUndefined();
    };
    for (const call of [
      () => layer.readFile('big', { signal }),
      () => layer.readRange(0, 1, { signal }),
      () => collect(stream, { maxBytes: 1e6 }),
      list,
    ]) {
      await expect(call()).rejects.toBe(reason);
    }
  });
});

describe('looking for a table of contents', () => {
  it('needs no request where an annotation tells, and else one', async () => {
    const { blob, descriptor, tocOffset } = await writeZstdChunked(sampleFiles());
    const content = countingContent(blob);
    const told = await findToc(content, descriptor);
    expect([told?.offset, content.requests]).toEqual([tocOffset, 0]);
    const { annotations: _, ...bare } = descriptor;
    const found = await findToc(content, bare);
    expect([found?.offset, found?.checksum, content.requests]).toEqual([tocOffset, undefined, 1]);
    const layer = await openTocLayer({ content, descriptor: bare, diffId: descriptor.digest as never });
    expect([layer.verified, await textOf(layer.readFile('etc/motd'))]).toEqual([false, 'hello']);
  });

  it('knows the annotations and the footer of old', async () => {
    const { blob, descriptor, tocOffset } = await writeZstdChunked(sampleFiles(), { legacy: true });
    const content = countingContent(blob);
    const renamed = Object.entries(descriptor.annotations ?? {}).map(([key, value]) => [
      key.replace('io.github.', 'io.'),
      value,
    ]);
    const annotations = Object.fromEntries(renamed) as Record<string, string>;
    expect(await findToc(content, { ...descriptor, annotations })).toMatchObject({
      offset: tocOffset,
      checksum: annotations['io.containers.zstd-chunked.manifest-checksum'],
    });
    expect((await findToc(content, { ...descriptor, annotations: {} }))?.offset).toBe(tocOffset);
  });

  it('finds none in other layers', async () => {
    const { blob, descriptor, diffId } = await writeGzip(sampleFiles());
    const content = countingContent(blob);
    expect(await findToc(content, descriptor)).toBeUndefined();
    expect(await codeOf(openTocLayer({ content, descriptor, diffId }))).toBe('UNSUPPORTED');
    expect(await findToc(countingContent(new Uint8Array(0)), { ...descriptor, size: 0 })).toBeUndefined();
    const short = countingContent(Uint8Array.of(1, 2));
    expect(await findToc(short, { ...descriptor, size: 2 })).toBeUndefined();
  });
});

describe('a table of contents', () => {
  it('hides what is there for its format alone', async () => {
    const landmark = { name: '.no.prefetch.landmark', content: Uint8Array.of(0xf) };
    const kept = { name: 'etc/.no.prefetch.landmark', content: Uint8Array.of(1) };
    const { layer } = await openWritten(await writeEstargz([landmark, kept, ...sampleFiles()]));
    const paths = (await listed(layer)).map(({ path }) => path);
    expect(paths.slice(0, 2)).toEqual(['etc/.no.prefetch.landmark', 'etc']);
  });

  it('has times, owners, permissions and attributes', async () => {
    const edit: TocLayerOptions['edit'] = ({ entries }) => {
      Object.assign(entries[1] ?? {}, {
        ...{ mode: 0o104755, uid: 1000, gid: 1001, modtime: '2026-01-02T03:04:05.5Z' },
        xattrs: { 'security.capability': 'AQAAAv8=', 'user.none': '', __proto__: undefined },
      });
    };
    const { layer } = await openWritten(await writeEstargz(sampleFiles(), { edit }));
    expect((await listed(layer))[1]).toMatchObject({
      ...{ path: 'etc/motd', mode: 0o4755, uid: 1000, gid: 1001, mtime: 1_767_323_045.5 },
      xattrs: { 'security.capability': '\u0001\0\0\u0002\udcff', 'user.none': '' },
    });
  });

  it('may say that a part of a file is zeros, which is not read then', async () => {
    const content = new Uint8Array(3000);
    content.fill(1, 0, 1000);
    content.fill(2, 2000);
    const written = await writeZstdChunked([{ name: 'holey', content }], {
      edit: ({ entries }) => {
        Object.assign(entries[1] ?? {}, { chunkType: 'zeros' });
      },
    });
    const { layer, content: counted } = await openWritten(written);
    const before = counted.requests;
    const bytes = await collect(await layer.readFile('holey'), { maxBytes: 3000 });
    expect([bytes.findIndex((byte, at) => byte !== content[at]), counted.requests - before]).toEqual([-1, 1]);
    const zeros = await collect(await layer.readRange(1200, 100), { maxBytes: 100 });
    expect([zeros.length, zeros.some(Boolean), counted.requests - before]).toEqual([100, false, 1]);
  });
});
