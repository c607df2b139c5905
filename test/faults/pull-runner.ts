import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import type { Clock } from '@stowage/types';
import { describeError, pageFetch, scriptedClock, stalledRemotely } from './runner-support.ts';
import type { RunnerDeps, Stalled } from './runner-support.ts';

// Runs the same in every runtime: bundled into a program or a page, or right in the process of the tests.

/** What a runtime is to pull. */
export interface PullTask {
  /** Where the images are kept: a directory, or a name in the origin private file system. */
  readonly root: string;
  /** The image, in a registry at fault. */
  readonly reference: string;
  /** The same image in a registry that is sound, for a second try where the first failed. */
  readonly soundReference: string;
  /** Answers when an answer of the registry stands still. */
  readonly stallsUrl?: string;
}

/** An image as it is in the store. */
export interface KeptImage {
  readonly id: string;
  readonly diffIds: readonly string[];
  readonly paths: readonly string[];
}

/** What came of one pull. */
export interface PullAttempt {
  readonly status?: string;
  readonly digest?: string;
  readonly error?: unknown;
  /** The image that was pulled. */
  readonly image?: KeptImage;
  /** How many images there are. */
  readonly images: number;
  /** What is wrong with the store. */
  readonly problems: readonly unknown[];
  /** The downloads that are kept for the next pull. */
  readonly ingests: readonly string[];
  /** What is left after the store was closed: open files, files that are no content, locks, timers. */
  readonly left: readonly string[];
}

/** What came of a scenario in some runtime. */
export interface PullOutcome {
  readonly first: PullAttempt;
  /** Only where the first failed. */
  readonly second?: PullAttempt;
}

/** Does what a task says and tells what came of it. */
export async function runPull(task: PullTask, deps: RunnerDeps = {}): Promise<PullOutcome> {
  const stalled = deps.stalled ?? ((signal) => stalledRemotely(task.stallsUrl ?? '', signal));
  const first = await attempt(task.root, task.reference, stalled);
  if (first.error === undefined) return { first };
  return { first, second: await attempt(task.root, task.soundReference, stalled) };
}

/** How many tasks are done at once: each has a store and a registry of its own, and much of a pull is waiting. */
const AT_ONCE = 6;

/** Runs all tasks. */
export async function runPulls(tasks: readonly PullTask[]): Promise<PullOutcome[]> {
  const outcomes: PullOutcome[] = [];
  const left = tasks.entries();
  const work = async (): Promise<void> => {
    for (const [index, task] of left) outcomes[index] = await runPull(task);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return outcomes;
}

async function attempt(root: string, reference: string, stalled: Stalled): Promise<PullAttempt> {
  let sleeping = 0;
  const { clock } = scriptedClock(async (signal) => {
    sleeping += 1;
    await stalled(signal).finally(() => {
      sleeping -= 1;
    });
  });
  const stowage = await open(root, clock);
  const pulled = await pull(stowage, reference);
  const { problems } = await stowage.check();
  const ingests: string[] = [];
  for await (const { ref } of stowage.content.ingests()) ingests.push(ref);
  const images = (await stowage.images()).length;
  await stowage.close();
  // The watchdog lies down a turn after the last request, and whoever asked for it hears of that later still.
  for (let turn = 0; turn < 100 && sleeping > 0; turn += 1) await new Promise((done) => setTimeout(done, 5));
  const timers = sleeping > 0 ? [`${String(sleeping)} timers`] : [];
  return { ...pulled, images, problems, ingests, left: [...timers, ...(await filesAndLocks(root))] };
}

function open(root: string, clock: Clock): Promise<Stowage> {
  return openStowage({
    root,
    clock,
    random: () => 0,
    ...(pageFetch === undefined ? {} : { fetch: pageFetch }),
  });
}

async function pull(
  stowage: Stowage,
  reference: string,
): Promise<Pick<PullAttempt, 'status' | 'digest' | 'error' | 'image'>> {
  try {
    const { status, digest } = await stowage.pull(reference, { platform: 'linux/amd64' });
    return { status, digest, image: await keptImage(stowage, reference) };
  } catch (error) {
    return { error: describeError(error) };
  }
}

async function keptImage(stowage: Stowage, reference: string): Promise<KeptImage> {
  const { id, layers } = await stowage.inspect(reference);
  await using view = await stowage.view(id);
  const paths = [...view.walk()].map(({ path }) => path);
  return { id, diffIds: layers.map(({ diffId }) => diffId), paths };
}

/** What a store that is closed still has open or keeps locked, and its files that are neither content nor partial content. */
async function filesAndLocks(root: string): Promise<string[]> {
  if ('document' in globalThis) {
    const { held = [], pending = [] } = await navigator.locks.query();
    return [...held, ...pending].flatMap(({ name = '' }) => (name.includes(`${root}/`) ? [name] : []));
  }
  const { readdirSync, readlinkSync } = process.getBuiltinModule('node:fs');
  const open = readdirSync('/proc/self/fd').flatMap((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`);
    } catch {
      return [];
    }
  });
  const names = readdirSync(root, { recursive: true }).map(String);
  return [
    ...open.filter((file) => file.startsWith(`${root}/`)),
    ...names.filter((name) => /\.tmp|\.lock/.test(name)),
  ];
}
