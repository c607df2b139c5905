import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Storage } from '@stowage/types';
import { beforeAll, describe } from 'vitest';
import { CERTIFIED_NAME, createAuthority, createCertificate } from './support/certificates.ts';
import { preparePushList } from './support/push-list.ts';
import { pushSuite, strangerTest } from './support/push-suite.ts';
import type { PushTarget } from './support/push-suite.ts';
import { startTunnel } from './support/tunnel.ts';
import { useRegistries } from './support/use-registries.ts';

const registries = useRegistries();

/** Under a name of its own: what is on this machine is not asked for certificates. */
async function startWithCertificates(): Promise<PushTarget> {
  const { directory } = registries;
  const authority = await createAuthority(directory, 'authority');
  const server = await createCertificate(directory, 'server', authority);
  const client = await createCertificate(directory, 'client', authority);
  const { host } = await registries.start({ tls: { ...server, clients: authority.certificate } });
  const tunnel = registries.keep(await startTunnel(host));
  const name = `${CERTIFIED_NAME}:5000`;
  const certsDir = join(directory, 'certs');
  const own = join(certsDir, name);
  await mkdir(own, { recursive: true });
  await copyFile(authority.certificate, join(own, 'ca.crt'));
  await copyFile(client.certificate, join(own, 'client.cert'));
  await copyFile(client.key, join(own, 'client.key'));
  const options = { certsDir, proxy: { httpsProxy: tunnel.url } };
  return { host: name, options, skopeo: { host, access: ['--src-cert-dir', own] } };
}

describe('docker-registry with a certificate of its own authority, for clients with one', () => {
  let storage: Storage;
  let target: PushTarget;
  beforeAll(async () => {
    storage = await preparePushList();
    target = await startWithCertificates();
  });
  const init = () => ({ storage, directory: registries.directory });
  pushSuite(init, () => target);
  strangerTest(init, () => target, 'UNAVAILABLE');
});
