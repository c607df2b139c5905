import { createMemoryStorage } from '@stowage/storage';
import type { Clock, Storage } from '@stowage/types';
import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { afterEach, describe, expect, it } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { noise } from '../support/noise.ts';
import type { ScenarioStep } from './script.ts';
import { startScriptedRegistry } from './scripted-registry.ts';
import type { ScriptedRegistry } from './scripted-registry.ts';

const image = buildImage([
  [
    { name: 'base/', type: 'dir' },
    { name: 'base/noise', content: noise(200_000) },
  ],
  [{ name: 'base/top', content: 'top\n' }],
]);
const [base, top] = image.layers as [(typeof image.layers)[0], (typeof image.layers)[0]];
const NAME = 'team/app:v1';
const blob = (digest: string): RegExp => new RegExp(`^GET .*/blobs/${digest}`);

/** Time in which waits between attempts are over at once, and no request ever times out (the least is given 15 s). */
const clock: Clock = {
  now: () => 0,
  sleep: (milliseconds, options) => {
    options?.signal?.throwIfAborted();
    return milliseconds < 15_000 ? Promise.resolve() : new Promise(() => undefined);
  },
};

let registry: ScriptedRegistry | undefined;
let stowage: Stowage | undefined;
afterEach(async () => {
  await stowage?.close();
  await registry?.stop();
});

async function open(
  scenario: readonly ScenarioStep[],
  storage: Storage = createMemoryStorage(),
): Promise<Stowage> {
  registry = await startScriptedRegistry({ [NAME]: image }, scenario);
  stowage = await openStowage({ storage, clock });
  return stowage;
}

const reference = (): string => `${registry?.host ?? ''}/${NAME}`;

/** What must hold of a pulled image, whatever happened before. */
async function expectSound(pulled: Stowage): Promise<void> {
  const view = await pulled.view(reference());
  expect([...view.walk()].map(({ path }) => path)).toEqual(['base', 'base/noise', 'base/top']);
  const { layers, id } = await pulled.inspect(reference());
  expect(id).toBe(image.config.descriptor.digest);
  expect(layers.map(({ diffId }) => diffId)).toEqual([base.diffId, top.diffId]);
  await view.close();
}

describe('abort', () => {
  it('rejects with the reason of the signal, keeps what came, and the next pull goes on from there', async () => {
    const opened = await open([{ at: blob(base.descriptor.digest), fault: { stallAfter: 20_000 } }]);
    const abort = new AbortController();
    const reason = new Error('enough');
    const pulling = opened.pull(reference(), {
      signal: abort.signal,
      onProgress: ({ action, current = 0 }) => {
        if (action === 'Downloading' && current >= 20_000) abort.abort(reason);
      },
    });
    await expect(pulling).rejects.toBe(reason);
    expect(await opened.images()).toEqual([]);
    await opened.pull(reference());
    await expectSound(opened);
    expect(registry?.requests).toContain(`GET /v2/team/app/blobs/${base.descriptor.digest} bytes=20000-`);
  });

  it('before the start sends nothing', async () => {
    const opened = await open([]);
    const before = registry?.requests.length;
    const reason = new Error('never mind');
    await expect(opened.pull(reference(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(registry?.requests).toHaveLength(before ?? 0);
  });
});

describe('pulls at the same time', () => {
  it('fetch each blob once', async () => {
    const opened = await open([]);
    const results = await Promise.all([
      opened.pull(reference()),
      opened.pull(reference()),
      opened.pull(reference()),
    ]);
    expect(new Set(results.map(({ imageId }) => imageId))).toEqual(new Set([image.config.descriptor.digest]));
    const blobs = registry?.requests.filter((line) => line.includes('/blobs/'));
    expect([...(blobs ?? [])].sort()).toEqual(
      [image.config, ...image.layers]
        .map(({ descriptor }) => `GET /v2/team/app/blobs/${descriptor.digest}`)
        .sort(),
    );
    await expectSound(opened);
  });

  it('of two images that share layers fetch each blob once, and go on when nine of ten are aborted', async () => {
    const other = buildImage([
      [
        { name: 'base/', type: 'dir' },
        { name: 'base/noise', content: noise(200_000) },
      ],
      [{ name: 'other/top', content: 'other\n' }],
    ]);
    expect(other.layers[0]?.descriptor).toEqual(base.descriptor);
    registry = await startScriptedRegistry({ [NAME]: image, 'team/app:v2': other }, [
      { at: blob(base.descriptor.digest), fault: { cutAfter: 1_000 } },
    ]);
    stowage = await openStowage({ storage: createMemoryStorage(), clock });
    const host = registry.host;
    const opened = stowage;
    const aborts = Array.from({ length: 9 }, () => new AbortController());
    const started = registry.seen(blob(base.descriptor.digest));
    const leaving = aborts.map(({ signal }, index) =>
      opened
        .pull(`${host}/team/app:v${String((index % 2) + 1)}`, { signal })
        .catch((error: unknown) => error),
    );
    const staying = opened.pull(reference());
    await started;
    const left = new Error('left');
    for (const abort of aborts) abort.abort(left);
    expect(await staying).toMatchObject({ digest: image.descriptor.digest });
    for (const error of await Promise.all(leaving)) expect(error).toBe(left);
    await expectSound(opened);
    expect((await opened.check()).problems).toEqual([]);
    const { requests } = registry;
    const asked = requests.filter((line) => line.includes('/blobs/'));
    expect(asked.filter((line) => line.includes(base.descriptor.digest)).length).toBe(2);
    expect(asked.filter((line) => line.includes(top.descriptor.digest)).length).toBe(1);
    // From the first cut on, what came is not fetched again.
    expect(asked.filter((line) => !line.includes('bytes=')).length).toBe(
      new Set(asked.map((line) => line.split(' ')[1])).size,
    );
    await registry.idle();
  });
});

describe('many pulls of many layers', () => {
  it('pile up no listeners on one signal', async () => {
    const layers = Array.from({ length: 30 }, (_, index) => [{ name: `f${String(index)}`, content: 'x' }]);
    registry = await startScriptedRegistry({ [NAME]: buildImage(layers) });
    stowage = await openStowage({ clock });
    const warnings: string[] = [];
    const listen = ({ name }: Error): unknown => warnings.push(name);
    process.on('warning', listen);
    try {
      const { signal } = new AbortController();
      await Promise.all(
        Array.from({ length: 24 }, async (_, index) =>
          stowage?.pull(reference(), index % 2 === 0 ? { signal } : {}),
        ),
      );
      // Warnings are told a turn later.
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('warning', listen);
    }
    expect(warnings).toEqual([]);
  });
});

describe('a second pull', () => {
  it('moves no bytes: one HEAD', async () => {
    const opened = await open([]);
    await opened.pull(reference());
    const before = registry?.requests.length ?? 0;
    expect(await opened.pull(reference())).toMatchObject({
      status: 'up-to-date',
      imageId: image.config.descriptor.digest,
    });
    expect(registry?.requests.slice(before)).toEqual(['HEAD /v2/team/app/manifests/v1']);
  });
});
