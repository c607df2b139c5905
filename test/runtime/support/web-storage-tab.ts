// What the tabs of the tests of the origin private file system do, in their windows and in dedicated workers.
import { openStorage } from '@stowage/storage';
import { isStowageError } from '@stowage/types';
import type { Bytes, Storage } from '@stowage/types';
import { all, digestOf, noise } from '../../compliance/storage-subject.ts';
import { answerCalls } from './in-worker.ts';

export { callInWorker } from './in-worker.ts';

const MiB = 1024 * 1024;

/** Everything in a store, and whether it is right. */
export interface StoreReport {
  /** The sizes of the blobs, each as often as it is listed. */
  readonly sizes: readonly number[];
  /** Blobs whose bytes do not have their digest. */
  readonly damaged: readonly string[];
  readonly labels: readonly Readonly<Record<string, string>>[];
  readonly ingests: readonly (readonly [ref: string, offset: number])[];
  /** Files beside the blobs that have no business there any more. */
  readonly leftovers: readonly string[];
}

/** How an error is told. */
export interface Failure {
  readonly code: string;
  readonly reason: string | undefined;
  readonly message: string;
}

/** Takes some blobs in as every other tab does at the same time; answers which of them this one wrote. */
export async function ingestBlobs(root: string, tab: number, count: number): Promise<number[]> {
  const storage = await openStorage({ root });
  await signIndex(storage, tab);
  const written: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const bytes = blob(index);
    // Every other blob in a race, and the ones between one tab after the other.
    const racing = index % 2 === 0;
    const lock = racing ? undefined : await storage.lock(`blob-${index}`);
    if (await ingest(storage, racing ? `tab ${tab}, blob ${index}` : `blob ${index}`, bytes, tab))
      written.push(index);
    await lock?.[Symbol.asyncDispose]();
    await increase(storage);
  }
  await storage.close();
  return written;
}

/** Which tabs found each other in the index of a store that all of them opened first. */
export async function signatures(root: string): Promise<number[]> {
  const storage = await openStorage({ root });
  const { tabs } = await readIndex(storage);
  await storage.close();
  return tabs.sort();
}

/** The counter that all tabs increase under a lock. */
export async function counter(root: string): Promise<number> {
  const storage = await openStorage({ root });
  const value = await storage.metadata.get('numbers', 'counter');
  await storage.close();
  return Number(new TextDecoder().decode(value));
}

