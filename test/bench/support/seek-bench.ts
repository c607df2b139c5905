// What a seek index does for a large layer, and for one of very many files; and what it costs to make.
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createGzip } from 'node:zlib';
import { createTarWriter, iterate, streamFrom } from '@stowage/core';
import { openImageView, openLayerStore } from '@stowage/layer-store';
import type { ImageView, LayerLimits } from '@stowage/layer-store';
import { openFileStorage } from '@stowage/storage/node';
import { digestKey } from '@stowage/types';
import type { Bytes, ByteStream, ChainID, Layer, Storage } from '@stowage/types';
import { withPage } from '../../support/page.ts';
import type { ListedInPage } from '../engines/view-page.ts';
import { compare, report } from './compare.ts';
import { bundle, findEngines } from './engines.ts';
import { realisticEntries, RUNTIME_MODULES } from './layer-data.ts';

const ROUNDS = 3;
const FILES = 200_000;
const LAST = 'last';
const MODULES = ['node22-linux-x64', 'node24-linux-x64', 'node26-linux-x64'];
/** As it was before there were indexes. */
const WITHOUT: LayerLimits = { maxIndexedEntries: 0 };

/** Prints the lines of this bench. */
export async function benchSeek(directory: string): Promise<void> {
  const storage = await openFileStorage(join(directory, 'seek'));
  try {
    await benchLargeLayer(directory, storage);
    await benchManyFiles(directory, storage);
  } finally {
    await storage.close();
  }
}

async function benchLargeLayer(directory: string, storage: Storage): Promise<void> {
  const blob = await writeBlob(join(directory, 'large.tar.gz'), largeTar());
  await compareRegistering(blob, directory);
  const layer = await register(blob, storage);
  await describeIndex(layer, storage);
  const read = async (limits: LayerLimits): Promise<void> => {
    const fresh = await reopen(storage, layer.chainId, limits);
    for await (const bytes of iterate(await fresh.readFile(LAST)))
      if (bytes.length > 4096) throw new Error('too long');
  };
  await compareReading('read 4 KiB at the end of it, of a store just opened', read);
  const view = await openImageView([layer]);
  let at = 0;
  const readAt = async (): Promise<void> => {
    const from = (at += 7_654_321) % (layer.diffSize - 4096);
    for await (const bytes of iterate((await layer.readRange?.(from, 4096)) ?? new ReadableStream()))
      if (bytes.length > 4096) throw new Error('too long');
  };
  const begun = performance.now();
  for (let turn = 0; turn < 50; turn++) await readAt();
  console.log(
    `    4 KiB anywhere in it, once it is open: ${((performance.now() - begun) / 50).toFixed(1)} ms`,
  );
  if (view.list().length === 0) throw new Error('the layer is empty');
}

async function benchManyFiles(directory: string, storage: Storage): Promise<void> {
  const blob = await writeBlob(join(directory, 'files.tar.gz'), manyFiles());
  const layer = await register(blob, storage);
  await describeIndex(layer, storage);
  const list = async (limits: LayerLimits): Promise<ImageView> => {
    const view = await openImageView([await reopen(storage, layer.chainId, limits)]);
    if (view.list('/').length !== 2) throw new Error('the root is not as it was made');
    return view;
  };
  await compareReading(`list / of ${String(FILES)} files, of a store just opened`, list);
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const begun = performance.now();
  const view = await list({});
  const took = performance.now() - begun;
  const peak = process.memoryUsage().heapUsed - before;
  collectGarbage();
  const kept = process.memoryUsage().heapUsed - before;
  const memory = `${(peak / 1e6).toFixed(0)} MB of heap, ${(kept / 1e6).toFixed(0)} MB of them kept`;
  console.log(
    `    ${took.toFixed(0)} ms (goal 1000); ${memory}; ${String(view.list('/').length)} entries in /`,
  );
  await listInChromium(layer, storage);
}

