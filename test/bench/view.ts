// `npm run bench:view`: a view of an image, a file read from it, and the image extracted, against GNU tar and umoci, as
// ratios of one interleaved run.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { iterate } from '@stowage/core';
import { openImageView, openLayerStore } from '@stowage/layer-store';
import { extract } from '@stowage/layer-store/node';
import { openFileStorage } from '@stowage/storage/node';
import type { Layer } from '@stowage/types';
import { runCommand } from '../integration/support/run-command.ts';
import { buildImage } from '../support/image-builder.ts';
import type { BuiltImage } from '../support/image-builder.ts';
import { compare, report } from './support/compare.ts';
import { realisticEntries } from './support/layer-data.ts';
import { benchSeek } from './support/seek-bench.ts';
import { writeLayout } from './support/write-layout.ts';

/** Runs the benches; answers the exit code. */
export async function main(): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-bench-'));
  try {
    const image = buildImage([
      await realisticEntries(['typescript', '@esbuild']),
      await realisticEntries(['vite', 'prettier', 'eslint', '@typescript-eslint', 'undici', 'zod']),
    ]);
    const sizes = image.layers.map(({ bytes }) => `${(bytes.length / 1e6).toFixed(1)} MB`);
    console.log(`gzip layers of ${sizes.join(' and ')}; ratios are times as fast, medians of 7 rounds\n`);
    await bench(image, directory);
    await benchSeek(directory);
    return 0;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function bench(image: BuiltImage, directory: string): Promise<void> {
  const layout = join(directory, 'layout');
  await writeLayout(layout, image, 'v1');
  const tars = await Promise.all(
    image.layers.map(async ({ bytes }, index) => {
      const path = join(directory, `${String(index)}.tar.gz`);
      await writeFile(path, bytes);
      return path;
    }),
  );
  const store = join(directory, 'store');
  const storage = await openFileStorage(store);
  await registerImage(image, storage);

  report(
    'open a view and list it / tar -t of every layer',
    await compare(
      {
        name: 'stowage',
        run: async () => {
          const fresh = await openImageView(await stackOf(image, storage));
          if ([...fresh.walk()].length === 0) throw new Error('the image is empty');
        },
      },
      { name: 'tar', run: () => forEach(tars, (tar) => runCommand('tar', ['-tzvf', tar])) },
    ),
  );
  const view = await openImageView(await stackOf(image, storage));
  const top = image.layers.at(-1)?.diffId;
  const last = [...view.walk()]
    .filter(({ type, layer }) => type === 'file' && layer.diffId === top)
    .sort((a, b) => a.offset - b.offset)
    .at(-1);
  const path = last?.path ?? '';
  const tar = tars.at(-1) ?? '';
  report(
    'read the last file of a layer / tar -xO',
    await compare(
      { name: 'stowage', run: async () => drainOf(await view.readFile(path)) },
      { name: 'tar', run: () => discard(runCommand('tar', ['-xzOf', tar, path])) },
    ),
  );
  let turn = 0;
  const target = async (name: string): Promise<string> => {
    const to = join(directory, `${name}-${String((turn += 1))}`);
    await mkdir(to);
    return to;
  };
  const ours = {
    name: 'stowage',
    run: async () => {
      await extract(await stackOf(image, storage), { to: await target('extract') });
    },
  };
  report(
    'extract / umoci unpack',
    await compare(ours, {
      name: 'umoci',
      run: async () => {
        const bundle = join(await target('umoci'), 'bundle');
        await runCommand('umoci', ['unpack', '--image', `${layout}:v1`, bundle]);
      },
    }),
    1.5,
  );
  report(
    'extract / tar -x of every layer',
    await compare(ours, {
      name: 'tar',
      run: async () => {
        const to = await target('tar');
        await forEach(tars, (one) => runCommand('tar', ['-xzf', one, '-C', to]));
      },
    }),
  );
  await storage.close();
}

type Storage = Awaited<ReturnType<typeof openFileStorage>>;

async function registerImage(image: BuiltImage, storage: Storage): Promise<void> {
  const store = await openLayerStore({ storage });
  let parent: Layer | undefined;
  for (const { descriptor, bytes } of image.layers) {
    const ingest = await storage.content.ingest(descriptor.digest);
    await ingest.write(bytes);
    await ingest.commit();
    parent = await store.registerBlob(descriptor, parent?.chainId);
  }
}

/** The layers of an image from a store that has just been opened: what an earlier round has learnt is forgotten. */
async function stackOf(image: BuiltImage, storage: Storage): Promise<Layer[]> {
  const store = await openLayerStore({ storage });
  const stack: Layer[] = [];
  const chains = [...(await store.map()).values()].sort((a, b) => a.size - b.size);
  for (const { chainId } of chains) stack.push(await store.get(chainId));
  if (stack.length !== image.layers.length) throw new Error('the store has not the layers of the image');
  return stack;
}

async function drainOf(stream: ReadableStream<Uint8Array>): Promise<void> {
  let count = 0;
  for await (const bytes of iterate(stream)) count += bytes.length;
  if (count === 0) throw new Error('the file is empty');
}

async function discard(work: Promise<unknown>): Promise<void> {
  await work;
}

async function forEach<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (const item of items) await work(item);
}
