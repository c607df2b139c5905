// Imported by a page whose policy forbids `blob:` workers.
import { createLayerStage, createWorkerPool } from '@stowage/core';
import type { LayerStageInit } from '@stowage/core';

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
