import { digestBytes } from '@stowage/core';
import { openTocLayer, writeZtoc } from '@stowage/layer-store';
import type { TocLayerInit } from '@stowage/layer-store';
import { isStowageError } from '@stowage/types';
import type { Bytes, Digest } from '@stowage/types';
import { beforeAll, describe, expect, it } from 'vitest';
import { countingContent } from '../../packages/layer-store/src/test-support/counting-content.ts';
import { codeOf } from '../../packages/layer-store/src/test-support/layers.ts';
import { sampleFiles, writeGzip } from '../../packages/layer-store/src/test-support/toc-layers.ts';
import type { GzipLayer } from '../../packages/layer-store/src/test-support/toc-layers.ts';
import { FlatWriter } from '../../packages/layer-store/src/toc/flat-writer.ts';
import type { FlatField, FlatReference } from '../../packages/layer-store/src/toc/flat-writer.ts';
import { encodeCheckpoints } from '../../packages/layer-store/src/toc/ztoc-spans.ts';
import { seededRandom } from '../support/random.ts';
import { initOf, readAll } from './support/toc.ts';

// Tables of contents are written by whoever wrote the layer, and a range of a blob is verified by nothing else.

const encoder = new TextEncoder();

describe('a ztoc', () => {
  let layer: GzipLayer;
  let good: Bytes;
  beforeAll(async () => {
    layer = await writeGzip(sampleFiles(200_000));
    good = await writeZtoc({ content: countingContent(layer.blob), ...layer });
  });

  interface Raw {
    readonly size?: number;
    readonly plainSize?: number;
    readonly algorithm?: number;
    readonly maxSpan?: number;
    readonly digests?: readonly string[];
    readonly checkpoints?: Bytes;
    readonly files?: readonly FlatReference[];
    readonly compression?: FlatField;
  }

  const text = (value: string): FlatReference => ({ bytes: encoder.encode(value), text: true });
  const long = (value: number): FlatField => ({ int: 8, value });
  const file = (offset: number, size: number, name = 'a', type = 'reg'): FlatReference => ({
    table: [text(name), text(type), long(offset), long(size)],
  });
  const one = (): Bytes => encodeCheckpoints([{ in: 10, bits: 0, out: 0, window: new Uint8Array(0) }]);

  function rawZtoc(raw: Raw): Bytes {
    const digests = raw.digests ?? [`sha256:${'0'.repeat(64)}`];
    const compression: FlatField = {
      table: [
        { int: 1, value: raw.algorithm ?? 1 },
        { int: 4, value: raw.maxSpan ?? digests.length - 1 },
        { list: digests.map(text) },
        { bytes: raw.checkpoints ?? one(), text: false },
      ],
    };
    return new FlatWriter().write([
      ...[text('0.9'), undefined, long(raw.size ?? layer.blob.length), long(raw.plainSize ?? layer.diffSize)],
      { table: [{ list: raw.files ?? [] }] },
      'compression' in raw ? raw.compression : compression,
    ]);
  }

  function changed(at: number, value: bigint, count = 1): Bytes {
    const points = Array.from({ length: count }, (_, i) => ({
      ...{ in: 10 + 100 * i, bits: 0, out: 40_000 * i, window: new Uint8Array(0) },
    }));
    const bytes = encodeCheckpoints(points);
    new DataView(bytes.buffer).setBigInt64(at, value, true);
    return bytes;
  }

  const TWO = [`sha256:${'0'.repeat(64)}`, `sha256:${'0'.repeat(64)}`];
  const SECOND = 12 + 17 + 32_768;

  it.each<[string, () => Bytes, string]>([
    ['of no bytes', () => new Uint8Array(0), 'INVALID_ARCHIVE'],
    ['of zeros', () => new Uint8Array(1000), 'INVALID_ARCHIVE'],
    ['of ones', () => new Uint8Array(1000).fill(255), 'INVALID_ARCHIVE'],
    ['of another layer', () => rawZtoc({ size: 7 }), 'INVALID_ARCHIVE'],
    ['of a layer of less than nothing', () => rawZtoc({ plainSize: -1 }), 'INVALID_ARCHIVE'],
    ['of a layer beyond all limits', () => rawZtoc({ plainSize: 2 ** 50 }), 'LIMIT_EXCEEDED'],
    ['of a layer that is not compressed', () => rawZtoc({ algorithm: 2 }), 'UNSUPPORTED'],
    ['without compression', () => rawZtoc({ compression: undefined }), 'INVALID_ARCHIVE'],
    ['with fewer digests than spans', () => rawZtoc({ maxSpan: 3 }), 'INVALID_ARCHIVE'],
    ['with more digests than checkpoints', () => rawZtoc({ digests: [...TWO, ...TWO] }), 'INVALID_ARCHIVE'],
    [
      'with a digest many times',
      () => rawZtoc({ digests: new Array<string>(1000).fill(TWO[0] ?? '') }),
      'INVALID_ARCHIVE',
    ],
    ['with a digest that is none', () => rawZtoc({ digests: ['x'] }), 'INVALID_ARCHIVE'],
    ['without checkpoints', () => rawZtoc({ checkpoints: new Uint8Array(0) }), 'INVALID_ARCHIVE'],
    ['with part of a checkpoint', () => rawZtoc({ checkpoints: one().subarray(0, -1) }), 'INVALID_ARCHIVE'],
    ['with 2^32 checkpoints', () => rawZtoc({ checkpoints: changed(0, -1n) }), 'INVALID_ARCHIVE'],
    ['that begins elsewhere', () => rawZtoc({ checkpoints: changed(20, 5n) }), 'INVALID_ARCHIVE'],
    [
      'with a checkpoint before the layer',
      () => rawZtoc({ checkpoints: changed(12, -5n) }),
      'INVALID_ARCHIVE',
    ],
    ['with a checkpoint in the header', () => rawZtoc({ checkpoints: changed(12, 3n) }), 'INVALID_ARCHIVE'],
    [
      'with a checkpoint behind the layer',
      () => rawZtoc({ checkpoints: changed(12, 1n << 40n) }),
      'INVALID_ARCHIVE',
    ],
    [
      'with a checkpoint beyond 2^53',
      () => rawZtoc({ checkpoints: changed(12, 1n << 60n) }),
      'INVALID_ARCHIVE',
    ],
    [
      'with checkpoints in another order',
      () => rawZtoc({ digests: TWO, checkpoints: changed(SECOND, 10n, 2) }),
      'INVALID_ARCHIVE',
    ],
    [
      'with checkpoints of one place',
      () => rawZtoc({ digests: TWO, checkpoints: changed(SECOND + 8, 0n, 2) }),
      'INVALID_ARCHIVE',
    ],
    ['with files that overlap', () => rawZtoc({ files: [file(512, 100), file(600, 5)] }), 'INVALID_ARCHIVE'],
    ['with a file beyond the end', () => rawZtoc({ files: [file(512, 2 ** 30)] }), 'INVALID_ARCHIVE'],
    ['with a file at less than nothing', () => rawZtoc({ files: [file(-512, 1)] }), 'INVALID_ARCHIVE'],
    ['with a file of type nothing', () => rawZtoc({ files: [file(512, 1, 'a', '')] }), 'INVALID_ARCHIVE'],
    ['with a link as the root', () => rawZtoc({ files: [file(512, 0, '..', 'symlink')] }), 'INVALID_ARCHIVE'],
    [
      'with a name that is too long',
      () => rawZtoc({ files: [file(512, 1, 'a'.repeat(5000))] }),
      'LIMIT_EXCEEDED',
    ],
  ])('%s is refused', async (_, make, code) => {
    expect(await codeOf(openTocLayer({ ...initOf(layer), ztoc: make() }))).toBe(code);
  });

  it('has limits', async () => {
    for (const limits of [
      { maxTocBytes: 1000 },
      { maxSpanBytes: 10 },
      { maxSpanBytes: 40_000 },
      { maxLayerBytes: 1000 },
      { tar: { maxEntries: 3 } },
      { tar: { maxTotalText: 10 } },
    ]) {
      expect(await codeOf(openTocLayer({ ...initOf(layer), ztoc: good, limits }))).toBe('LIMIT_EXCEEDED');
    }
  });

  it('is verified, and is of one layer', async () => {
    const [stored, table] = [countingContent(layer.blob), countingContent(good)];
    const content: TocLayerInit['content'] = {
      open: (name, options) => (name === layer.descriptor.digest ? stored : table).open(name, options),
    };
    const digest = await digestBytes(good);
    const ztoc = { mediaType: 'application/octet-stream', digest, size: good.length };
    const named = (name: string): TocLayerInit => ({
      ...{ ...initOf(layer), content },
      ztoc: { ...ztoc, annotations: { 'com.amazon.soci.image-layer-digest': name } },
    });
    expect((await openTocLayer(named(layer.descriptor.digest))).verified).toBe(true);
    expect(await codeOf(openTocLayer(named(digest)))).toBe('INVALID_ARCHIVE');
    const other = { ...ztoc, digest: `sha256:${'0'.repeat(64)}` as Digest };
    expect(await codeOf(openTocLayer({ ...initOf(layer), content, ztoc: other }))).toBe('DIGEST_MISMATCH');
    const limits = { maxTocBytes: 10 };
    expect(await codeOf(openTocLayer({ ...initOf(layer), content, ztoc, limits }))).toBe('LIMIT_EXCEEDED');
  });

  it('gives nothing of a span that is not the one it is of', async () => {
    const blob = layer.blob.slice();
    blob[blob.length - 300] = (blob[blob.length - 300] ?? 0) ^ 1;
    const opened = await openTocLayer({ ...initOf({ ...layer, blob }), ztoc: good });
    const reader = (await opened.readFile('tail')).getReader();
    expect(await codeOf(reader.read())).toBe('DIGEST_MISMATCH');
    const cut = await openTocLayer({ ...initOf({ ...layer, blob: layer.blob.subarray(0, 50) }), ztoc: good });
    expect(await codeOf((await cut.readFile('tail')).getReader().read())).toBe('DATA_LOSS');
  });

  it('of which bytes are spoilt gives an error of a known code, or is read', async () => {
    const random = seededRandom(9);
    // All but the windows, which are verified by nobody and do no harm.
    const places = [...good.keys()].filter((at) => good[at] !== 0 || random() < 0.02);
    for (let i = 0; i < 100; i++) {
      const ztoc = good.slice();
      for (let n = 0; n < 3; n++)
        ztoc[places[Math.floor(random() * places.length)] ?? 0] = Math.floor(random() * 256);
      try {
        await readAll({ ...initOf(layer), ztoc });
      } catch (error) {
        expect(isStowageError(error)).toBe(true);
      }
    }
  });
});
