import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import type { Storage } from '@stowage/types';
import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preparePushList } from './support/push-list.ts';
import { pushSuite } from './support/push-suite.ts';
import { inspectWithSkopeo } from './support/skopeo.ts';
import { useRegistries } from './support/use-registries.ts';

const registries = useRegistries();
let storage: Storage;
let stowage: Stowage;
beforeAll(async () => {
  storage = await preparePushList();
  stowage = await openStowage({ storage });
});
afterAll(() => stowage.close());

/** A registry, and every request to it so far. */
interface Logged {
  readonly host: string;
  requests(): Promise<readonly string[]>;
}

const STARTS: Readonly<Record<string, () => Promise<Logged>>> = {
  'docker-registry': () => registries.start(),
  'our server': async () => {
    const server = createRegistryServer({ storage: createMemoryStorage() });
    const { host, requests } = await registries.serve(server);
    return { host, requests: () => Promise.resolve(requests) };
  },
};

describe.each(Object.entries(STARTS))('%s', (_, start) => {
  let registry: Logged;
  beforeAll(async () => {
    registry = await start();
  });
  pushSuite(
    () => ({ storage, directory: registries.directory }),
    () => registry,
  );

  /** Pushes once more, or to another repository; answers what the registry was asked meanwhile. */
  async function asked(name: string, to = name): Promise<readonly string[]> {
    const reference = `${registry.host}/team/${to}:v1`;
    await stowage.tag(`kept/${name}:v1`, reference);
    const before = (await registry.requests()).length;
    await stowage.push(reference);
    return (await registry.requests()).slice(before).filter((line) => !line.includes(' /v2/ '));
  }

  // What follows finds what the suite has pushed.
  it.each(['pulled', 'loaded', 'built'])('is not sent %s a second time', async (name) => {
    const requests = await asked(name);
    expect(requests.filter((line) => !line.startsWith('HEAD'))).toEqual([
      `PUT /v2/team/${name}/manifests/v1 201`,
    ]);
    // The configuration and two layers.
    expect(requests.filter((line) => / 200$/.test(line))).toHaveLength(3);
  });

  it.each([
    ['pulled', 2],
    ['loaded', 2],
    ['deep', 120],
  ])('mounts every layer of %s into a sibling', async (name, count) => {
    const uploads = (await asked(name, `${name}-sibling`)).filter((line) => line.includes('/blobs/uploads/'));
    const mounts = uploads.filter((line) => line.startsWith('POST') && line.includes('from=team%2F'));
    expect(mounts.filter((line) => / 201$/.test(line))).toHaveLength(count);
    expect(mounts).toHaveLength(count);
    // The configuration alone is sent.
    expect(uploads.length - mounts.length).toBe(2);
    const seen = await inspectWithSkopeo(`${registry.host}/team/${name}-sibling:v1`);
    expect(seen).toEqual(await inspectWithSkopeo(`${registry.host}/team/${name}:v1`));
  });
});