/** Opens an ingest under a lock, writes some MiB and goes on to write until the tab is gone. */
export async function writeAndHold(root: string, size: number): Promise<void> {
  const storage = await openStorage({ root });
  await storage.lock('download');
  const bytes = noise(size);
  const partial = await storage.content.ingest('download', { digest: await digestOf(bytes), size });
  for (let at = 0; at < size / 2; at += MiB / 4) await partial.write(bytes.subarray(at, at + MiB / 4));
  void (async () => {
    for (let at = partial.offset; at < size - MiB; at += 1000) {
      await partial.write(bytes.subarray(at, at + 1000));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
}

/** Waits for the lock, goes on with the ingest where it stopped, and answers where that was. */
export async function resume(root: string, size: number): Promise<number> {
  const storage = await openStorage({ root });
  await using _lock = await storage.lock('download');
  const bytes = noise(size);
  const partial = await storage.content.ingest('download', { digest: await digestOf(bytes), size });
  const { offset } = partial;
  await partial.write(bytes.subarray(offset));
  await partial.commit();
  await storage.close();
  return offset;
}

/** Writes until there is no space; answers what that failed with, and how much was kept. */
export async function fill(root: string, size: number): Promise<{ failure: Failure; offset: number }> {
  const storage = await openStorage({ root });
  const bytes = noise(size);
  const partial = await storage.content.ingest('download', { digest: await digestOf(bytes), size });
  try {
    const failure = await failureOf(async () => {
      for (let at = 0; at < size; at += MiB / 2) await partial.write(bytes.subarray(at, at + MiB / 2));
      await partial.commit();
    });
    return { failure, offset: partial.offset };
  } finally {
    await storage.close();
  }
}

/** Sets a value of some size over one that is there; answers what it failed with, and the size of what is there. */
export async function overwrite(root: string, size: number): Promise<{ failure: Failure; found: number }> {
  const storage = await openStorage({ root });
  const failure = await failureOf(() => storage.metadata.set('values', 'key', noise(size)));
  const found = (await storage.metadata.get('values', 'key'))?.byteLength ?? 0;
  await storage.close();
  return { failure, found };
}

/** Sets a value. */
export async function setValue(root: string, size: number): Promise<void> {
  const storage = await openStorage({ root });
  await storage.metadata.set('values', 'key', noise(size));
  await storage.close();
}

/** What opening a store fails with. */
export function openingFails(root: string): Promise<Failure> {
  return failureOf(() => openStorage({ root }));
}

/** Looks at everything. */
export async function inspect(root: string): Promise<StoreReport> {
  const storage = await openStorage({ root });
  const infos = await all(storage.content.walk());
  const damaged: string[] = [];
  for (const { digest, size } of infos) {
    const bytes = await storage.content.read(digest, { maxBytes: size });
    if ((await digestOf(bytes)) !== digest) damaged.push(digest);
  }
  const ingests = (await all(storage.content.ingests())).map(({ ref, offset }) => [ref, offset] as const);
  await storage.close();
  const leftovers: string[] = [];
  const files = await navigator.storage.getDirectory();
  await findLeftovers(await files.getDirectoryHandle(root), '', leftovers);
  const sizes = infos.map(({ size }) => size).sort((left, right) => left - right);
  return { sizes, damaged, labels: infos.map(({ labels }) => labels), ingests, leftovers };
}

answerCalls({ ingestBlobs, writeAndHold, resume, fill, overwrite, setValue });

function blob(index: number): Bytes {
  return noise(MiB + 100_000 * index, index + 1);
}

/** Takes a blob in; tells whether it had to be written. */
async function ingest(storage: Storage, ref: string, bytes: Bytes, tab: number): Promise<boolean> {
  const digest = await digestOf(bytes);
  try {
    const partial = await storage.content.ingest(ref, { digest, labels: { [`tab-${tab}`]: 'wrote it' } });
    await partial.write(bytes.subarray(partial.offset));
    await partial.commit();
    return true;
  } catch (error) {
    if (isStowageError(error, 'ALREADY_EXISTS')) return false;
    throw error;
  }
}

async function signIndex(storage: Storage, tab: number): Promise<void> {
  await using _lock = await storage.lock('index');
  const index = await readIndex(storage);
  const signed = { ...index, tabs: [...index.tabs, tab] };
  await storage.metadata.set('layout', 'index.json', new TextEncoder().encode(JSON.stringify(signed)));
}

async function readIndex(storage: Storage): Promise<{ readonly tabs: number[] }> {
  const bytes = await storage.metadata.get('layout', 'index.json');
  return { tabs: [], ...(JSON.parse(new TextDecoder().decode(bytes)) as object) };
}

async function increase(storage: Storage): Promise<void> {
  await using _lock = await storage.lock('counter');
  const before = await storage.metadata.get('numbers', 'counter');
  const after = Number(new TextDecoder().decode(before ?? new Uint8Array(0))) + 1;
  await storage.metadata.set('numbers', 'counter', new TextEncoder().encode(String(after)));
}

async function failureOf(run: () => Promise<unknown>): Promise<Failure> {
  try {
    await run();
  } catch (error) {
    if (!isStowageError(error)) throw error;
    return { code: error.code, reason: error.reason, message: error.message };
  }
  throw new Error('it was expected to fail and did not');
}

async function findLeftovers(
  directory: FileSystemDirectoryHandle,
  path: string,
  leftovers: string[],
): Promise<void> {
  for await (const [name, handle] of directory.entries()) {
    const at = `${path}/${name}`;
    if (handle.kind === 'directory') await findLeftovers(handle, at, leftovers);
    else if (name.startsWith('.tmp-') || name.endsWith('.crswap') || path === '/.removed') leftovers.push(at);
  }
}
