// Imported by a page whose policy forbids `blob:` workers.
import { createLayerStage, createWorkerPool, digestBytes } from '@stowage/core';
import type { GzipOptions, LayerStageInit } from '@stowage/core';
import { GZIP_DIGESTS, gzipSample } from './gzip-sample.ts';

/** Where layers were worked on, and their size: with a worker of ours, and with one of the page. */
export async function stagesInPage(worker: string): Promise<readonly string[]> {
  const pool = createWorkerPool({ create: () => new Worker(worker, { type: 'module' }), size: 1 });
  return [await place(true), await place(pool), await place(pool)];
}

async function place(worker: LayerStageInit['worker']): Promise<string> {
  const stage = await createLayerStage({ worker });
  await stage.write(new Uint8Array(1_000_000));
  const { diffSize } = await stage.end();
  return `${stage.place} ${String(diffSize)}`;
}

/** The digests of what compression makes here, by level, in this thread and in workers of the page. */
export async function gzipInPage(worker: string): Promise<readonly Readonly<Record<string, string>>[]> {
  const workerPool = createWorkerPool({ create: () => new Worker(worker, { type: 'module' }), size: 2 });
  const inThread = await gzipDigests({});
  const inWorkers = await gzipDigests({ workers: 2, workerPool });
  await workerPool.close();
  return [inThread, inWorkers];
}

async function gzipDigests(options: GzipOptions): Promise<Readonly<Record<string, string>>> {
  const digests: Record<string, string> = {};
  for (const level of Object.keys(GZIP_DIGESTS)) {
    digests[level] = await digestBytes(await gzipSample({ ...options, level: Number(level) }));
  }
  return digests;
}
