import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Environment } from './environment.ts';
import { registryAddress } from './registry-address.ts';
import { runCommand, textInput } from './test-support/run-command.ts';
import type { CommandOutcome } from './test-support/run-command.ts';
import { startTestRegistry } from './test-support/test-registry.ts';
import type { TestRegistry } from './test-support/test-registry.ts';

const AUTH = btoa('me:secret');

let registry: TestRegistry;
let seen: Headers[];
let home: string;
let configPath: string;

beforeAll(async () => {
  registry = await startTestRegistry((request) => {
    seen.push(request.headers);
    const known = request.headers.get('Authorization') === `Basic ${AUTH}`;
    return Promise.resolve(
      known
        ? undefined
        : new Response(null, { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="test"' } }),
    );
  });
  seen = [];
  await registry.push('app', 'v1', [[{ name: 'a', text: 'a' }]]);
});

afterAll(() => registry.close());

beforeEach(async () => {
  seen = [];
  home = await mkdtemp(join(tmpdir(), 'stowage-login-'));
  configPath = join(home, '.docker', 'config.json');
  await mkdir(dirname(configPath));
});

afterEach(() => rm(home, { recursive: true, force: true }));

async function stowage(
  args: readonly string[],
  overrides: Partial<Environment> = {},
): Promise<CommandOutcome> {
  const env = {
    PATH: [home, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    ...overrides.env,
  };
  return await runCommand(args, { home, ...overrides, env: { STOWAGE_STORE: join(home, 'store'), ...env } });
}

async function config(): Promise<unknown> {
  return JSON.parse(await readFile(configPath, 'utf8'));
}

function login(password: string): Promise<CommandOutcome> {
  const args = ['login', registry.host, '-u', 'me', '--password-stdin'];
  return stowage(args, { stdin: textInput(`${password}\n`) });
}

describe('stowage login', () => {
  it('keeps credentials that are good, for what follows', async () => {
    const name = `${registry.host}/app`;
    expect((await stowage(['tags', name])).code).toBe(1);
    const { code, stdout, stderr } = await login('secret');
    expect([code, stdout.text]).toEqual([0, 'Login Succeeded\n']);
    expect(stderr.lines).toEqual([
      `WARNING! Your password will be stored unencrypted in ${configPath}.`,
      'Configure a credential helper to remove this warning.',
    ]);
    expect(await config()).toEqual({ auths: { [registry.host]: { auth: AUTH } } });
    expect((await stowage(['tags', name])).stdout.text).toBe('v1\n');
    expect((await stowage(['pull', `${name}:v1`, '-q'])).code).toBe(0);
    expect((await stowage(['resolve', `${name}:v1`])).stdout.text).toMatch(/^sha256:/);
    expect((await stowage(['tags', name, '--no-docker-config'])).code).toBe(1);
  });

  it('keeps nothing that is not', async () => {
    const { code, stdout, stderr } = await login('guess');
    expect([code, stdout.text]).toEqual([1, '']);
    expect(stderr.text).toBe(
      `error: login attempt to http://${registry.host}/v2/ failed with status: 401 Unauthorized\n`,
    );
    await expect(config()).rejects.toThrow('ENOENT');
  });

  it('takes the password from a flag, and says what it thinks of that', async () => {
    const { code, stderr } = await stowage([
      'login',
      `http://${registry.host}/v1/`,
      '-u',
      'me',
      '-p',
      'secret',
    ]);
    expect(code).toBe(0);
    expect(stderr.lines[0]).toBe('WARNING! Using --password via the CLI is insecure. Use --password-stdin.');
    expect(await config()).toEqual({ auths: { [registry.host]: { auth: AUTH } } });
  });

  it('logs in again with what is kept', async () => {
    await writeFile(configPath, JSON.stringify({ auths: { [`https://${registry.host}`]: { auth: AUTH } } }));
    const { code, stdout } = await stowage(['login', registry.host]);
    expect([code, stdout.lines]).toEqual([
      0,
      ['Authenticating with existing credentials...', 'Login Succeeded'],
    ]);
    expect(await config()).toEqual({ auths: { [registry.host]: { auth: AUTH } } });
  });

  it('gives the secret to the helper that is configured', async () => {
    const helper = join(home, 'docker-credential-chain');
    const kept = join(home, 'kept.json');
    await writeFile(
      helper,
      `#!/usr/bin/env node
const { existsSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const [action, input] = [process.argv[2], readFileSync(0, 'utf8')];
const kept = ${JSON.stringify(kept)};
if (action === 'store') writeFileSync(kept, input);
else if (!existsSync(kept)) { console.log('credentials not found in native keychain'); process.exitCode = 1; }
else if (action === 'get') process.stdout.write(readFileSync(kept));
else rmSync(kept);
`,
    );
    await chmod(helper, 0o755);
    await writeFile(configPath, JSON.stringify({ credsStore: 'chain' }));
    const { code, stderr } = await login('secret');
    expect([code, stderr.text]).toEqual([0, '']);
    expect(await config()).toEqual({ credsStore: 'chain', auths: { [registry.host]: {} } });
    expect(JSON.parse(await readFile(kept, 'utf8'))).toEqual({
      ServerURL: registry.host,
      Username: 'me',
      Secret: 'secret',
    });
    expect((await stowage(['tags', `${registry.host}/app`])).stdout.text).toBe('v1\n');
    expect((await stowage(['logout', registry.host])).stdout.text).toContain('Removing login credentials');
    expect(await config()).toEqual({ credsStore: 'chain', auths: {} });
    await expect(readFile(kept)).rejects.toThrow('ENOENT');
  });

  it.each([
    [['-p', 'x', '--password-stdin', '-u', 'me'], '--password and --password-stdin are mutually exclusive'],
    [['--password-stdin'], 'Must provide --username with --password-stdin'],
    [['-p', 'x'], 'Must provide --username with a password'],
    [['-u', 'me'], 'a user needs a password'],
    [[], 'Cannot perform an interactive login'],
  ])('is told wrongly: %j', async (flags, words) => {
    const { code, stderr } = await stowage(['login', registry.host, ...flags], { stdin: textInput('x') });
    expect(code).toBe(2);
    expect(stderr.text).toContain(words);
    expect(seen).toEqual([]);
  });

  it('refuses what is no registry', async () => {
    const { code, stderr } = await stowage(['login', 'a b', '-u', 'me', '-p', 'secret']);
    expect(code).toBe(1);
    expect(stderr.text).toContain('error: unable to parse server address');
  });
});

describe('stowage logout', () => {
  it('forgets what was kept, once', async () => {
    await login('secret');
    const first = await stowage(['logout', registry.host]);
    expect([first.code, first.stdout.text]).toEqual([0, `Removing login credentials for ${registry.host}\n`]);
    expect(await config()).toEqual({ auths: {} });
    const second = await stowage(['logout', registry.host]);
    expect([second.code, second.stdout.text]).toEqual([0, `Not logged in to ${registry.host}\n`]);
  });

  it('is for Docker Hub where no registry is named', async () => {
    await writeFile(configPath, JSON.stringify({ auths: { 'https://index.docker.io/v1/': { auth: AUTH } } }));
    const { stdout } = await stowage(['logout']);
    expect(stdout.text).toBe('Removing login credentials for https://index.docker.io/v1/\n');
    expect(await config()).toEqual({ auths: {} });
  });
});

describe('the docker configuration', () => {
  it('is where DOCKER_CONFIG says', async () => {
    const directory = join(home, 'elsewhere');
    await mkdir(directory);
    await writeFile(
      join(directory, 'config.json'),
      JSON.stringify({ auths: { [registry.host]: { auth: AUTH } } }),
    );
    const { stdout } = await stowage(['tags', `${registry.host}/app`], { env: { DOCKER_CONFIG: directory } });
    expect(stdout.text).toBe('v1\n');
  });

  it('comes after flags and variables', async () => {
    await writeFile(configPath, JSON.stringify({ auths: { [registry.host]: { auth: btoa('me:old') } } }));
    const args = ['tags', `${registry.host}/app`];
    expect((await stowage(args)).code).toBe(1);
    const STOWAGE_AUTH = JSON.stringify({ auths: { [registry.host]: { auth: AUTH } } });
    expect((await stowage(args, { env: { STOWAGE_AUTH } })).stdout.text).toBe('v1\n');
    const env = { STOWAGE_USERNAME: 'me', STOWAGE_PASSWORD: 'secret' };
    expect((await stowage(args, { env })).stdout.text).toBe('v1\n');
    expect((await stowage([...args, '--no-docker-config'], { env: { STOWAGE_AUTH } })).stdout.text).toBe(
      'v1\n',
    );
  });

  it('has headers for registries', async () => {
    const HttpHeaders = { 'X-Meta-Team': 'blue', 'X-Other': 'x' };
    const auths = { [registry.host]: { auth: AUTH } };
    await writeFile(configPath, JSON.stringify({ HttpHeaders, auths }));
    await stowage(['tags', `${registry.host}/app`]);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.map((headers) => [headers.get('X-Meta-Team'), headers.get('X-Other')])).toEqual(
      seen.map(() => ['blue', null]),
    );
  });

  it('is warned of where its helper is missing', async () => {
    await writeFile(configPath, JSON.stringify({ credsStore: 'gone' }));
    const { code, stderr } = await stowage(['tags', `${registry.host}/app`]);
    expect(code).toBe(1);
    expect(stderr.lines[0]).toBe(
      `warning: docker-credential-gone is not installed: no credentials for ${registry.host}`,
    );
  });

  it('is named where it is malformed, and can be left alone', async () => {
    await writeFile(configPath, 'hunter2');
    const args = ['tags', `${registry.host}/app`];
    const { code, stderr } = await stowage(args);
    expect(code).toBe(1);
    expect(stderr.text).toContain(`error: ${configPath}: malformed docker configuration: `);
    expect(stderr.text).not.toContain('hunter2');
    const env = { STOWAGE_USERNAME: 'me', STOWAGE_PASSWORD: 'secret' };
    expect((await stowage([...args, '--no-docker-config'], { env })).stdout.text).toBe('v1\n');
  });
});

describe('what a registry says beside answers', () => {
  it('is told once, on standard error', async () => {
    const polite = await startTestRegistry((request) =>
      Promise.resolve(
        new URL(request.url).pathname.endsWith('/tags/list')
          ? Response.json({ tags: ['v1'] }, { headers: { Warning: '299 - "this registry \u00e8nds"' } })
          : undefined,
      ),
    );
    const { stdout, stderr } = await stowage(['tags', `${polite.host}/app`]);
    await polite.close();
    expect(stdout.text).toBe('v1\n');
    expect(stderr.lines).toEqual([expect.stringMatching(/^warning: 127\.0\.0\.1:\d+: this registry /)]);
  });
});

describe('registryAddress', () => {
  it.each([
    [undefined, 'docker.io', 'https://index.docker.io/v1/'],
    ['docker.io', 'docker.io', 'https://index.docker.io/v1/'],
    ['https://index.docker.io/v1/', 'docker.io', 'https://index.docker.io/v1/'],
    ['quay.io', 'quay.io', 'quay.io'],
    ['HTTPS://quay.io:5000/v1/x', 'quay.io:5000', 'quay.io:5000'],
  ])('of %s', (text, host, shown) => {
    expect(registryAddress(text)).toEqual({ host, shown });
  });
});
