import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildChildScript, exitOf } from '../support/child-script.ts';
import type { ChildScript } from '../support/child-script.ts';
import { buildImage } from '../support/image-builder.ts';
import type { BuiltImage } from '../support/image-builder.ts';
import { seededBytes } from '../support/random.ts';
import { startThrottledRegistry } from '../support/throttled-registry.ts';
import type { ThrottledRegistry } from '../support/throttled-registry.ts';
import { useRegistries } from './support/use-registries.ts';

// Two images that share their large layers, pulled by many at once.

const layer = (size: number, seed: number): { name: string; content: Uint8Array }[] => [
  { name: `file-${String(seed)}`, content: seededBytes(size, seed) },
];
const base = [layer(1_500_000, 1), layer(700_000, 2)];
const images = {
  v1: buildImage([...base, layer(200_000, 3)]),
  v2: buildImage([...base, layer(100_000, 4)]),
};

/** Every manifest and every blob of images, in order. */
function contentsOf(...some: readonly BuiltImage[]): string[] {
  const contents = some.flatMap(({ descriptor, config, layers }) =>
    [{ descriptor }, config, ...layers].map((one) => one.descriptor.digest),
  );
  return [...new Set<string>(contents)].sort();
}

const registries = useRegistries();
let registry: ThrottledRegistry;
let root: string;
let count = 0;
beforeEach(async () => {
  registry = registries.keep(await startThrottledRegistry(images));
  root = `${registries.directory}/store-${String((count += 1))}`;
});

/** What was sent, in order. */
const sent = (): string[] => registry.served.map(({ target }) => target).sort();

async function expectImage(stowage: Stowage, tag: keyof typeof images): Promise<void> {
  const { id, layers } = await stowage.inspect(`${registry.host}/app:${tag}`);
  expect(id).toBe(images[tag].config.descriptor.digest);
  expect(layers.map(({ diffId }) => diffId)).toEqual(images[tag].layers.map(({ diffId }) => diffId));
}

describe('ten pulls at once of two images that share layers', () => {
  it('fetch everything once, and the last goes on when nine are cancelled amid the download', async () => {
    await using stowage = await openStowage({ root });
    const left = new Error('left');
    const aborts = Array.from({ length: 9 }, () => new AbortController());
    const leaving = aborts.map(({ signal }, index) =>
      stowage
        .pull(`${registry.host}/app:v${String((index % 2) + 1)}`, { platform: 'linux/amd64', signal })
        .catch((error: unknown) => error),
    );
    // They leave when the tenth hears of bytes of the large layer, which is then far from its end.
    const amid: number[] = [];
    const staying = stowage.pull(`${registry.host}/app:v1`, {
      platform: 'linux/amd64',
      onProgress: ({ action, current = 0, total = 0 }) => {
        if (action !== 'Downloading' || current === 0 || total < 1_000_000) return;
        amid.push(current / total);
        for (const abort of aborts) abort.abort(left);
      },
    });
    expect(await Promise.all(leaving)).toEqual(Array.from({ length: 9 }, () => left));
    expect(amid[0]).toBeLessThan(1);
    expect(await staying).toMatchObject({ status: 'downloaded', digest: images.v1.descriptor.digest });
    await expectImage(stowage, 'v1');
    expect((await stowage.check()).problems).toEqual([]);

    // The layer that only those who left wanted may have been begun, and no more than once.
    const own = contentsOf(images.v1);
    expect(sent().filter((target) => own.includes(target))).toEqual(own);
    expect(new Set(sent()).size).toBe(sent().length);
    for (const { target, sent: bytes } of registry.served) {
      const blob = images.v1.layers.find(({ descriptor }) => descriptor.digest === target);
      if (blob !== undefined) expect(bytes).toBe(blob.descriptor.size);
    }
  });

  it('end with nothing in the store but what came when all are cancelled, and the next goes on from there', async () => {
    await using stowage = await openStowage({ root });
    const left = new Error('left');
    const abort = new AbortController();
    const pulls = Array.from({ length: 10 }, (_, index) =>
      stowage.pull(`${registry.host}/app:v${String((index % 2) + 1)}`, {
        platform: 'linux/amd64',
        signal: abort.signal,
        onProgress: ({ action, current = 0, total = 0 }) => {
          if (action === 'Downloading' && total > 1_000_000 && current > 300_000) abort.abort(left);
        },
      }),
    );
    const outcomes = await Promise.allSettled(pulls);
    expect(outcomes.every((one) => one.status === 'rejected' && one.reason === left)).toBe(true);
    expect(await stowage.images()).toEqual([]);
    expect((await stowage.check()).problems).toEqual([]);
    await stowage.pull(`${registry.host}/app:v1`, { platform: 'linux/amd64' });
    await expectImage(stowage, 'v1');
    const large = registry.served.filter(({ target }) => target === images.v1.layers[0]?.descriptor.digest);
    expect(large.map(({ offset }) => offset > 250_000)).toEqual([false, true]);
  });
});

describe('two processes at once, of two images that share layers', () => {
  let script: ChildScript;
  beforeAll(async () => {
    script = await buildChildScript(new URL('../support/store-worker.ts', import.meta.url));
  });
  afterAll(() => script.remove());

  it('fetch everything once', async () => {
    const children = ['v1', 'v2'].map((tag) => script.start('pulls', root, `${registry.host}/app:${tag}`));
    expect(await Promise.all(children.map(exitOf))).toEqual([0, 0]);
    expect(sent()).toEqual(contentsOf(images.v1, images.v2));
    await using stowage = await openStowage({ root });
    expect((await stowage.check()).problems).toEqual([]);
    await expectImage(stowage, 'v1');
    await expectImage(stowage, 'v2');
  });
});
