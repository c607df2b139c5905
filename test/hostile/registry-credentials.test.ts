import { chmodSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import {
  createRegistryService,
  createRepository,
  environmentCredentials,
  firstCredentials,
  staticCredentials,
} from '@stowage/registry';
import { fromDockerConfig } from '@stowage/registry/node';
import type { AuthConfig, Clock, CredentialProvider } from '@stowage/types';
import { openStowage } from 'stowage';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

// Credentials that the user has, and registries that would like to have them. Each test is named after its row in the
// list of past advisories of the field.

const ANN: AuthConfig = { username: 'ann', password: 'hunter2' };
const ENTRY = { auth: btoa('ann:hunter2') };
/** Every form in which the secret can show up. */
const SECRETS = ['hunter2', ENTRY.auth];
const NOW: Clock = {
  now: () => 0,
  sleep: (_milliseconds, { signal } = {}) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        reject(new Error('no longer waited for'));
      });
    }),
};

let home: string;
let log: string[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'stowage-hostile-'));
  log = [];
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

/** A network in which everybody asks for a password, in every way there is, and writes down what comes. */
function network(text: string, init: RequestInit = {}): Promise<Response> {
  const url = new URL(text);
  const headers = new Headers(init.headers);
  const body = typeof init.body === 'string' ? init.body : '';
  log.push(`${url.host} ${url.href} ${JSON.stringify([...headers])} ${body}`);
  const challenge = `Bearer realm="https://${url.host}/token",service="${url.host}", Basic realm="all"`;
  return Promise.resolve(
    url.pathname === '/token'
      ? Response.json({ errors: [{ code: 'UNAUTHORIZED' }] }, { status: 401 })
      : new Response(null, { status: 401, headers: { 'www-authenticate': challenge } }),
  );
}

/** Which hosts saw a secret. */
function leaks(): string[] {
  const told = log.filter((line) => SECRETS.some((secret) => line.includes(secret)));
  return [...new Set(told.map((line) => line.slice(0, line.indexOf(' '))))];
}

/** Asks for the tags of a repository at a host, whatever comes of it. */
async function visit(host: string, auth: AuthConfig | CredentialProvider | undefined): Promise<void> {
  const endpoint = { url: `https://${host}`, mirror: false, official: false, insecure: false };
  const init = { endpoint, name: 'team/app', auth, fetch: network, clock: NOW };
  const outcome = (async () => {
    for await (const _ of createRepository(init).tags()) break;
  })();
  await outcome.catch(() => undefined);
}

async function dockerConfig(content: object): Promise<string> {
  const path = join(home, 'config.json');
  await writeFile(path, JSON.stringify(content));
  return path;
}

/** A helper that has the password of every registry in the world, and writes down whose it was asked for. */
async function generousHelper(name: string): Promise<void> {
  const program = join(home, `docker-credential-${name}`);
  await writeFile(
    program,
    `#!/usr/bin/env node
const server = require('node:fs').readFileSync(0, 'utf8');
require('node:fs').appendFileSync(${JSON.stringify(join(home, 'asked'))}, server + '\\n');
console.log(JSON.stringify({ ServerURL: server, Username: 'ann', Secret: 'hunter2' }));
`,
  );
  chmodSync(program, 0o755);
}

