import { collect, createTarWriter, digestBytes, findCheckpoint, streamOf, zstd } from '@stowage/core';
import { MEDIA_TYPES } from '@stowage/types';
import type { Bytes, ByteStream, Descriptor, DiffID, RangeOptions } from '@stowage/types';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeSeekIndex } from '../seek/decode-seek-index.ts';
import type { SeekIndex } from '../seek/seek-index.ts';
import { codeOf, gzip, join, tarOf, textOf } from '../test-support/layers.ts';
import { openImageView } from '../view/image-view.ts';
import { buildSeekIndex } from './build-seek-index.ts';
import { openSeekableLayer } from './seekable-layer.ts';

const SMALL = tarOf({ 'etc/motd': 'hello', 'etc/issue': 'world' });

/** Text that can be compressed about as well as that of a layer. */
function textual(length: number): Bytes {
  const bytes = new Uint8Array(length);
  let state = 7;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = (state >>> 16) % 7 === 0 || at < 100 ? 97 + ((state >>> 24) % 26) : (bytes[at - 97] ?? 0);
  }
  return bytes;
}

function largeTar(): Bytes {
  const writer = createTarWriter();
  const text = textual(6 << 20);
  const parts: Bytes[] = [];
  for (let at = 0; at < text.length; at += 100_000) {
    parts.push(...writer.entry({ name: `f/${String(at)}` }, text.subarray(at, at + 100_000)));
  }
  return join([...parts, ...writer.entry({ name: 'last' }, text.subarray(0, 4096)), writer.end()]);
}

/** Frames of 700,000 bytes, and one that is passed over. */
async function zstdFrames(bytes: Bytes): Promise<Bytes> {
  const frames: Bytes[] = [Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3)];
  for (let at = 0; at < bytes.length; at += 700_000) {
    const frame = streamOf(bytes.subarray(at, at + 700_000)).pipeThrough(zstd());
    frames.push(await collect(frame, { maxBytes: 1 << 24 }));
  }
  return join(frames);
}

