// What the tabs of the tests of pulls into the origin private file system do.
import { createDigester, iterate } from '@stowage/core';
import { openStorage } from '@stowage/storage';
import { parseDigest } from '@stowage/types';
import type { IngestStatus } from '@stowage/types';
import { openStowage } from 'stowage';
import { all } from '../../compliance/storage-subject.ts';
import { answerCalls } from './in-worker.ts';

export { callInWorker } from './in-worker.ts';

/** What is there after a pull. */
export interface PulledImage {
  readonly status: string;
  readonly imageId: string;
  /** The names of all images in the store, as another Stowage finds them. */
  readonly names: readonly string[];
  /** Sizes of the blobs that have the digests that they should have. */
  readonly verified: readonly number[];
  readonly damaged: readonly string[];
  readonly partials: readonly IngestStatus[];
  /** The sizes of the files of the image by path. */
  readonly files: Readonly<Record<string, number>>;
}

/** Pulls an image, closes the store, opens it again and looks at everything. */
export async function pullImage(root: string, reference: string): Promise<PulledImage> {
  const pulling = await openStowage({ root });
  const { status, imageId } = await pulling.pull(reference, { platform: 'linux/amd64' });
  await pulling.close();

  const stowage = await openStowage({ root });
  const verified: number[] = [];
  const damaged: string[] = [];
  for await (const { digest, size } of stowage.content.walk()) {
    const digester = await createDigester(parseDigest(digest).algorithm);
    for await (const bytes of iterate(await stowage.content.open(digest))) digester.update(bytes);
    if (digester.digest() === digest) verified.push(size);
    else damaged.push(digest);
  }
  const files: Record<string, number> = {};
  const view = await stowage.view(reference);
  for (const entry of view.walk()) if (entry.type === 'file') files[entry.path] = entry.size;
  await view.close();
  const names = (await stowage.images()).flatMap(({ references }) => references);
  const partials = await all(stowage.content.ingests());
  await stowage.close();
  return { status, imageId, names, verified, damaged, partials, files };
}

/** Begins to pull and does not wait. */
export async function beginPull(root: string, reference: string): Promise<void> {
  const stowage = await openStowage({ root });
  stowage.pull(reference, { platform: 'linux/amd64' }).catch(() => undefined);
}

/** How much is kept of every download that has begun. */
export async function partials(root: string): Promise<Record<string, number>> {
  const storage = await openStorage({ root });
  const offsets = (await all(storage.content.ingests())).map(({ ref, offset }) => [ref, offset] as const);
  await storage.close();
  return Object.fromEntries(offsets);
}

/** How many locks somebody holds in this origin: none, once all that held any are gone. */
export async function heldLocks(): Promise<number> {
  const { held = [] } = await navigator.locks.query();
  return held.length;
}

answerCalls({ pullImage, beginPull });
