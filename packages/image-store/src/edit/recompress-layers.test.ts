import { collect, createTarWriter, decompress, digestBytes, streamOf, tapStream } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { MEDIA_TYPES } from '@stowage/types';
import type { Bytes, ByteStream, ContentStore, Descriptor, Digest, DiffID } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { appendLayer } from './append-layer.ts';
import { convertImage } from './convert-image.ts';
import type { EditableImage } from './editable-image.ts';
import { recompressLayers } from './recompress-layers.ts';
import { layerOf, SCRATCH } from '../test-support/sample-images.ts';

/** `hello`, gzipped. */
const HELLO = Uint8Array.from(atob('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=='), (character) =>
  character.charCodeAt(0),
);
const PLAIN = new TextEncoder().encode('hello');
const diffId = (await digestBytes(PLAIN)) as DiffID;

let content: ContentStore;
let image: EditableImage;
let gzipped: Descriptor;

async function put(bytes: Bytes): Promise<Pick<Descriptor, 'digest' | 'size'>> {
  const ingest = await content.ingest('put');
  await ingest.write(bytes);
  const { digest, size } = await ingest.commit();
  return { digest, size };
}

beforeEach(async () => {
  ({ content } = createMemoryStorage());
  gzipped = { mediaType: MEDIA_TYPES.ociLayerGzip, ...(await put(HELLO)), annotations: { made: 'by hand' } };
  image = appendLayer(SCRATCH, { descriptor: gzipped, diffId });
});

async function ingests(): Promise<number> {
  let open = 0;
  for await (const _ of content.ingests()) open += 1;
  return open;
}

/** What is in a layer. */
async function plain(layer: Descriptor | undefined): Promise<Bytes> {
  const stored = await content.open(layer?.digest as Digest);
  return collect(stored.pipeThrough(decompress()), { maxBytes: 4 << 20 });
}

describe('recompressLayers', () => {
  it('turns gzip into zstd, and the image keeps its ID', async () => {
    const rawConfig = new Uint8Array([1]);
    const twice = appendLayer(image, { descriptor: gzipped, diffId });
    const leased: Digest[] = [];
    const lease = {
      add: (digests: Iterable<Digest>): Promise<void> => {
        leased.push(...digests);
        return Promise.resolve();
      },
    };
    const result = await recompressLayers({ ...twice, rawConfig }, content, 'zstd', { lease });
    const [first, second] = result.layers;
    expect(first).toMatchObject({
      mediaType: MEDIA_TYPES.ociLayerZstd,
      annotations: { made: 'by hand' },
    });
    expect(second).toEqual(first);
    expect(leased).toEqual([first?.digest]);
    expect(result.rawConfig).toBe(rawConfig);
    expect(result.rawManifest).toBeUndefined();
    expect(await plain(first)).toEqual(PLAIN);
    expect(await ingests()).toBe(0);
  });

  it('turns what it can read into plain tar, in docker too', async () => {
    const result = await recompressLayers(convertImage(image, 'docker'), content, 'none');
    expect(result.layers).toEqual([
      { mediaType: MEDIA_TYPES.dockerLayer, digest: diffId, size: 5, annotations: { made: 'by hand' } },
    ]);
    const again = await recompressLayers(result, content, 'none');
    expect(again).toBe(result);
  });

  it('gives the same bytes however a layer comes, with other ways of compressing too', async () => {
    const text = new TextEncoder().encode('the same line over and over\n'.repeat(2000));
    const tar = createTarWriter();
    const archive = await collect(streamOf(...tar.entry({ name: 'file' }, text), tar.end()), {
      maxBytes: 4 << 20,
    });
    const other = (await digestBytes(archive)) as DiffID;
    const gzip = await collect(
      streamOf(archive).pipeThrough(new CompressionStream('gzip') as TransformStream<Bytes, Bytes>),
      { maxBytes: 4 << 20 },
    );
    const layers = [
      { mediaType: MEDIA_TYPES.ociLayer, ...(await put(archive)) },
      { mediaType: MEDIA_TYPES.ociLayerGzip, ...(await put(gzip)) },
    ];
    const made = layers.map((descriptor) => appendLayer(SCRATCH, { descriptor, diffId: other }));
    const [one, two] = await Promise.all(made.map((subject) => recompressLayers(subject, content, 'zstd')));
    expect(two?.layers).toEqual(one?.layers);
    expect(one?.layers[0]?.size).toBeLessThan(1000);
    expect(await plain(one?.layers[0])).toEqual(archive);
    const back = await recompressLayers(one as EditableImage, content, 'none');
    expect(back.layers).toEqual([layers[0]]);
  });

  it('leaves foreign layers alone', async () => {
    const foreign = layerOf('1', MEDIA_TYPES.dockerForeignLayerGzip);
    const mixed = appendLayer(image, foreign);
    const { layers } = await recompressLayers(mixed, content, 'none');
    expect(layers[1]).toBe(mixed.layers[1]);
    expect(layers[0]?.mediaType).toBe(MEDIA_TYPES.ociLayer);
  });

  it('refuses what docker has no type for, before anything is written', async () => {
    await expect(recompressLayers(convertImage(image, 'docker'), content, 'zstd')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
    expect(await ingests()).toBe(0);
  });

  it.each<[string, (source: ByteStream) => ByteStream, string]>([
    ['a layer that is another than the configuration says', (source) => source, 'DATA_LOSS'],
    [
      'a compressor that fails',
      (source) =>
        tapStream(source, {
          onBytes: () => {
            throw new Error('broken');
          },
        }),
      'broken',
    ],
  ])('keeps nothing of %s', async (_, compress, expected) => {
    const other = appendLayer(SCRATCH, { descriptor: gzipped, diffId: layerOf('1').diffId });
    const failing = recompressLayers(expected === 'DATA_LOSS' ? other : image, content, {
      compression: 'zstd',
      compress,
    });
    const error: unknown = await failing.catch((caught: unknown) => caught);
    expect([(error as { code?: string }).code, (error as Error).message]).toContain(expected);
    expect(await ingests()).toBe(0);
  });

  it('has a limit, and can be aborted', async () => {
    await expect(recompressLayers(image, content, 'none', { maxLayerBytes: 4 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(recompressLayers(image, content, 'none', { signal })).rejects.toBe(reason);
    await expect(recompressLayers(appendLayer(SCRATCH, layerOf('1')), content, 'none')).rejects.toMatchObject(
      {
        code: 'NOT_FOUND',
      },
    );
  });

  it('checks a blob that two layers name against both', async () => {
    const lying = appendLayer(image, { descriptor: gzipped, diffId: layerOf('1').diffId });
    await expect(recompressLayers(lying, content, 'none')).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: `layer ${gzipped.digest} has the DiffID ${diffId}, and should have ${layerOf('1').diffId}`,
    });
  });
});
