import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCredentials } from './credentials.ts';
import { runCommand, textInput } from './test-support/run-command.ts';
import { startTestRegistry } from './test-support/test-registry.ts';
import type { TestRegistry } from './test-support/test-registry.ts';

const SIGNAL = new AbortController().signal;

function read(text: string, env: Record<string, string> = {}) {
  const flags = { username: 'me', passwordStdin: true };
  return readCredentials('ghcr.io/a/b', flags, { env, stdin: textInput(text), signal: SIGNAL });
}

describe('readCredentials', () => {
  it('takes one end of line from the password, and nothing else', async () => {
    for (const [text, password] of [
      ['secret', 'secret'],
      ['secret\n', 'secret'],
      ['secret\r\n', 'secret'],
      [' sec ret \n\n', ' sec ret \n'],
      ['pässwörd', 'pässwörd'],
    ] as const) {
      expect(await read(text)).toEqual({ username: 'me', password, serverAddress: 'ghcr.io' });
    }
  });

  it('lets flags win over the environment', async () => {
    const env = { STOWAGE_USERNAME: 'you', STOWAGE_PASSWORD: 'hidden' };
    expect(await read('secret', env)).toMatchObject({ username: 'me', password: 'secret' });
    const mixed = await readCredentials(
      'a',
      { username: 'me' },
      { env, stdin: textInput(''), signal: SIGNAL },
    );
    expect(mixed).toEqual({ username: 'me', password: 'hidden', serverAddress: 'docker.io' });
  });

  it('refuses a password that is none', async () => {
    await expect(read('\n')).rejects.toThrow('a user needs a password');
    await expect(read('x'.repeat(100_000))).rejects.toThrow('too long');
  });

  it('refuses a reference that names no registry', async () => {
    const environment = { env: {}, stdin: textInput('secret'), signal: SIGNAL };
    const flags = { username: 'me', passwordStdin: true };
    await expect(readCredentials('UPPER', flags, environment)).rejects.toMatchObject({
      code: 'INVALID_REFERENCE',
    });
  });
});

describe('a registry that asks who is there', () => {
  let registry: TestRegistry;
  let store: string;

  beforeAll(async () => {
    store = await mkdtemp(join(tmpdir(), 'stowage-credentials-'));
    const expected = `Basic ${btoa('me:secret')}`;
    registry = await startTestRegistry((request) =>
      Promise.resolve(
        request.headers.get('Authorization') === expected
          ? undefined
          : new Response(null, { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="test"' } }),
      ),
    );
    await registry.push('app', 'v1', [[{ name: 'a', text: 'a' }]]);
  });

  afterAll(async () => {
    await registry.close();
    await rm(store, { recursive: true, force: true });
  });

  it('lets in who has the password, from standard input or the environment', async () => {
    const name = `${registry.host}/app`;
    const flags = ['--store', store, '--username', 'me', '--password-stdin'];
    const pull = await runCommand(['pull', `${name}:v1`, '-q', ...flags], { stdin: textInput('secret\n') });
    expect([pull.code, pull.stderr.text]).toEqual([0, '']);
    const env = { STOWAGE_STORE: store, STOWAGE_USERNAME: 'me', STOWAGE_PASSWORD: 'secret' };
    expect((await runCommand(['tags', name], { env })).stdout.text).toBe('v1\n');
    expect((await runCommand(['resolve', `${name}:v1`], { env })).stdout.text).toMatch(/^sha256:/);
  });

  it('keeps others out', async () => {
    const args = ['tags', `${registry.host}/app`, '--store', store];
    for (const env of [{}, { STOWAGE_USERNAME: 'me', STOWAGE_PASSWORD: 'guess' }]) {
      const { code, stdout, stderr } = await runCommand(args, { env });
      expect([code, stdout.text]).toEqual([1, '']);
      expect(stderr.text).toMatch(/^error: [^\n]*\n$/);
      expect(stderr.text).not.toContain('guess');
    }
  });
});
