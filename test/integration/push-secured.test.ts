import type { Storage } from '@stowage/types';
import { beforeAll, describe } from 'vitest';
import { createAuthority } from './support/certificates.ts';
import { preparePushList } from './support/push-list.ts';
import { pushSuite, strangerTest } from './support/push-suite.ts';
import type { PushTarget } from './support/push-suite.ts';
import { PLAIN_SOURCE } from './support/skopeo.ts';
import { startTokenServer } from './support/token-server.ts';
import { ALICE, useRegistries } from './support/use-registries.ts';

const registries = useRegistries();
let storage: Storage;
beforeAll(async () => {
  storage = await preparePushList();
});

function forAlice(host: string): PushTarget {
  const access = [...PLAIN_SOURCE, '--src-creds', `${ALICE.username}:${ALICE.password}`];
  return { host, options: { auth: { ...ALICE, serverAddress: host } }, skopeo: { access } };
}

async function startWithTokens(): Promise<PushTarget> {
  const signer = await createAuthority(registries.directory, 'signer');
  const { realm } = registries.keep(await startTokenServer(signer, 'ec'));
  const { host } = await registries.start({ token: { realm, bundle: signer.certificate } });
  return forAlice(host);
}

describe.each([
  ['a password', async () => forAlice((await registries.startWithPassword()).host), 'UNAUTHENTICATED'],
  ['tokens', startWithTokens, 'DENIED'],
] as const)('docker-registry with %s', (_, start, code) => {
  let target: PushTarget;
  beforeAll(async () => {
    target = await start();
  });
  const init = () => ({ storage, directory: registries.directory });
  pushSuite(init, () => target);
  strangerTest(init, () => target, code);
});
