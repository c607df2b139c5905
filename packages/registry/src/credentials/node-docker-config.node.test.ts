import { readdir, stat } from 'node:fs/promises';
import type { AuthConfig } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromDockerConfig, openDockerConfig } from './node-docker-config.ts';
import type { DockerConfig, DockerConfigOptions } from './node-docker-config.ts';
import { rejection } from '../test-support/fixtures.ts';
import { makeHelperDirectory } from '../test-support/helper-directory.ts';
import type { HelperDirectory } from '../test-support/helper-directory.ts';
import { TestClock } from '../test-support/scripted-fetch.ts';

const ANN: AuthConfig = { username: 'ann', password: 's3cret' };
const ENTRY = { auth: btoa('ann:s3cret') };
/** Keeps what it is told in a file of its own. */
const KEYCHAIN = (file: string): string => `
const path = ${JSON.stringify(file)};
let all = {};
try { all = JSON.parse(readFileSync(path, 'utf8')); } catch {}
if (action === 'get') all[input] === undefined ? fail('credentials not found in native keychain') : say(all[input]);
if (action === 'store') { const entry = JSON.parse(input); all[entry.ServerURL] = entry; }
if (action === 'erase') delete all[input];
writeFileSync(path, JSON.stringify(all));
`;

let directory: HelperDirectory;
let warnings: string[];

beforeEach(async () => {
  directory = await makeHelperDirectory();
  warnings = [];
});

afterEach(async () => {
  await directory[Symbol.asyncDispose]();
});

async function open(content: unknown, options: DockerConfigOptions = {}): Promise<DockerConfig> {
  const path = await directory.write('config.json', content);
  const onWarning = (message: string): void => void warnings.push(message);
  return openDockerConfig({ path, env: directory.env, onWarning, ...options });
}

async function stored(): Promise<Record<string, unknown>> {
  return JSON.parse(await directory.read('config.json')) as Record<string, unknown>;
}

