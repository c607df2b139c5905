import { collect, createInflater, createTarWriter, streamOf, zstd } from '@stowage/core';
import type { Checkpoint } from '@stowage/core';
import {
  decodeSeekIndex,
  encodeSeekIndex,
  openImageView,
  openLayerStore,
  openTocLayer,
} from '@stowage/layer-store';
import type { ImageView } from '@stowage/layer-store';
import { createMemoryStorage } from '@stowage/storage';
import { digestKey } from '@stowage/types';
import type { Bytes, LayerReader } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { countingContent } from '../../packages/layer-store/src/test-support/counting-content.ts';
import { gzip, join, withContent } from '../../packages/layer-store/src/test-support/layers.ts';
import { writeEstargz, writeZstdChunked } from '../../packages/layer-store/src/test-support/toc-layers.ts';
import { seededRandom } from '../support/random.ts';

const KIB = 1024;
const READS = 10_000;
/** Through tables of contents, and through the few checkpoints that a store keeps. */
const FEWER_READS = 1000;
/** How much of a layer a frame has. */
const FRAME = 24 * KIB;

interface File {
  readonly name: string;
  readonly content: Bytes;
}

interface Packed {
  readonly blob: Bytes;
  /** More of them than a store keeps: reading must not get dearer for their number, nor be wrong at any of them. */
  readonly checkpoints: readonly Checkpoint[];
}

/** Files of all sizes up to `most` bytes, about half of which does not compress. */
function someFiles(count: number, most: number): File[] {
  const random = seededRandom(11);
  return Array.from({ length: count }, (_, n) => {
    const content = new Uint8Array(Math.floor(random() ** 2 * most));
    for (let at = 0; at < content.length; at++) content[at] = at % 64 < 32 ? random() * 256 : n;
    return { name: `d${String(n % 7)}/f${String(n)}`, content };
  });
}

function tarOf(files: readonly File[]): Bytes {
  const tar = createTarWriter();
  return join([...files.flatMap(({ name, content }) => tar.entry({ name }, content)), tar.end()]);
}

/** A checkpoint wherever two of them can be. */
async function packGzip(tar: Bytes): Promise<Packed> {
  const blob = await gzip(tar);
  const inflater = await createInflater({ checkpointEvery: 1, onOutput: () => undefined });
  inflater.write(blob);
  inflater.end();
  return { blob, checkpoints: inflater.checkpoints };
}

/** A checkpoint before each frame but the first. */
async function packZstd(tar: Bytes): Promise<Packed> {
  const frames: Bytes[] = [];
  const checkpoints: Checkpoint[] = [];
  let end = 0;
  for (let at = 0; at < tar.length; at += FRAME) {
    if (at > 0) checkpoints.push({ in: end, bits: 0, out: at, window: new Uint8Array(0) });
    const frame = streamOf(tar.subarray(at, at + FRAME)).pipeThrough(zstd());
    const packed = await collect(frame, { maxBytes: 2 * FRAME });
    frames.push(packed);
    end += packed.length;
  }
  return { blob: join(frames), checkpoints };
}

/** Reads parts of files chosen by chance, and counts those that are not what the files have there. */
async function wrongReads(view: ImageView, files: readonly File[], reads: number): Promise<number> {
  const random = seededRandom(reads);
  const below = (limit: number): number => Math.floor(random() * limit);
  let wrong = 0;
  for (let n = 0; n < reads; n++) {
    const { name, content } = files[below(files.length)] ?? { name: '', content: new Uint8Array(0) };
    const offset = below(content.length + 1);
    const length = below(n % 20 === 0 ? 64 * KIB : KIB);
    const wanted = content.subarray(offset, offset + length);
    const read = await collect(await view.readFile(name, { offset, length }), { maxBytes: length });
    if (Buffer.compare(read, wanted) !== 0) wrong += 1;
  }
  return wrong;
}

describe.each([
  ['gzip', packGzip],
  ['zstd', packZstd],
] as const)('random reads of a layer of %s', (format, pack) => {
  it('are those of the whole through its stored index', async () => {
    const files = someFiles(60, 256 * KIB);
    const tar = tarOf(files);
    const { blob, checkpoints } = await pack(tar);
    const storage = createMemoryStorage();
    const stored = await (await openLayerStore({ storage })).register(streamOf(blob));
    const key = digestKey(stored.diffId);
    expect(await wrongReads(await openImageView([stored]), files, FEWER_READS / 10)).toBe(0);

    const record = await storage.metadata.get('seek', key);
    const index = await decodeSeekIndex(record ?? new Uint8Array(0));
    expect(index).toMatchObject({ format, diffSize: tar.length });
    expect(checkpoints.length).toBeGreaterThan(30);
    await storage.metadata.set('seek', key, await encodeSeekIndex({ ...index, checkpoints }));
    let moved = 0;
    const counting = withContent(storage, {
      open: (digest, options) => {
        moved += options?.length ?? blob.length;
        return storage.content.open(digest, options);
      },
    });
    const layer = await (await openLayerStore({ storage: counting })).get(stored.chainId);
    expect(await wrongReads(await openImageView([layer]), files, READS)).toBe(0);
    // What is between two checkpoints, and not all that comes before.
    expect(moved / READS).toBeLessThan(2 * FRAME);
    expect(moved / READS).toBeGreaterThan(FRAME / 4);
  });
});

describe.each([
  ['eStargz', writeEstargz],
  ['zstd:chunked', writeZstdChunked],
] as const)('random reads of a layer of %s', (_, write) => {
  it('are those of the whole through its table of contents', async () => {
    const files = someFiles(40, 64 * KIB).filter(({ content }) => content.length > 0);
    const { blob, descriptor, diffId } = await write(files, { chunkSize: 8 * KIB });
    const layer: LayerReader = await openTocLayer({ content: countingContent(blob), descriptor, diffId });
    expect(await wrongReads(await openImageView([layer]), files, FEWER_READS)).toBe(0);
  });
});