async function asked(): Promise<string[]> {
  const text = await readFile(join(home, 'asked'), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

function helperEnv(): Record<string, string> {
  return { PATH: [home, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter) };
}

describe('row 14: a helper that is missing', () => {
  it('leads to no other credentials, and to no other host', async () => {
    await generousHelper('all');
    const path = await dockerConfig({
      credsStore: 'all',
      credHelpers: { 'registry.test': 'gone' },
      auths: { 'registry.test': ENTRY, 'https://index.docker.io/v1/': ENTRY, 'ghcr.io': ENTRY },
    });
    const warnings: string[] = [];
    const credentials = fromDockerConfig({
      path,
      env: helperEnv(),
      onWarning: (message) => warnings.push(message),
    });
    await visit('registry.test', credentials);
    expect(log.length).toBeGreaterThan(0);
    expect(log.every((line) => line.startsWith('registry.test '))).toBe(true);
    expect([leaks(), await asked()]).toEqual([[], []]);
    expect(warnings).toEqual(['docker-credential-gone is not installed: no credentials for registry.test']);
  });

  it.each([
    ['fails', 'process.exit(1);'],
    [
      'answers for Docker Hub',
      `console.log(JSON.stringify({ ServerURL: 'https://index.docker.io/v1/', Username: 'ann', Secret: 'hunter2' }));`,
    ],
    ['answers nonsense', `console.log('hunter2');`],
  ])('is no worse than one that %s', async (_name, body) => {
    const program = join(home, 'docker-credential-odd');
    await writeFile(program, `#!/usr/bin/env node\n${body}\n`);
    chmodSync(program, 0o755);
    const path = await dockerConfig({
      credsStore: 'odd',
      auths: { 'registry.test': ENTRY, 'docker.io': ENTRY },
    });
    const warnings: string[] = [];
    const onWarning = (message: string): void => void warnings.push(message);
    await visit('registry.test', fromDockerConfig({ path, env: helperEnv(), onWarning }));
    expect(leaks()).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toContain('hunter2');
  });

  it.each(['../../docker-credential-all', '/bin/sh', 'all; touch pwned', '$(touch pwned)', 'all\n'])(
    'is not made up for by running %j',
    async (name) => {
      await generousHelper('all');
      const path = await dockerConfig({ credHelpers: { 'registry.test': name } });
      await visit('registry.test', fromDockerConfig({ path, env: helperEnv() }));
      expect([leaks(), await asked()]).toEqual([[], []]);
    },
  );

  it('is an error where the caller says so', async () => {
    const path = await dockerConfig({ credsStore: 'gone' });
    const credentials = fromDockerConfig({ path, env: helperEnv(), strictHelpers: true });
    await expect(credentials('registry.test')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('row 27: the credentials of the user', () => {
  it('are used by nobody who was not told to', async () => {
    await generousHelper('all');
    await dockerConfig({ credsStore: 'all', auths: { 'registry.test': ENTRY } });
    const variables = {
      ...helperEnv(),
      HOME: home,
      DOCKER_CONFIG: home,
      REGISTRY_AUTH_FILE: join(home, 'config.json'),
      DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { 'registry.test': ENTRY } }),
      STOWAGE_AUTH: JSON.stringify({ auths: { 'registry.test': ENTRY } }),
    };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    await visit('registry.test', undefined);
    await using stowage = await openStowage({ fetch: network, clock: NOW });
    for (const work of [
      () => stowage.pull('registry.test/team/app'),
      () => stowage.resolve('registry.test/team/app'),
      () => stowage.search('registry.test/app'),
    ]) {
      await (async (): Promise<unknown> => await work())().catch(() => undefined);
    }
    expect(log.length).toBeGreaterThan(3);
    expect([leaks(), await asked()]).toEqual([[], []]);
    // They are there all the same.
    expect(await fromDockerConfig()('registry.test')).toMatchObject(ANN);
  });

  it('go to the one registry that they are for, once it was allowed to', async () => {
    const path = await dockerConfig({ auths: { 'ghcr.io': ENTRY } });
    const credentials = fromDockerConfig({ path });
    for (const host of ['evil.test', 'registry.test', 'ghcr.io']) await visit(host, credentials);
    expect(leaks()).toEqual(['ghcr.io']);
  });

  it('of one registry do not go to a mirror of it', async () => {
    const service = createRegistryService({
      mirrors: { 'ghcr.io': ['https://mirror.test', 'http://plain.test'] },
    });
    for (const auth of [{ ...ANN, serverAddress: 'ghcr.io' }, ANN, staticCredentials({ 'ghcr.io': ANN })]) {
      for (const endpoint of await service.lookupPullEndpoints('ghcr.io')) {
        if (!endpoint.mirror) continue;
        const repository = createRepository({ endpoint, name: 'a/b', auth, fetch: network, clock: NOW });
        await repository.manifests.get('v1').catch(() => undefined);
      }
    }
    expect(log.some((line) => line.startsWith('plain.test '))).toBe(true);
    expect(leaks()).toEqual([]);
  });

  it('do not go out in the clear because the user wrote http before a name', async () => {
    const service = createRegistryService({ fetch: network, clock: NOW });
    await service.auth({ ...ANN, serverAddress: 'http://registry.test' }).catch(() => undefined);
    expect(log.length).toBeGreaterThan(0);
    expect(log.every((line) => line.includes(' https://'))).toBe(true);
  });
});

describe('row 32: credentials for ghcr.io', () => {
  const auths = { 'ghcr.io': ENTRY };
  const table = { 'ghcr.io': ANN };
  const providers: Record<string, () => Promise<AuthConfig | CredentialProvider>> = {
    'one set': () => Promise.resolve({ ...ANN, serverAddress: 'ghcr.io' }),
    'one set for a URL': () => Promise.resolve({ ...ANN, serverAddress: 'https://ghcr.io/v1/' }),
    'a table': () => Promise.resolve(staticCredentials(table)),
    'the environment': () =>
      Promise.resolve(environmentCredentials({ STOWAGE_AUTH: JSON.stringify({ auths }) })),
    'several providers': () =>
      Promise.resolve(firstCredentials(staticCredentials({}), staticCredentials(table))),
    'a docker configuration': async () => fromDockerConfig(await dockerConfig({ auths })),
    'old keys': async () => fromDockerConfig(await dockerConfig({ auths: { 'https://ghcr.io/v1/': ENTRY } })),
    'a podman key': async () => fromDockerConfig(await dockerConfig({ auths: { 'ghcr.io/team': ENTRY } })),
    'a helper': async () => {
      await generousHelper('gh');
      return fromDockerConfig({
        path: await dockerConfig({ credHelpers: { 'ghcr.io': 'gh' } }),
        env: helperEnv(),
      });
    },
  };
  const others = [
    'ghcr.io.evil.test',
    'evil-ghcr.io',
    'evilghcr.io',
    'evil.ghcr.io',
    'ghcr.io:444',
    'ghcr.io@evil.test',
    'user:ghcr.io@evil.test',
    'evil.test/ghcr.io',
    'ghcr.io%2eevil.test',
    'ghcr.io%00.evil.test',
    'ghcr.io#.evil.test',
    'ghcr.io?.evil.test',
    'ghcr.io\\.evil.test',
    'ghcr.i',
    'hcr.io',
    'io',
  ];

  it.each(Object.keys(providers))('go to it alone, from %s', async (kind) => {
    const auth = await providers[kind]?.();
    for (const host of others) await visit(host, auth);
    expect([leaks(), await asked()]).toEqual([[], []]);
    await visit('ghcr.io', auth);
    expect(leaks()).toEqual(['ghcr.io']);
  });

  it.each(others)('are not found under the key %s', async (key) => {
    const path = await dockerConfig({ auths: { [key]: ENTRY, [`https://${key}`]: ENTRY } });
    await visit('ghcr.io', fromDockerConfig(path));
    expect(log.length).toBeGreaterThan(0);
    expect(leaks()).toEqual([]);
  });
});
