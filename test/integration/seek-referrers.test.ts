import { collect } from '@stowage/core';
import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import type { Fetch } from '@stowage/types';
import { openStowage } from 'stowage';
import { beforeAll, describe, expect, it } from 'vitest';
import { assembleImage, layerOfTar, pushImage } from '../support/image-builder.ts';
import type { BuiltImage } from '../support/image-builder.ts';
import { largeTar, LAST } from './support/large-tar.ts';
import { useRegistries } from './support/use-registries.ts';

const NAME = 'team/large';
const PLATFORM = 'linux/amd64';

const registries = useRegistries();
let image: BuiltImage;
beforeAll(() => {
  image = assembleImage([layerOfTar(largeTar())]);
});

/** Counts the bytes of bodies that come, and of which paths. */
class CountingFetch {
  moved = 0;
  readonly paths: string[] = [];

  readonly fetch: Fetch = async (url, init) => {
    const response = await fetch(url, init);
    this.paths.push(`${init?.method ?? 'GET'} ${new URL(url).pathname}`);
    const count = new TransformStream<Uint8Array, Uint8Array>({
      transform: (bytes, controller) => {
        this.moved += bytes.length;
        controller.enqueue(bytes);
      },
    });
    return new Response(response.body?.pipeThrough(count) ?? null, response);
  };
}

// docker-registry has no list of referrers: they are in an index under a tag.
describe.each([
  ['docker-registry', async () => await registries.start()],
  [
    'our registry',
    async () => await registries.serve(createRegistryServer({ storage: createMemoryStorage() })),
  ],
])('the seek index of a large layer in %s', (_name, start) => {
  it('lets others read its last file without downloading it', async () => {
    const { host } = await start();
    await pushImage(fetch, `http://${host}`, NAME, 'v1', image);
    const reference = `${host}/${NAME}:v1`;
    const first = new CountingFetch();
    await using maker = await openStowage({ fetch: first.fetch });
    const { digest, subject } = await maker.pushSeekIndexes(reference, { platform: PLATFORM });
    expect(subject).toBe(image.descriptor.digest);
    const [layer] = image.layers;
    expect(first.moved).toBeGreaterThan(layer?.bytes.length ?? Infinity);
    first.moved = 0;
    first.paths.length = 0;
    expect((await maker.pushSeekIndexes(reference, { platform: PLATFORM })).digest).toBe(digest);
    expect(first.paths.filter((line) => !/^(?:GET|HEAD) /.test(line))).toEqual([]);
    expect(first.moved).toBeLessThan(20_000);

    await using puller = await openStowage({ fetch: first.fetch });
    await puller.pull(reference, { platform: PLATFORM });
    first.moved = 0;
    expect((await puller.pushSeekIndexes(reference, { platform: PLATFORM })).digest).toBe(digest);
    expect(first.moved).toBeLessThan(20_000);

    const second = new CountingFetch();
    await using reader = await openStowage({ fetch: second.fetch });
    const view = await reader.viewRemote(reference, { platform: PLATFORM });
    expect(view.list('usr/lib').length).toBe(32);
    expect(await collect(await view.readFile('etc/last'), { maxBytes: LAST.length })).toEqual(LAST);
    expect(second.moved).toBeLessThan(2 << 20);

    await using cautious = await openStowage({ fetch: second.fetch });
    await cautious.viewRemote(reference, { platform: PLATFORM, referrers: false });
    expect(second.moved).toBeGreaterThan(layer?.bytes.length ?? Infinity);
  });
});