/** The same in Chromium, where it is there: a page that has the index, and nothing else. */
async function listInChromium({ diffId, descriptor }: Layer, storage: Storage): Promise<void> {
  const chromium = findEngines().find(({ kind }) => kind === 'chromium');
  const index = await storage.metadata.get('seek', digestKey(diffId));
  if (chromium === undefined || index === undefined) return;
  const files = {
    '/view.js': { type: 'text/javascript', body: await bundle('view-page.ts') },
    '/index': { type: 'application/octet-stream', body: index },
  };
  const call = `listInPage('/index', ${JSON.stringify(descriptor)})`;
  const { milliseconds, heap, names } = await withPage(chromium.path, files, (page) =>
    page.evaluate<ListedInPage>(`import('/view.js').then((bundle) => bundle.${call})`),
  );
  console.log(
    `    in Chromium ${milliseconds.toFixed(0)} ms (goal 1000); ${megabytes(heap)} of heap; ${String(names.length)} entries in /`,
  );
}

/** A layer is registered anew each time, with an index and without. */
async function compareRegistering(blob: string, directory: string): Promise<void> {
  let turn = 0;
  const run = async (limits: LayerLimits): Promise<void> => {
    const storage = await openFileStorage(join(directory, `register-${String((turn += 1))}`));
    await register(blob, storage, limits);
    await storage.close();
  };
  report(
    'register a layer with its seek index / without',
    await compare({ name: 'with', run: () => run({}) }, { name: 'without', run: () => run(WITHOUT) }, ROUNDS),
  );
}

async function compareReading(what: string, read: (limits: LayerLimits) => Promise<unknown>): Promise<void> {
  const run = async (limits: LayerLimits): Promise<void> => {
    await read(limits);
  };
  report(
    `${what}, with / without its index`,
    await compare({ name: 'with', run: () => run({}) }, { name: 'without', run: () => run(WITHOUT) }, ROUNDS),
  );
}

async function register(blob: string, storage: Storage, limits: LayerLimits = {}): Promise<Layer> {
  const store = await openLayerStore({ storage, limits });
  return store.register(Readable.toWeb(createReadStream(blob, { highWaterMark: 1 << 16 })) as ByteStream);
}

async function reopen(storage: Storage, chainId: ChainID, limits: LayerLimits): Promise<Layer> {
  return (await openLayerStore({ storage, limits })).get(chainId);
}

async function describeIndex({ diffId, diffSize, descriptor }: Layer, storage: Storage): Promise<void> {
  const { length = 0 } = (await storage.metadata.get('seek', digestKey(diffId))) ?? {};
  const share = ((length / descriptor.size) * 100).toFixed(2);
  console.log(
    `a gzip layer of ${megabytes(descriptor.size)} (${megabytes(diffSize)} of tar): an index of ${megabytes(length)}, ${share} %`,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Writes a blob and answers its path. Neither tar nor blob is ever in memory as a whole. */
async function writeBlob(path: string, tar: AsyncGenerator<Bytes>): Promise<string> {
  const gzip = createGzip({ level: 6 });
  const written = Readable.toWeb(gzip).pipeTo(
    Writable.toWeb(createWriteStream(path)) as WritableStream<Uint8Array>,
  );
  await streamFrom(tar).pipeTo(Writable.toWeb(gzip) as WritableStream<Uint8Array>);
  await written;
  if ((await stat(path)).size === 0) throw new Error('nothing was written');
  return path;
}

async function* largeTar(): AsyncGenerator<Bytes, void, undefined> {
  const tar = createTarWriter();
  for (const { name, content } of await realisticEntries(MODULES, RUNTIME_MODULES)) {
    if (content instanceof Uint8Array) yield* tar.entry({ name }, content);
  }
  yield* tar.entry({ name: LAST }, new Uint8Array(await readFile(process.execPath)).subarray(0, 4096));
  yield tar.end();
}

async function* manyFiles(): AsyncGenerator<Bytes, void, undefined> {
  const tar = createTarWriter();
  for (let at = 0; at < FILES; at++) {
    const name = `${at % 2 === 0 ? 'usr' : 'opt'}/lib/package-${String(at >> 6)}/dist/file-${String(at)}.js`;
    yield* await Promise.resolve(
      tar.entry({ name, mtime: 1_700_000_000 + (at >> 6) }, new Uint8Array(at % 300)),
    );
  }
  yield tar.end();
}
