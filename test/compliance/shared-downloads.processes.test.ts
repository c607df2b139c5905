import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFileStorage } from '@stowage/storage/node';
import { formatReference, isStowageError } from '@stowage/types';
import type { ContentStore, Digest } from '@stowage/types';
import { openStowage } from 'stowage';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildChildScript, exitOf, firstLine } from '../support/child-script.ts';
import type { ChildScript } from '../support/child-script.ts';
import { buildImage } from '../support/image-builder.ts';
import { seededBytes } from '../support/random.ts';
import { startThrottledRegistry } from '../support/throttled-registry.ts';
import type { ThrottledRegistry } from '../support/throttled-registry.ts';

const layer = (size: number, seed: number): { name: string; content: Uint8Array }[] => [
  { name: `file-${seed}`, content: seededBytes(size, seed) },
];
const base = [layer(300_000, 1), layer(200_000, 2)];
const images = {
  v1: buildImage([...base, layer(1_600_000, 3)]),
  v2: buildImage([...base, layer(100_000, 4), layer(50_000, 5)]),
  v3: buildImage([layer(300_000, 1), layer(150_000, 6)]),
};
const tags = Object.keys(images);
const { layers: v1Layers, config: v1Config } = images.v1;
const [large] = v1Layers.map(({ descriptor }) => descriptor).sort((left, right) => right.size - left.size);

async function has(content: ContentStore, digest: Digest): Promise<boolean> {
  try {
    await content.info(digest);
    return true;
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return false;
    throw error;
  }
}

describe('processes that pull into one store at once', () => {
  let script: ChildScript;
  let registry: ThrottledRegistry;
  let root: string;

  beforeAll(async () => {
    script = await buildChildScript(new URL('../support/store-worker.ts', import.meta.url));
  });

  afterAll(() => script.remove());

  beforeEach(async () => {
    registry = await startThrottledRegistry(images, { pause: 4 });
    root = join(await mkdtemp(join(tmpdir(), 'stowage-shared-')), 'root');
  });

  afterEach(async () => {
    await script.killAll();
    await registry.stop();
    await rm(join(root, '..'), { recursive: true });
  });

  const reference = (tag: string): string => `${registry.host}/app:${tag}`;

  /** How often which content was served from where. */
  const servedFrom = (): Map<string, number[]> => {
    const from = new Map<string, number[]>();
    for (const { target, offset } of registry.served) from.set(target, [...(from.get(target) ?? []), offset]);
    return from;
  };

  const expectSound = async (expected: readonly string[]): Promise<void> => {
    await using stowage = await openStowage({ root });
    expect((await stowage.check()).problems).toEqual([]);
    const names = (await stowage.references.all()).map(({ reference: name }) => formatReference(name));
    expect(names.filter((name) => !name.includes('@'))).toEqual(expected.map(reference));
    for (const name of names) await stowage.inspect(name);
  };

  it('lose nothing, and fetch everything once', async () => {
    const children = Array.from({ length: 8 }, (_, index) => {
      const turned = tags.map((_tag, at) => reference(tags[(at + index) % tags.length] ?? ''));
      return script.start('pulls', root, ...turned);
    });
    expect(await Promise.all(children.map(exitOf))).toEqual(Array.from({ length: 8 }, () => 0));
    await expectSound(tags);
    const contents = Object.values(images).flatMap(({ descriptor, config, layers }) => [
      descriptor.digest,
      config.descriptor.digest,
      ...layers.map((one) => one.descriptor.digest),
    ]);
    expect(Object.fromEntries(servedFrom())).toEqual(
      Object.fromEntries(contents.map((digest) => [digest, [0]])),
    );
  });

  it('go on where one that was killed had come to', async () => {
    const [target, size] = [large?.digest ?? '', large?.size ?? 0];
    const sent = (): number => registry.served.find((one) => one.target === target)?.sent ?? 0;
    // However long the second takes to begin, the first has not come to the end.
    registry.hold(target, size / 2);
    const first = script.start('pulls', root, reference('v1'));
    const { content } = await openFileStorage(root);
    for (const { descriptor } of [v1Config, ...v1Layers]) {
      // All but the large layer are there, and a part of that one.
      while (descriptor.digest !== target && !(await has(content, descriptor.digest))) await sleep(5);
    }
    while (sent() < size / 3) await sleep(5);
    const second = script.start('pulls', root, reference('v1'));
    await firstLine(second);
    first.kill('SIGKILL');
    registry.letGo();
    expect(await exitOf(second)).toBe(0);
    await expectSound(['v1']);
    const { [target]: offsets = [], ...others } = Object.fromEntries(servedFrom());
    expect(Object.values(others).filter((from) => from.length !== 1)).toEqual([]);
    expect(offsets.length).toBe(2);
    expect(offsets[1]).toBeGreaterThan(size / 4);
  });
});