describe('credentials', () => {
  it('come from the file, read anew each time', async () => {
    const { credentials } = await open({ auths: { 'quay.io': ENTRY } });
    expect(await credentials('quay.io')).toEqual({ ...ANN, serverAddress: 'quay.io' });
    expect(await credentials('ghcr.io')).toBeUndefined();
    await directory.write('config.json', { auths: { 'ghcr.io': ENTRY } });
    expect(await credentials('ghcr.io')).toMatchObject(ANN);
  });

  it('are none without a file, or with an empty one', async () => {
    expect(await fromDockerConfig(directory.file('missing.json'))('quay.io')).toBeUndefined();
    expect(await (await open('')).credentials('quay.io')).toBeUndefined();
  });

  it('come from the first of several files that has some', async () => {
    await directory.write('auth.json', { auths: { 'quay.io/team': ENTRY } });
    await directory.write('config.json', { auths: { 'quay.io': { auth: btoa('bob:x') }, 'ghcr.io': ENTRY } });
    const env = { REGISTRY_AUTH_FILE: directory.file('auth.json'), DOCKER_CONFIG: directory.path };
    const config = openDockerConfig({ env });
    expect(config.path).toBe(directory.file('auth.json'));
    expect((await config.credentials('quay.io', { repository: 'team/app' }))?.username).toBe('ann');
    expect((await config.credentials('quay.io', { repository: 'other/app' }))?.username).toBe('bob');
    expect((await config.credentials('ghcr.io'))?.username).toBe('ann');
  });

  it('come from the helper of a registry, else from that of all', async () => {
    await directory.helper('one', `say({ ServerURL: input, Username: 'one', Secret: 'x' });`);
    await directory.helper('all', `say({ ServerURL: input, Username: 'all', Secret: 'x' });`);
    const { credentials } = await open({
      credsStore: 'all',
      credHelpers: { 'quay.io': 'one' },
      auths: { 'quay.io': {} },
    });
    expect((await credentials('quay.io'))?.username).toBe('one');
    expect((await credentials('docker.io'))?.username).toBe('all');
    expect(await directory.asked('all')).toEqual(['get https://index.docker.io/v1/']);
  });

  it('come from the file where the helper has none', async () => {
    await directory.helper('none', `fail('credentials not found in native keychain');`);
    const { credentials } = await open({ credsStore: 'none', auths: { 'quay.io': ENTRY } });
    expect((await credentials('quay.io'))?.username).toBe('ann');
    expect(warnings).toEqual([]);
  });

  it('are none, with one warning, where the helper is missing', async () => {
    await directory.write('auth.json', { auths: { 'quay.io': ENTRY } });
    await directory.helper('all', `say({ ServerURL: input, Username: 'all', Secret: 'x' });`);
    const { credentials } = await open({
      credsStore: 'all',
      credHelpers: { 'quay.io': 'gone' },
      auths: { 'quay.io': ENTRY, 'https://index.docker.io/v1/': ENTRY },
    });
    expect(await credentials('quay.io')).toBeUndefined();
    expect(await credentials('quay.io')).toBeUndefined();
    expect(warnings).toEqual(['docker-credential-gone is not installed: no credentials for quay.io']);
    expect(await directory.asked('all')).toEqual([]);
  });

  it.each([
    ['fails', `fail('locked');`, {}, 'docker-credential-odd get failed: locked: no credentials for quay.io'],
    [
      'answers nonsense',
      `say('hunter2');`,
      {},
      'docker-credential-odd get: malformed answer: no credentials for quay.io',
    ],
    [
      'takes too long',
      `setInterval(() => undefined, 1000);`,
      { clock: new TestClock(), helperTimeout: 5000 },
      'docker-credential-odd get: no answer within 5 s: no credentials for quay.io',
    ],
  ])(
    'are none, with a warning, where the helper %s',
    async (_name, body, options: DockerConfigOptions, warning) => {
      await directory.helper('odd', body);
      const { credentials } = await open({ credsStore: 'odd' }, options);
      expect(await credentials('quay.io')).toBeUndefined();
      expect(warnings).toEqual([warning]);
      const strict = await open({ credsStore: 'odd' }, { ...options, strictHelpers: true });
      await expect(strict.credentials('quay.io')).rejects.toThrow('docker-credential-odd get');
    },
  );

  it.each(['../../evil', 'a;b', '/bin/sh', '$(id)'])('run nothing by the name %s', async (name) => {
    const { credentials } = await open({ credsStore: name, auths: { 'quay.io': ENTRY } });
    expect(await credentials('quay.io')).toBeUndefined();
    expect(warnings[0]).toContain('invalid name of a credential helper');
  });

  it('say which file is malformed', async () => {
    const config = await open('{"auths": hunter2');
    for (const ask of [
      () => config.credentials('quay.io'),
      () => config.metaHeaders(),
      () => config.store('quay.io', ANN),
      () => config.erase('quay.io'),
    ]) {
      const error = (await rejection(ask())) as Error;
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(error.message).toContain(`${config.path}: malformed docker configuration: `);
      expect(error.message).not.toContain('hunter2');
    }
  });

  it('reject with the reason of an aborted signal', async () => {
    await directory.helper('slow', `setInterval(() => undefined, 1000);`);
    const { credentials } = await open({ credsStore: 'slow' });
    const reason = new Error('enough');
    const controller = new AbortController();
    const asked = rejection(credentials('quay.io', { signal: controller.signal }));
    setImmediate(() => {
      controller.abort(reason);
    });
    expect(await asked).toBe(reason);
    expect(warnings).toEqual([]);
  });
});

