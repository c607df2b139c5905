import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@stowage/core';
import { formatReference } from '@stowage/types';
import type { Clock } from '@stowage/types';
import { openStowage } from 'stowage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildChildScript, exitOf, firstLine } from '../support/child-script.ts';
import type { Child, ChildScript } from '../support/child-script.ts';
import { buildImage } from '../support/image-builder.ts';
import { seededBytes, seededRandom } from '../support/random.ts';
import { startThrottledRegistry } from '../support/throttled-registry.ts';
import type { ThrottledRegistry } from '../support/throttled-registry.ts';

/** How many processes are killed in all. `npm run bench:kill` kills 1000. */
const KILLS = Number(process.env['STOWAGE_KILLS'] ?? 200);
/** Another seed kills at other moments. */
const SEED = Number(process.env['STOWAGE_SEED'] ?? 1);
/** How many workers there are at a time, each on a store of its own. */
const LANES = 4;
/** The most that is lost with a process, on average: what was gathered to be written, or being written. */
const CHUNK = 64 * 1024;
/** Milliseconds in which any work is done. */
const LONG = 60_000;
const WEEK = 7 * 24 * 60 * 60 * 1000;

const base = [1, 2].map((seed) => [{ name: `base-${seed}`, content: seededBytes(200_000 * seed, seed) }]);
const images = {
  v1: buildImage([...base, [{ name: 'top', content: seededBytes(600_000, 3) }]]),
  v2: buildImage([...base, [{ name: 'top', content: seededBytes(500_000, 4) }]]),
};

let script: ChildScript;
let registry: ThrottledRegistry;
let directory: string;

beforeAll(async () => {
  script = await buildChildScript(new URL('../support/store-worker.ts', import.meta.url));
  registry = await startThrottledRegistry(images, { pause: 4 });
  directory = await mkdtemp(join(tmpdir(), 'stowage-kill-'));
});

afterAll(async () => {
  await script.remove();
  await registry.stop();
  await rm(directory, { recursive: true });
});

/** Work to be done on a store of its own. */
interface Work {
  readonly root: string;
  begin(): Child;
}

let stores = 0;
function newWork(command: string): Work {
  const root = join(directory, `store-${(stores += 1)}`);
  const references = Object.keys(images).map((tag) => `${registry.host}/app:${tag}`);
  return { root, begin: () => script.start(command, root, ...references) };
}

/**
 * Lets a worker work for at most so long, and kills it.
 *
 * @returns how long it took, milliseconds, where it was done by then
 */
async function workFor(milliseconds: number, work: Work): Promise<number | undefined> {
  const child = work.begin();
  await firstLine(child);
  const begun = performance.now();
  const stop = new AbortController();
  const exit = exitOf(child);
  await Promise.race([exit, sleep(milliseconds, undefined, { signal: stop.signal }).catch(() => undefined)]);
  stop.abort();
  child.kill('SIGKILL');
  const code = await exit;
  expect([0, undefined]).toContain(code);
  return code === 0 ? performance.now() - begun : undefined;
}

/** What must hold of a store whenever whoever worked on it died. */
async function inspect({ root }: Work): Promise<void> {
  await using stowage = await openStowage({ root });
  expect((await stowage.check()).problems).toEqual([]);
  for (const { reference } of await stowage.references.all()) {
    await stowage.inspect(formatReference(reference));
  }
  for await (const { ref, offset } of stowage.content.ingests()) {
    await using ingest = await stowage.content.ingest(ref);
    expect(ingest.offset).toBe(offset);
  }
}

/** What the workers on a store received more than once: bytes, for each time that they asked for a blob again. */
async function receivedAgain({ root }: Work): Promise<number[]> {
  const again: number[] = [];
  const reached = new Map<string, number>();
  const log = await readFile(`${root}.log`, 'utf8').catch(() => '');
  for (const [, what, target = '', position] of log.matchAll(/^(from|to) (\S+) (\d+)$/gm)) {
    const at = Number(position);
    const before = reached.get(target);
    if (what === 'from' && before !== undefined) again.push(Math.max(before - at, 0));
    reached.set(target, Math.max(at, before ?? 0));
  }
  return again;
}

/** Long after the last worker, a collection leaves nothing but the store itself. */
async function expectNothingLeftBehind({ root }: Work): Promise<void> {
  const clock: Clock = { ...systemClock, now: () => Date.now() + 2 * WEEK };
  await using stowage = await openStowage({ root, clock });
  await stowage.gc();
  const names = await readdir(root, { recursive: true });
  expect(
    names.filter((name) =>
      /(?:^|\/)(?:\.tmp-|\.lock-)|^(?:ingest|metadata\/leases|metadata\/locks)\/./.test(name),
    ),
  ).toEqual([]);
}

describe('a worker that is killed at any moment', { timeout: 60_000 + KILLS * 1000 }, () => {
  it.each([
    ['pulls', 0.5],
    ['pulls, tags, removes and collects', 0.3],
    ['registers layers', 0.2],
  ])('%s, and loses nothing', async (command, share) => {
    const random = seededRandom(SEED);
    let left = Math.round(KILLS * share);
    let whole = (await workFor(LONG, newWork(command))) ?? 0;
    const again: number[] = [];
    const lane = async (): Promise<void> => {
      while (left > 0) {
        const work = newWork(command);
        let took: number | undefined;
        while (took === undefined) {
          took = await workFor(left > 0 ? random() * whole : LONG, work);
          if (took === undefined) left -= 1;
          await inspect(work);
        }
        // The machine may be busier than it was, or less busy.
        whole = Math.max(0.9 * whole, took);
        again.push(...(await receivedAgain(work)));
        await expectNothingLeftBehind(work);
        await rm(work.root, { recursive: true });
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    expect(left).toBeLessThanOrEqual(0);
    if (command === 'pulls') expect(again.length).toBeGreaterThanOrEqual(KILLS / 50);
    expect(again.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(again.length * CHUNK);
  });
});
