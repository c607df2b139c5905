import { createDigester } from '@stowage/core';
import { createLayoutRepository, createRepository, listCatalog } from '@stowage/registry';
import type { AuthConfig, Clock, Digest, Fetch, Repository } from '@stowage/types';
import type { BlobReading, ReadingCall } from './reading-scenario.ts';
import { describeError, neverStalled, pageFetch, scriptedClock, stalledRemotely } from './runner-support.ts';
import type { RunnerDeps } from './runner-support.ts';

// Runs the same in every runtime: bundled into a program or a page, or right in the process of the tests.

/** A scenario as a runtime gets it: names replaced by what they stand for. */
export interface ReadingTask {
  readonly registry: string;
  readonly call: ReadingCall;
  readonly layout?: boolean;
  readonly auth?: AuthConfig;
  /** Answers when an answer of the registry stands still. */
  readonly stallsUrl?: string;
}

/** What came of a scenario in some runtime. */
export interface ReadingOutcome {
  readonly value?: unknown;
  readonly error?: unknown;
  /** How many bytes came, and their digest. */
  readonly length?: number;
  readonly digest?: string;
  readonly waits: readonly number[];
}

/** Does what a task says and tells what came of it. */
export async function runReading(task: ReadingTask, deps: RunnerDeps = {}): Promise<ReadingOutcome> {
  const stalled = isLeft(task.call)
    ? neverStalled
    : (deps.stalled ?? ((signal) => stalledRemotely(task.stallsUrl ?? '', signal)));
  const { clock, waits } = scriptedClock(stalled);
  const received = await createReceived();
  try {
    const fetch = deps.fetch ?? pageFetch;
    const value = await perform(task, { clock, ...(fetch === undefined ? {} : { fetch }) }, received);
    return { ...(value === undefined ? received.report() : { value }), waits };
  } catch (error) {
    return { ...received.report(), error: describeError(error), waits };
  }
}

/** Runs task after task. */
export async function runReadings(tasks: readonly ReadingTask[]): Promise<ReadingOutcome[]> {
  const outcomes: ReadingOutcome[] = [];
  for (const task of tasks) outcomes.push(await runReading(task));
  return outcomes;
}

async function perform(
  { registry, call, layout, auth }: ReadingTask,
  deps: { readonly fetch?: Fetch; readonly clock: Clock },
  received: Received,
): Promise<unknown> {
  const endpoint = { url: registry, mirror: false, official: false, insecure: false };
  const init = { ...deps, random: () => 1 };
  if (call.kind === 'catalog') return await all(listCatalog({ ...init, endpoint, auth }, call));
  const repository: Repository =
    layout === true
      ? createLayoutRepository({ ...init, url: `${registry}/layout` })
      : createRepository({ ...init, endpoint, name: 'team/app', auth });
  switch (call.kind) {
    case 'blob':
      await readBlob(repository, call, received);
      return undefined;
    case 'stat':
      return (await repository.blobs.stat(call.digest as Digest)).size;
    case 'manifest':
      return (await repository.manifests.get(call.reference)).descriptor.digest;
    case 'head':
      return (await repository.manifests.head(call.reference)).digest;
    case 'tags':
      return await all(repository.tags(call));
    case 'referrers': {
      const found = await all(repository.referrers(call.digest as Digest, call));
      return found.map(({ digest }) => digest);
    }
  }
}

async function readBlob(
  repository: Repository,
  {
    digest,
    abortAfter = Infinity,
    cancelAfter = Infinity,
    ...options
  }: BlobReading & { readonly digest?: string },
  received: Received,
): Promise<void> {
  const abort = new AbortController();
  const { signal } = abort;
  const reader = (await repository.blobs.open(digest as Digest, { ...options, signal })).getReader();
  for (;;) {
    const { value } = await reader.read();
    if (value === undefined) return;
    received.take(value);
    if (received.length >= abortAfter) abort.abort('enough');
    if (received.length < cancelAfter) continue;
    await reader.cancel();
    return;
  }
}

/** The bytes that came. */
interface Received {
  readonly length: number;
  take(bytes: Uint8Array): void;
  /** Tells of them once, at the end. */
  report(): { readonly length: number; readonly digest: string };
}

async function createReceived(): Promise<Received> {
  const digester = await createDigester();
  let length = 0;
  return {
    get length() {
      return length;
    },
    take: (bytes) => {
      length += bytes.byteLength;
      digester.update(bytes);
    },
    report: () => ({ length, digest: digester.digest() }),
  };
}

/** Whether the caller leaves: then no time limit is to come before that. */
function isLeft(call: ReadingCall): boolean {
  return call.kind === 'blob' && (call.abortAfter !== undefined || call.cancelAfter !== undefined);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
