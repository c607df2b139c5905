// `npm run bench:storage`: content and layers against plain files and umoci, as ratios of one interleaved run; then a store
// of 10,000 blobs and 1,000 images: how long it takes to open, and to collect what nothing leads to.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLayerStore } from '@stowage/layer-store';
import { createMemoryStorage } from '@stowage/storage';
import { openFileStorage } from '@stowage/storage/node';
import type { Storage } from '@stowage/types';
import { openStowage } from 'stowage';
import { runCommand } from '../integration/support/run-command.ts';
import { buildImage } from '../support/image-builder.ts';
import type { BuiltImage } from '../support/image-builder.ts';
import { compare, report } from './support/compare.ts';
import { makeLargeStore } from './support/large-store.ts';
import { realisticEntries } from './support/layer-data.ts';
import { writeLayout } from './support/write-layout.ts';

/** What arrives from the network at a time. */
const CHUNK = 64 * 1024;
const SMALL_BLOBS = 200;

/** Runs the benches; answers the exit code. */
export async function main(): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-bench-'));
  try {
    const image = buildImage([await realisticEntries(['typescript', '@esbuild', 'vite', 'prettier'])]);
    const bytes = image.layers[0]?.bytes ?? new Uint8Array();
    console.log(
      `gzip layer of ${(bytes.length / 1e6).toFixed(1)} MB; ratios are times as fast, medians of 7 rounds\n`,
    );
    await benchContent(bytes, directory);
    await benchLayer(image, directory);
    console.log('');
    for (const [images, stray] of [
      [100, 700],
      [100, 9_600],
      [1_000, 6_000],
    ] as const) {
      await benchLargeStore(images, stray, directory);
    }
    return 0;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function benchContent(bytes: Uint8Array, directory: string): Promise<void> {
  const storage = await openFileStorage(join(directory, 'content'));
  let turn = 0;
  const plain = join(directory, 'plain');
  await mkdir(plain);
  /** Another content each time: what is there is not taken in again. */
  const variant = (source: Uint8Array): Uint8Array => {
    new DataView(source.buffer, source.byteOffset).setUint32(4, (turn += 1));
    return source;
  };
  const large = bytes.slice();
  report(
    'ingest and commit a layer / plain file, sha256 and one fsync',
    await compare(
      { name: 'storage', run: () => ingest(storage, variant(large)) },
      { name: 'plain', run: () => writePlain(plain, variant(large)) },
    ),
    0.9,
  );
  const small = new Uint8Array(1024);
  const repeat = async (work: () => Promise<void>): Promise<void> => {
    for (let count = 0; count < SMALL_BLOBS; count += 1) await work();
  };
  report(
    `ingest and commit ${SMALL_BLOBS} blobs of 1 KiB / plain files, the same`,
    await compare(
      { name: 'storage', run: () => repeat(() => ingest(storage, variant(small))) },
      { name: 'plain', run: () => repeat(() => writePlain(plain, variant(small))) },
    ),
  );
  await storage.close();
}

async function ingest({ content }: Storage, bytes: Uint8Array): Promise<void> {
  const one = await content.ingest('bench');
  for (let at = 0; at < bytes.length; at += CHUNK) await one.write(bytes.subarray(at, at + CHUNK));
  await one.commit();
}

async function writePlain(directory: string, bytes: Uint8Array): Promise<void> {
  const hash = createHash('sha256');
  const file = await open(join(directory, 'new'), 'w');
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const chunk = bytes.subarray(at, at + CHUNK);
    hash.update(chunk);
    await file.write(chunk);
  }
  await file.sync();
  await file.close();
  await rename(join(directory, 'new'), join(directory, hash.digest('hex')));
}

/** A stored blob becomes a layer: it is inflated, hashed and scanned. umoci inflates it, and writes its files. */
async function benchLayer(image: BuiltImage, directory: string): Promise<void> {
  const layout = join(directory, 'layout');
  await writeLayout(layout, image, 'v1');
  const out = join(directory, 'out');
  const [layer] = image.layers;
  if (layer === undefined) throw new Error('no layer was built');
  const umoci = {
    name: 'umoci',
    run: async () => {
      await rm(out, { recursive: true, force: true });
      await runCommand('umoci', ['raw', 'unpack', '--rootless', '--image', `${layout}:v1`, out]);
    },
  };
  const storage = createMemoryStorage();
  await ingest(storage, layer.bytes);
  const layers = await openLayerStore({ storage });
  const register = {
    name: 'layer-store',
    run: async () => {
      await layers.release(await layers.registerBlob(layer.descriptor));
    },
  };
  report('register a layer, DiffID verified / umoci raw unpack', await compare(register, umoci), 2);
}

async function benchLargeStore(images: number, stray: number, directory: string): Promise<void> {
  const root = join(directory, 'large');
  await makeLargeStore(root, images, stray);
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const begun = performance.now();
    await (await openStowage({ root })).close();
    times.push(performance.now() - begun);
  }
  await using stowage = await openStowage({ root });
  const begun = performance.now();
  const { blobs } = await stowage.gc();
  const collected = performance.now();
  await stowage.gc();
  const again = performance.now();
  console.log(
    `${images} images, ${images * 4 + stray} blobs: opens in ${Math.min(...times).toFixed(0)} ms, ` +
      `gc of ${blobs} blobs ${(collected - begun).toFixed(0)} ms, of none ${(again - collected).toFixed(0)} ms`,
  );
  await rm(root, { recursive: true });
}
