import { collect, digestBytes, gzip, streamOf, zstd } from '@stowage/core';
import { findToc, openTocLayer } from '@stowage/layer-store';
import type { TocLayerInit } from '@stowage/layer-store';
import { isStowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { countingContent } from '../../packages/layer-store/src/test-support/counting-content.ts';
import { codeOf, join } from '../../packages/layer-store/src/test-support/layers.ts';
import {
  chunkedFooter,
  sampleFiles,
  skippable,
  stargzFooter,
  writeEstargz,
  writeZstdChunked,
} from '../../packages/layer-store/src/test-support/toc-layers.ts';
import type {
  TocEntryJson,
  TocLayerOptions,
} from '../../packages/layer-store/src/test-support/toc-layers.ts';
import { seededRandom } from '../support/random.ts';
import { initOf, readAll } from './support/toc.ts';

// Tables of contents are written by whoever wrote the layer, and a range of a blob is verified by nothing else.

const encoder = new TextEncoder();
const FILES = sampleFiles();

type Write = typeof writeEstargz;

async function openEdited(write: Write, options: TocLayerOptions): Promise<string | undefined> {
  return codeOf(openTocLayer(initOf(await write(FILES, options))));
}

describe('a footer that lies', () => {
  it.each<[string, Bytes]>([
    ['about a place beyond the end', stargzFooter(2 ** 40)],
    ['about a table without bytes', stargzFooter(100)],
    [
      'with a number beyond 2^53',
      new Uint8Array(stargzFooter(0).map((byte) => (byte === 0x30 ? 0x66 : byte))),
    ],
    ['about a frame beyond the end', skippable(chunkedFooter([1000, 5, 5, 1]))],
    ['about a length beyond 2^53', skippable(chunkedFooter([1, 2 ** 60, 5, 1]))],
    ['about a plain size beyond 2^53', skippable(chunkedFooter([1, 5, 2 ** 60, 1], true))],
    ['about a kind that nobody knows', skippable(chunkedFooter([1, 5, 5, 9]))],
  ])('%s is INVALID_ARCHIVE', async (_, footer) => {
    const blob = join([new Uint8Array(100), footer]);
    const descriptor = { mediaType: 'x', digest: await digestBytes(blob), size: blob.length };
    expect(await codeOf(findToc(countingContent(blob), descriptor))).toBe('INVALID_ARCHIVE');
  });

  it('is none where it is only nearly one', async () => {
    for (const footer of [stargzFooter(0), stargzFooter(0, true), skippable(chunkedFooter([1, 5, 5, 1]))]) {
      for (const at of [0, 2, 3, 10, 11, footer.length - 14, footer.length - 20]) {
        const spoilt = join([new Uint8Array(100), footer]);
        spoilt[100 + at] = (spoilt[100 + at] ?? 0) ^ 0x55;
        const descriptor = { mediaType: 'x', digest: await digestBytes(spoilt), size: spoilt.length };
        const code = await codeOf(findToc(countingContent(spoilt), descriptor));
        expect([undefined, 'INVALID_ARCHIVE']).toContain(code);
      }
    }
  });

  it.each([
    '',
    '1:2:3',
    '-1:2:3:1',
    '1e3:2:3:1',
    '1:2:3:2',
    '9999999999999999:2:3:1',
    '1:99999999:3:1',
    '0:0:0:1',
  ])('an annotation %j is INVALID_ARCHIVE', async (position) => {
    const { blob, descriptor } = await writeZstdChunked(FILES);
    const annotations = { 'io.github.containers.zstd-chunked.manifest-position': position };
    const found = findToc(countingContent(blob), { ...descriptor, annotations });
    expect(await codeOf(found)).toBe('INVALID_ARCHIVE');
  });
});

describe.each<[string, Write]>([
  ['eStargz', writeEstargz],
  ['zstd:chunked', writeZstdChunked],
])('a table of contents of %s', (_, write) => {
  it('is verified', async () => {
    const { blob, descriptor, tocOffset, ...rest } = await write(FILES);
    for (const [key, value] of Object.entries(descriptor.annotations ?? {})) {
      if (!value.startsWith('sha256:')) continue;
      for (const [other, code] of [
        [`sha256:${'0'.repeat(64)}`, 'DIGEST_MISMATCH'],
        ['sha256:nonsense', 'INVALID_ARCHIVE'],
        ['md5:00', 'INVALID_ARCHIVE'],
      ] as const) {
        const annotations = { ...descriptor.annotations, [key]: other };
        const init = { ...rest, content: countingContent(blob), descriptor: { ...descriptor, annotations } };
        expect(await codeOf(openTocLayer(init))).toBe(code);
      }
    }
    const spoilt = blob.slice();
    spoilt[tocOffset + 40] = (spoilt[tocOffset + 40] ?? 0) ^ 1;
    const code = await codeOf(openTocLayer({ ...rest, content: countingContent(spoilt), descriptor }));
    expect(['DIGEST_MISMATCH', 'INVALID_ARCHIVE']).toContain(code);
  });

  it.each<[string, string, string]>([
    ['is no JSON', '{"version":1,', 'INVALID_ARCHIVE'],
    ['is nothing', 'null', 'INVALID_ARCHIVE'],
    ['is a list', '[]', 'INVALID_ARCHIVE'],
    ['has no version', '{"entries":[]}', 'UNSUPPORTED'],
    ['is of another version', '{"version":2,"entries":[]}', 'UNSUPPORTED'],
    ['has no entries', '{"version":1}', 'INVALID_ARCHIVE'],
    ['has entries that are none', '{"version":1,"entries":[7]}', 'INVALID_ARCHIVE'],
    ['begins with a chunk', '{"version":1,"entries":[{"type":"chunk","offset":1}]}', 'INVALID_ARCHIVE'],
    ['nests deeply', `{"version":1,"entries":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'INVALID_ARCHIVE'],
    [
      'has a size without end',
      '{"version":1,"entries":[{"name":"a","type":"reg","size":1e999}]}',
      'INVALID_ARCHIVE',
    ],
  ])('that %s is refused', async (__, json, code) => {
    expect(await openEdited(write, { json: encoder.encode(json) })).toBe(code);
  });

  it.each<[string, TocEntryJson, string]>([
    ['an unknown type', { type: 'socket' }, 'INVALID_ARCHIVE'],
    ['a type from the prototype', { type: 'constructor' }, 'INVALID_ARCHIVE'],
    ['no name', { name: '' }, 'INVALID_ARCHIVE'],
    ['a name that is no text', { name: 7 }, 'INVALID_ARCHIVE'],
    ['a name with NUL', { name: 'a\0b' }, 'INVALID_ARCHIVE'],
    ['the name of the root', { name: 'x/..' }, 'INVALID_ARCHIVE'],
    ['a link in the place of the root', { name: './', type: 'symlink', linkName: '/' }, 'INVALID_ARCHIVE'],
    ['a hard link to nothing', { type: 'hardlink' }, 'INVALID_ARCHIVE'],
    ['a file with a slash', { name: 'a/' }, 'INVALID_ARCHIVE'],
    ['a name that is too long', { name: 'a'.repeat(5000) }, 'LIMIT_EXCEEDED'],
    ['a link that is too long', { linkName: 'a'.repeat(5000) }, 'LIMIT_EXCEEDED'],
    ['a negative size', { size: -1 }, 'INVALID_ARCHIVE'],
    ['a size that is text', { size: '5' }, 'INVALID_ARCHIVE'],
    ['a size beyond 2^53', { size: 2 ** 60 }, 'INVALID_ARCHIVE'],
    ['more bytes than a layer may have', { size: 2 ** 40 }, 'LIMIT_EXCEEDED'],
    ['a negative owner', { uid: -1 }, 'INVALID_ARCHIVE'],
    ['a time that is none', { modtime: 'yesterday' }, 'INVALID_ARCHIVE'],
    ['attributes that are none', { xattrs: [] }, 'INVALID_ARCHIVE'],
    ['an attribute that is no text', { xattrs: { a: 7 } }, 'INVALID_ARCHIVE'],
    ['an attribute that is not in base 64', { xattrs: { a: '!' } }, 'INVALID_ARCHIVE'],
    ['attributes that are too long', { xattrs: { ['a'.repeat(1 << 20)]: '' } }, 'LIMIT_EXCEEDED'],
    ['no offset', { offset: 0 }, 'INVALID_ARCHIVE'],
    ['an offset in the table', { offset: 1e6 }, 'INVALID_ARCHIVE'],
    ['an offset of another file', { offset: 1 }, 'INVALID_ARCHIVE'],
    ['an end before its beginning', { endOffset: 1 }, 'INVALID_ARCHIVE'],
    ['an end beyond the next file', { endOffset: 1e6 }, 'INVALID_ARCHIVE'],
    ['a chunk that is not at its beginning', { chunkOffset: 1 }, 'INVALID_ARCHIVE'],
    ['a chunk that is longer', { chunkSize: 100 }, 'INVALID_ARCHIVE'],
    ['a chunk that is shorter, and no other', { chunkSize: 2 }, 'INVALID_ARCHIVE'],
    ['a chunk of a kind that nobody knows', { chunkType: 'dedup' }, 'UNSUPPORTED'],
    ['a chunk far into a member', { innerOffset: 2 ** 50 }, 'LIMIT_EXCEEDED'],
    ['a digest that is none', { chunkDigest: 'sha256:0' }, 'INVALID_ARCHIVE'],
  ])('with an entry that has %s is refused', async (__, change, code) => {
    const edit: TocLayerOptions['edit'] = ({ entries }) => {
      if (change['offset'] === 1) change['offset'] = entries.at(-1)?.['offset'];
      // Five bytes, one chunk.
      Object.assign(entries[1] ?? {}, change);
    };
    expect(await openEdited(write, { edit })).toBe(code);
  });

  it('may name an attribute as it likes', async () => {
    const xattrs = JSON.parse('{"__proto__":"YQ=="}') as unknown;
    const edit: TocLayerOptions['edit'] = ({ entries }) => {
      Object.assign(entries[0] ?? {}, { xattrs });
    };
    const layer = await openTocLayer(initOf(await write(FILES, { edit })));
    for await (const entry of layer.entries()) {
      expect(Object.entries(entry.xattrs ?? {})).toEqual(entry.path === 'etc' ? [['__proto__', 'a']] : []);
    }
  });

  it('has limits', async () => {
    const written = await write(FILES);
    for (const limits of [
      { maxTocBytes: 100 },
      { maxTocBytes: 1000 },
      { maxLayerBytes: 1000 },
      { tar: { maxEntries: 3 } },
      { tar: { maxTotalText: 10 } },
    ]) {
      expect(await codeOf(openTocLayer({ ...initOf(written), limits }))).toBe('LIMIT_EXCEEDED');
    }
  });

  it('is believed as far as its digests go', async () => {
    const { blob, ...rest } = await write(FILES);
    for (const offset of [await offsetOf(write, 'etc/motd'), await offsetOf(write, 'big')]) {
      const spoilt = blob.slice();
      for (let at = offset + 12; at < offset + 30; at++) spoilt[at] = (spoilt[at] ?? 0) ^ 0x10;
      expect(['DIGEST_MISMATCH', 'INVALID_ARCHIVE']).toContain(
        await readAll({ ...initOf({ blob: spoilt, ...rest }) }),
      );
    }
    for (const change of [{ chunkDigest: `sha256:${'0'.repeat(64)}` }, { size: 4 }]) {
      const edit: TocLayerOptions['edit'] = ({ entries }) => {
        Object.assign(entries.at(-1) ?? {}, change);
      };
      expect(await readAll(initOf(await write(FILES, { edit })))).toBe('DIGEST_MISMATCH');
    }
  });

  it('does not make a chunk longer than it is', async () => {
    const edit: TocLayerOptions['edit'] = ({ entries }) => {
      const last = entries.at(-1) ?? {};
      Object.assign(last, { size: 100_000, chunkDigest: undefined, digest: undefined });
    };
    expect(await readAll(initOf(await write(FILES, { edit })))).toBe('INVALID_ARCHIVE');
  });

  it('of a layer that is shorter than its descriptor says is DATA_LOSS', async () => {
    const written = await write(FILES);
    const toc = await findToc(countingContent(written.blob), written.descriptor);
    const content = countingContent(written.blob.subarray(0, -200));
    expect(await codeOf(openTocLayer({ ...initOf(written), content }))).toBe('DATA_LOSS');
    const layer = await openTocLayer({ ...initOf(written), toc });
    expect(layer.verified).toBe(true);
    const whole = countingContent(written.blob);
    const cut = countingContent(written.blob.subarray(0, 100));
    let opened = false;
    const changing: TocLayerInit['content'] = {
      open: (digest, options) => (opened ? cut : whole).open(digest, options),
    };
    const late = await openTocLayer({ ...initOf(written), toc, content: changing });
    opened = true;
    const read = late.readFile('tail').then((stream) => collect(stream, { maxBytes: 100 }));
    expect(await codeOf(read)).toBe('DATA_LOSS');
  });

  it('of which single bytes are spoilt gives what was written, or an error of a known code', async () => {
    const written = await write(FILES);
    const { annotations: _annotations, ...bare } = written.descriptor;
    const random = seededRandom(5);
    for (let i = 0; i < 60; i++) {
      const blob = written.blob.slice();
      const at = Math.floor(random() * blob.length);
      blob[at] = Math.floor(random() * 256);
      const content = countingContent(blob);
      try {
        await readAll({ content, descriptor: bare, diffId: written.diffId });
      } catch (error) {
        expect(isStowageError(error)).toBe(true);
      }
    }
  });
});

async function offsetOf(write: Write, name: string): Promise<number> {
  let offset = 0;
  await write(FILES, {
    edit: ({ entries }) => {
      offset = Number(entries.find((entry) => entry['name'] === name)?.['offset']);
    },
  });
  return offset;
}

describe('a table that is a bomb', () => {
  const zeros = new Uint8Array(1 << 20);

  it('of zstd:chunked ends at the size that it was said to have', async () => {
    const packed = await collect(streamOf(zeros).pipeThrough(zstd()), { maxBytes: 1 << 20 });
    const footer = skippable(chunkedFooter([8, packed.length, 100, 1]));
    const blob = join([skippable(packed), footer]);
    const digest = await digestBytes(blob);
    const descriptor = { mediaType: 'x', digest, size: blob.length };
    const init = { content: countingContent(blob), descriptor, diffId: digest as never };
    expect(await codeOf(openTocLayer(init))).toBe('LIMIT_EXCEEDED');
  });

  it('of eStargz ends at the limit', async () => {
    const bytes = encoder.encode(`{"version":1,"entries":[],"x":"${' '.repeat(4 << 20)}"}`);
    const written = await writeEstargz(FILES, { json: bytes });
    const limits = { maxTocBytes: 1 << 20 };
    expect(await codeOf(openTocLayer({ ...initOf(written), limits }))).toBe('LIMIT_EXCEEDED');
  });

  it('or has one for a chunk is not unpacked further than the chunk goes', async () => {
    const bomb = await collect(streamOf(...new Array<Bytes>(64).fill(zeros)).pipeThrough(gzip()), {
      maxBytes: 1 << 20,
    });
    const json = {
      name: 'a',
      type: 'reg',
      size: 10,
      offset: 1,
      chunkDigest: await digestBytes(new Uint8Array(10)),
    };
    const written = await writeEstargz([], {
      json: encoder.encode(JSON.stringify({ version: 1, entries: [json] })),
    });
    // One byte, then the bomb, then the table.
    const table = written.blob.subarray(written.tocOffset, -51);
    const blob = join([Uint8Array.of(0), bomb, table, stargzFooter(1 + bomb.length)]);
    const content = countingContent(blob);
    const layer = await openTocLayer({
      ...initOf(written),
      content,
      descriptor: { ...written.descriptor, size: blob.length },
    });
    const before = content.bytes;
    expect(await collect(await layer.readFile('a'), { maxBytes: 10 })).toEqual(new Uint8Array(10));
    expect(content.bytes - before).toBeLessThanOrEqual(8192);
  });
});
