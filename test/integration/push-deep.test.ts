import { createRegistryServer, toFetch } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { openStowage } from 'stowage';
import { expect, it } from 'vitest';
import { buildImage, pushImage } from '../support/image-builder.ts';
import { inspectWithSkopeo } from './support/skopeo.ts';
import { useRegistries } from './support/use-registries.ts';

const DEEP = buildImage(
  Array.from({ length: 120 }, (_, at) => [{ name: `file-${String(at)}`, content: `layer ${String(at)}` }]),
);
const registries = useRegistries();

it('an image of 120 layers is pushed to docker-registry as it was, and mounted into another repository', async () => {
  const registry = await registries.start();
  const { host } = registry;
  const serve = toFetch(createRegistryServer({ storage: createMemoryStorage() }));
  await pushImage(serve, 'http://localhost', 'team/deep', 'v1', DEEP);
  const storage = createMemoryStorage();
  const source = await openStowage({ storage, fetch: serve });
  await source.pull('localhost/team/deep:v1', { platform: 'linux/amd64' });
  await source.close();
  const stowage = await openStowage({ storage });
  for (const name of ['deep', 'sibling']) {
    await stowage.tag('localhost/team/deep:v1', `${host}/team/${name}:v1`);
    await stowage.push(`${host}/team/${name}:v1`);
    const seen = await inspectWithSkopeo(`${host}/team/${name}:v1`);
    expect([seen.digest, seen.id]).toEqual([DEEP.descriptor.digest, DEEP.config.descriptor.digest]);
  }
  const mounts = (await registry.requests()).filter(
    (line) => line.includes('from=team%2Fdeep') && line.endsWith(' 201'),
  );
  expect(mounts).toHaveLength(120);
  await stowage.close();
});