/** Comparing large arrays by `toEqual` takes seconds. */
function isEqual(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

interface Remote {
  readonly content: { open(digest: string, options?: RangeOptions): Promise<ByteStream> };
  readonly descriptor: Descriptor;
  /** Bytes that were asked for. */
  moved: number;
}

async function remoteOf(blob: Bytes): Promise<Remote> {
  const descriptor = { mediaType: MEDIA_TYPES.ociLayer, digest: await digestBytes(blob), size: blob.length };
  const remote: Remote = {
    descriptor,
    moved: 0,
    content: {
      open: (digest, { offset = 0, length = blob.length, signal } = {}) => {
        expect(digest).toBe(descriptor.digest);
        signal?.throwIfAborted();
        remote.moved += length;
        // A blob of its own each time, in pieces that nothing of is aligned to.
        const piece = blob.slice(offset, offset + length);
        return Promise.resolve(streamOf(piece.subarray(0, 1000), piece.subarray(1000)));
      },
    },
  };
  return remote;
}

describe.each([
  ['plain', (bytes: Bytes) => Promise.resolve(bytes)],
  ['gzip', gzip],
  ['zstd', zstdFrames],
  [
    'gzip of two members',
    async (bytes: Bytes) =>
      join([await gzip(bytes.subarray(0, 3_333_333)), await gzip(bytes.subarray(3_333_333))]),
  ],
] as const)('a layer of %s', (name, pack) => {
  const tar = largeTar();
  let remote: Remote;
  let encoded: Bytes;
  let index: SeekIndex;
  beforeAll(async () => {
    remote = await remoteOf(await pack(tar));
    const { content, descriptor } = remote;
    const diffId = (await digestBytes(tar)) as unknown as DiffID;
    encoded = await buildSeekIndex({ content, descriptor, diffId, worker: false });
    index = await decodeSeekIndex(encoded);
    expect(remote.moved).toBe(descriptor.size);
  });

  it('has an index of less than a hundredth of it', () => {
    expect(encoded.length).toBeLessThan(remote.descriptor.size / 100);
    expect(index).toMatchObject({ diffSize: tar.length, format: name.slice(0, 4).replace('plai', 'plain') });
    expect(index.entries.length).toBe(64);
    if (name === 'plain') expect(index.checkpoints).toEqual([]);
    else expect(index.checkpoints.length).toBeGreaterThan(0);
  });

  it('gives any part as if all of it were unpacked', async () => {
    const { content, descriptor } = remote;
    const layer = await openSeekableLayer({ content, descriptor, index });
    const ends = index.checkpoints.flatMap(({ out }) => [out - 1, out, out + 1]);
    const place = fc.oneof(fc.nat(tar.length - 1), fc.constantFrom(0, tar.length - 1, ...ends));
    await fc.assert(
      fc.asyncProperty(
        place,
        fc.oneof(fc.nat(3000), fc.constantFrom(1, 100_000, 2_000_000)),
        async (offset, most) => {
          const length = Math.min(most, tar.length - offset);
          const bytes = await collect(await layer.readRange(offset, length), { maxBytes: length });
          expect(bytes.length).toBe(length);
          expect(isEqual(bytes, tar.subarray(offset, offset + length))).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('moves no more than is between two checkpoints for the last file', async () => {
    const { content, descriptor } = remote;
    const layer = await openSeekableLayer({ content, descriptor, index: encoded });
    remote.moved = 0;
    const view = await openImageView([layer]);
    expect(view.list('f').length).toBe(63);
    expect(remote.moved).toBe(0);
    const body = await collect(await view.readFile('last'), { maxBytes: 4096 });
    expect(body).toEqual(textual(4096));
    const { offset } = view.stat('last');
    const from = findCheckpoint(index.checkpoints, offset)?.in ?? 0;
    expect(remote.moved).toBe(name === 'plain' ? 4096 : descriptor.size - from);
    expect(remote.moved).toBeLessThan(descriptor.size / 2);
  });
});

describe('openSeekableLayer', () => {
  it('offers a whole reader of a layer, verified where all of it is read', async () => {
    const { content, descriptor } = await remoteOf(await gzip(SMALL));
    const index = await buildSeekIndex({ content, descriptor });
    const layer = await openSeekableLayer({ content, descriptor, index });
    expect(await collect(await layer.tarStream(), { maxBytes: SMALL.length })).toEqual(SMALL);
    expect(await textOf(layer.readFile('etc/issue'))).toBe('world');
    expect(await codeOf(layer.readFile('etc/none'))).toBe('NOT_FOUND');
    expect(await textOf(layer.readRange(0, 0))).toBe('');
    expect(await codeOf(layer.readRange(SMALL.length, 1))).toBe('DATA_LOSS');
    const other = {
      open: async () => streamOf(await gzip(tarOf({ 'etc/motd': 'HELLO', 'etc/issue': 'world' }))),
    };
    const swapped = await openSeekableLayer({ content: other, descriptor, index });
    expect(await codeOf(collect(await swapped.tarStream(), { maxBytes: SMALL.length }))).toBe('DATA_LOSS');
  });

  it('refuses an index of another blob or layer, and one that is none', async () => {
    const { content, descriptor } = await remoteOf(await gzip(SMALL));
    const index = await buildSeekIndex({ content, descriptor });
    const other = await remoteOf(SMALL);
    const wrong = { ...(await decodeSeekIndex(index)), diffId: other.descriptor.digest as unknown as DiffID };
    expect(wrong.diffId).toBe((await decodeSeekIndex(index)).diffId);
    const open = (change: object): Promise<unknown> =>
      openSeekableLayer({ content, descriptor, index, ...change });
    expect(await codeOf(open({ descriptor: other.descriptor }))).toBe('DIGEST_MISMATCH');
    expect(await codeOf(open({ descriptor: { ...descriptor, size: 1 } }))).toBe('DIGEST_MISMATCH');
    expect(await codeOf(open({ diffId: descriptor.digest }))).toBe('DIGEST_MISMATCH');
    expect(await codeOf(open({ index: index.subarray(1) }))).toBe('INVALID_ARCHIVE');
    expect(await codeOf(open({ diffId: wrong.diffId }))).toBe(undefined);
  });

  it('fails where the blob is cut short, damaged or out of reach', async () => {
    const blob = await gzip(SMALL);
    const { content, descriptor } = await remoteOf(blob);
    const index = await buildSeekIndex({ content, descriptor });
    const reading = async (open: () => Promise<ByteStream>): Promise<string | undefined> => {
      const layer = await openSeekableLayer({ content: { open }, descriptor, index });
      return codeOf(layer.readRange(0, 600).then((stream) => collect(stream, { maxBytes: 600 })));
    };
    expect(await reading(() => Promise.resolve(streamOf(blob.slice(0, 15))))).toBe('DATA_LOSS');
    expect(await reading(() => Promise.resolve(streamOf(new Uint8Array(100))))).toBe('DATA_LOSS');
    expect(await reading(() => Promise.reject(new Error('away')))).toBe('Error: away');
    const broken = new ReadableStream<Bytes>({
      pull: (controller) => {
        controller.error(new Error('torn'));
      },
    });
    expect(await reading(() => Promise.resolve(broken))).toBe('Error: torn');
  });

  it('lets go of the blob when a reader leaves, and of one that is aborted', async () => {
    const blob = await gzip(SMALL);
    const { content, descriptor } = await remoteOf(blob);
    const index = await buildSeekIndex({ content, descriptor });
    let cancelled: unknown;
    const endless = (): Promise<ByteStream> =>
      Promise.resolve(
        new ReadableStream<Bytes>({
          start: (controller) => {
            controller.enqueue(blob.slice(0, 20));
          },
          cancel: (reason) => {
            cancelled = reason;
          },
        }),
      );
    const layer = await openSeekableLayer({ content: { open: endless }, descriptor, index });
    const stream = await layer.readRange(0, 600);
    await stream.cancel('enough');
    expect(cancelled).toBe('enough');
    const reason = new Error('stop');
    const signal = AbortSignal.abort(reason);
    await expect(layer.readRange(0, 600, { signal })).rejects.toBe(reason);
    await expect(buildSeekIndex({ content, descriptor }, { signal })).rejects.toBe(reason);
  });
});

describe('buildSeekIndex', () => {
  it('refuses another layer, another size, and what is too large', async () => {
    const { content, descriptor } = await remoteOf(await gzip(SMALL));
    const diffId = descriptor.digest as unknown as DiffID;
    expect(await codeOf(buildSeekIndex({ content, descriptor, diffId }))).toBe('DIGEST_MISMATCH');
    const larger = { ...descriptor, size: descriptor.size + 1 };
    expect(await codeOf(buildSeekIndex({ content, descriptor: larger }))).toBe('SIZE_MISMATCH');
    for (const limits of [{ maxIndexedEntries: 1 }, { maxIndexedEntries: 0 }, { maxLayerBytes: 100 }]) {
      expect(await codeOf(buildSeekIndex({ content, descriptor, limits }))).toBe('LIMIT_EXCEEDED');
    }
    const text = await remoteOf(new Uint8Array(700).fill(97));
    expect(await codeOf(buildSeekIndex(text))).toBe('INVALID_ARCHIVE');
  });
});
