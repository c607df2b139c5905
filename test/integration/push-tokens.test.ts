import type { Storage } from '@stowage/types';
import { openStowage } from 'stowage';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAuthority } from './support/certificates.ts';
import type { DockerRegistry } from './support/docker-registry.ts';
import { preparePushList } from './support/push-list.ts';
import { forAlice, pushSuite, strangerTest } from './support/push-suite.ts';
import type { PushTarget } from './support/push-suite.ts';
import { startTokenServer } from './support/token-server.ts';
import type { TokenServer } from './support/token-server.ts';
import { useRegistries } from './support/use-registries.ts';

const registries = useRegistries();
let storage: Storage;
let tokens: TokenServer;
let registry: DockerRegistry;
let target: PushTarget;
beforeAll(async () => {
  storage = await preparePushList();
  const signer = await createAuthority(registries.directory, 'signer');
  tokens = registries.keep(await startTokenServer(signer, 'ec'));
  registry = await registries.start({ token: { realm: tokens.realm, bundle: signer.certificate } });
  target = forAlice(registry.host);
});

describe('docker-registry with tokens', () => {
  const init = () => ({ storage, directory: registries.directory });
  pushSuite(init, () => target);
  strangerTest(init, () => target, 'DENIED');
});

// After the suite, which has pushed what could be mounted.
it('what may not be mounted is sent', async () => {
  const { host, options } = target;
  await using stowage = await openStowage({ ...options, storage });
  const uploads = async (to: string): Promise<readonly string[]> => {
    await stowage.tag('kept/pulled:v1', `${host}/${to}:v1`);
    await stowage.push(`${host}/${to}:v1`);
    const log = await registry.requests();
    return log.filter((line) => line.startsWith('POST') && line.includes(`/${to}/blobs/uploads/`));
  };
  const mounted = await uploads('team/sibling');
  expect(mounted.filter((line) => line.includes('from=') && line.endsWith(' 201'))).toHaveLength(2);
  tokens.closed.add('team/pulled').add('team/sibling');
  const sent = await uploads('team/stranger');
  expect(sent.filter((line) => line.includes('from='))).not.toEqual([]);
  expect(sent.filter((line) => line.endsWith(' 201'))).toEqual([]);
  expect(sent.filter((line) => line.endsWith(' 202')).length).toBeGreaterThanOrEqual(3);
});
