import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRegistryError, isStowageError } from '@stowage/types';
import type { Clock } from '@stowage/types';
import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { noise } from '../support/noise.ts';
import { PULL_SCENARIOS } from './pull-scenarios.ts';
import { startScriptedRegistry } from './scripted-registry.ts';
import type { ScriptedRegistry } from './scripted-registry.ts';
import type { ScenarioStep } from './script.ts';

const image = buildImage([
  [
    { name: 'base/', type: 'dir' },
    { name: 'base/noise', content: noise(200_000) },
  ],
  [{ name: 'base/top', content: 'top\n' }],
]);
const [base, top] = image.layers as [(typeof image.layers)[0], (typeof image.layers)[0]];
const NAMES = {
  '{manifest}': image.descriptor.digest,
  '{config}': image.config.descriptor.digest,
  '{base}': base.descriptor.digest,
  '{top}': top.descriptor.digest,
};
const NAME = 'team/app:v1';

/** How long nothing may come before an answer counts as stalled, milliseconds. */
const INACTIVITY = 60_000;

/** Waits are over at once; the limit on inactivity runs out only when an answer stands still. */
class ScriptedClock implements Clock {
  /** Who waits now. */
  sleeping = 0;
  stalled: ScriptedRegistry['stalls'] | undefined;
  #now = Date.parse('2026-01-01T00:00:00Z');

  now(): number {
    return this.#now;
  }

  async sleep(milliseconds: number, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted();
    if (milliseconds !== INACTIVITY) {
      this.#now += milliseconds;
      // Files and sockets get a turn: it is them that is waited for.
      await new Promise((resolve) => setImmediate(resolve));
      return;
    }
    this.sleeping += 1;
    try {
      await this.stalled?.some(signal);
      // Whoever is reading gets a turn.
      await new Promise((resolve) => setTimeout(resolve));
      this.#now += 10 * INACTIVITY;
    } finally {
      this.sleeping -= 1;
    }
  }
}

let root: string;
let clock: ScriptedClock;
let registry: ScriptedRegistry | undefined;
beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), 'stowage-faults-')), 'store');
  clock = new ScriptedClock();
});
afterEach(async () => {
  await registry?.stop();
  await rm(join(root, '..'), { recursive: true });
});

async function open(steps: readonly ScenarioStep[]): Promise<Stowage> {
  registry = await startScriptedRegistry({ [NAME]: image }, steps, NAMES);
  clock.stalled = registry.stalls;
  return await openStowage({ root, clock, random: () => 0 });
}

const pull = (stowage: Stowage): ReturnType<Stowage['pull']> =>
  stowage.pull(`${registry?.host ?? ''}/${NAME}`, { platform: 'linux/amd64' });

/** Nothing may be left of a pull but what is meant to be. */
async function expectNothingLeft(): Promise<void> {
  await registry?.idle();
  expect(clock.sleeping).toBe(0);
  const files = readdirSync('/proc/self/fd').flatMap((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`);
    } catch {
      return [];
    }
  });
  expect(files.filter((file) => file.startsWith(root))).toEqual([]);
  const names = await readdir(root, { recursive: true });
  expect(names.filter((name) => /\.tmp|\.lock/.test(name))).toEqual([]);
}

async function expectSound(stowage: Stowage): Promise<void> {
  expect((await stowage.check()).problems).toEqual([]);
  // Layers that broke off are kept for the next pull. Nothing else is.
  for await (const { ref } of stowage.content.ingests()) expect(ref).toMatch(/^layer-/);
}

async function expectImage(stowage: Stowage): Promise<void> {
  const { id, layers } = await stowage.inspect(`${registry?.host ?? ''}/${NAME}`);
  expect(id).toBe(image.config.descriptor.digest);
  expect(layers.map(({ diffId }) => diffId)).toEqual([base.diffId, top.diffId]);
  await using view = await stowage.view(id);
  expect([...view.walk()].map(({ path }) => path)).toEqual(['base', 'base/noise', 'base/top']);
}

describe('a pull from a registry at fault', () => {
  it.each(PULL_SCENARIOS)('$name', async ({ steps, error, asked = {}, requests = [] }) => {
    const stowage = await open(steps);
    const outcome: unknown = await pull(stowage).catch((caught: unknown) => caught);
    await expectSound(stowage);
    if (error === undefined) {
      expect(outcome).toMatchObject({ status: 'downloaded', digest: image.descriptor.digest });
      await expectImage(stowage);
    } else {
      expect(isStowageError(outcome), String(outcome)).toBe(true);
      const { code, message = '' } = error;
      expect(outcome).toMatchObject({ code, message: expect.stringContaining(message) as string });
      if (isRegistryError(outcome)) expect(outcome.url).toMatch(/127\.0\.0\.1/);
      expect(await stowage.images()).toEqual([]);
    }
    const sent = registry?.requests ?? [];
    for (const [path, times] of Object.entries(asked)) {
      expect(sent.filter((line) => line.startsWith(`GET ${path}`)).length, path).toBe(times);
    }
    expect(sent).toEqual(expect.arrayContaining([...requests]));
    await stowage.close();
    await expectNothingLeft();
    if (error === undefined) return;

    // The same store, and a registry that is sound: everything is as if it had been so from the start.
    await registry?.stop();
    const again = await open([]);
    expect(await pull(again)).toMatchObject({ status: 'downloaded', digest: image.descriptor.digest });
    await expectImage(again);
    await expectSound(again);
    await again.close();
    await expectNothingLeft();
  });
});
