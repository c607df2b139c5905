import { openStowage } from 'stowage';
import type { AuthConfig } from '@stowage/types';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DockerRegistry } from './support/docker-registry.ts';
import { buildSampleImages, pushWithSkopeo } from './support/sample-images.ts';
import { useRegistries } from './support/use-registries.ts';

const registries = useRegistries();
let registry: DockerRegistry;

beforeAll(async () => {
  const layout = await buildSampleImages(registries.directory);
  registry = await registries.startWithPassword();
  await pushWithSkopeo(layout, 'sample', registry.host, 'team/sample:v1', ['--dest-creds', 'alice:s3cret']);
});

async function pull(auth?: AuthConfig): Promise<string> {
  const stowage = await openStowage({ auth });
  try {
    return (await stowage.pull(`${registry.host}/team/sample:v1`, { platform: 'linux/amd64' })).status;
  } finally {
    await stowage.close();
  }
}

describe('a registry that asks for a password', () => {
  it('is pulled from with the right one', async () => {
    expect(await pull({ username: 'alice', password: 's3cret', serverAddress: registry.host })).toBe(
      'downloaded',
    );
  });

  it('refuses a wrong one with a typed error that does not repeat it', async () => {
    const error: unknown = await pull({ username: 'alice', password: 'wr0ng' }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ name: 'RegistryError', code: 'UNAUTHENTICATED', status: 401 });
    expect(String(error)).not.toContain('wr0ng');
  });

  it('refuses nobody in docker words', async () => {
    await expect(pull()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(pull()).rejects.toThrow('no basic auth credentials');
  });

  it('never sees credentials that are for somebody else', async () => {
    const auth = { username: 'alice', password: 's3cret', serverAddress: 'registry.example' };
    await expect(pull(auth)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