describe('store', () => {
  it('writes what docker writes, and keeps the rest', async () => {
    const config = await open({
      psFormat: 'table',
      auths: { 'ghcr.io': ENTRY, 'https://quay.io': { auth: 'eDp5' } },
    });
    expect(await config.store('quay.io', ANN)).toEqual({ path: config.path });
    expect(await stored()).toEqual({ psFormat: 'table', auths: { 'ghcr.io': ENTRY, 'quay.io': ENTRY } });
    expect(await config.credentials('quay.io')).toMatchObject(ANN);
    expect((await stat(config.path)).mode & 0o777).toBe(0o600);
    expect((await readdir(directory.path)).filter((name) => name.startsWith('config'))).toEqual([
      'config.json',
    ]);
  });

  it('makes the file', async () => {
    const config = openDockerConfig({ env: { DOCKER_CONFIG: directory.file('new') } });
    await config.store('docker.io', { username: 'ann', password: 'p\u00e4ss', identityToken: 'i' });
    expect(JSON.parse(await directory.read('new/config.json'))).toEqual({
      auths: { 'https://index.docker.io/v1/': { auth: btoa('ann:'), identitytoken: 'i' } },
    });
    expect(await config.credentials('docker.io')).toMatchObject({ username: 'ann', identityToken: 'i' });
  });

  it('keeps a token that is for the registry itself', async () => {
    const config = await open({});
    await config.store('quay.io', { registryToken: 'r' });
    expect(await stored()).toEqual({ auths: { 'quay.io': { registrytoken: 'r' } } });
    expect(await config.credentials('quay.io')).toMatchObject({ registryToken: 'r' });
  });

  it('gives the secret to the helper, and the file only the name', async () => {
    await directory.helper('chain', KEYCHAIN(directory.file('chain.json')));
    const config = await open({ credsStore: 'chain', auths: { 'quay.io': ENTRY } });
    expect(await config.store('quay.io', { ...ANN, password: 'new' })).toEqual({
      path: config.path,
      helper: 'docker-credential-chain',
    });
    expect(await stored()).toEqual({ credsStore: 'chain', auths: { 'quay.io': {} } });
    expect(await config.credentials('quay.io')).toMatchObject({ username: 'ann', password: 'new' });
  });

  it('does not fall back to the file where the helper fails', async () => {
    const config = await open({ credsStore: 'gone', auths: {} });
    await expect(config.store('quay.io', ANN)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await stored()).toEqual({ credsStore: 'gone', auths: {} });
  });

  it('keeps an account for a part of a registry', async () => {
    const config = await open({ auths: { 'quay.io/team': ENTRY } });
    await config.store('quay.io', { username: 'bob', password: 'x' });
    expect(Object.keys((await stored())['auths'] as object)).toEqual(['quay.io/team', 'quay.io']);
    expect(await config.erase('quay.io')).toBe(true);
    expect(await stored()).toEqual({ auths: { 'quay.io/team': ENTRY } });
  });

  it.each(['', 'a b', 'https://quay.io', 'quay.io/team', 'a\nb'])('refuses the host %j', async (host) => {
    const config = await open({});
    await expect(config.store(host, ANN)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(config.erase(host)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('loses nothing of two logins at once', async () => {
    const config = await open({});
    await Promise.all([
      config.store('quay.io', ANN),
      config.store('ghcr.io', ANN),
      config.store('docker.io', ANN),
    ]);
    expect(Object.keys((await stored())['auths'] as object)).toHaveLength(3);
  });
});

describe('erase', () => {
  it('takes out every spelling, and says whether there was one', async () => {
    const config = await open({
      auths: { 'https://quay.io/v1/': ENTRY, 'quay.io': ENTRY, 'http://quay.io': {}, 'quay.io:443': ENTRY },
    });
    expect(await config.erase('quay.io')).toBe(true);
    expect(await stored()).toEqual({ auths: { 'quay.io:443': ENTRY } });
    expect(await config.erase('quay.io')).toBe(false);
    expect(await openDockerConfig({ path: directory.file('missing.json') }).erase('quay.io')).toBe(false);
  });

  it('has the helper forget too', async () => {
    await directory.helper('chain', KEYCHAIN(directory.file('chain.json')));
    const config = await open({ credsStore: 'chain' });
    await config.store('docker.io', ANN);
    expect(await config.erase('docker.io')).toBe(true);
    expect(await stored()).toEqual({ credsStore: 'chain', auths: {} });
    expect(JSON.parse(await directory.read('chain.json'))).toEqual({});
    expect(await config.erase('docker.io')).toBe(false);
  });
});

describe('the rest of the file', () => {
  it('has headers, of which those for registries are passed on', async () => {
    const HttpHeaders = {
      'X-Meta-Team': 'blue',
      'x-meta-a': 'b',
      'X-Auth-Token': 'secret',
      'User-Agent': 'me',
    };
    const config = await open({ HttpHeaders });
    expect(await config.metaHeaders()).toEqual({ 'X-Meta-Team': 'blue', 'x-meta-a': 'b' });
    expect(await openDockerConfig({ path: directory.file('missing') }).metaHeaders()).toEqual({});
  });

  it('has proxies', async () => {
    const proxies = { default: { httpsProxy: 'http://proxy.example:3128', noProxy: '.example' } };
    expect(await (await open({ proxies })).proxies()).toEqual(proxies);
    expect(await openDockerConfig({ path: directory.file('missing') }).proxies()).toEqual({});
  });
});
