import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from './test-support/run-command.ts';
import { startTestRegistry } from './test-support/test-registry.ts';
import type { TestRegistry } from './test-support/test-registry.ts';

let registry: TestRegistry;
let store: string;
let ref: string;

beforeAll(async () => {
  registry = await startTestRegistry();
  store = await mkdtemp(join(tmpdir(), 'stowage-cli-'));
  ref = `${registry.host}/team/app:v1`;
  await registry.push('team/app', 'v1', [
    [
      { name: 'bin/sh', text: '#!' },
      { name: 'usr', type: 'symlink', linkname: 'bin' },
    ],
    [{ name: 'etc/hostname', text: 'top\n' }],
  ]);
});

afterAll(async () => {
  await registry.close();
  await rm(store, { recursive: true, force: true });
});

const stowage = (...args: string[]) => runCommand(args, { env: { STOWAGE_STORE: store } });
const remote = (command: string, ...args: string[]) =>
  stowage(command, '--remote', '--no-docker-config', ...args);

describe('--remote', () => {
  it('looks into an image that is in its registry alone', async () => {
    const local = await stowage('ls', '--quiet', ref);
    expect([local.code, local.stderr.text]).toEqual([1, `error: No such image: ${ref}\n`]);
    const { code, stdout, stderr } = await remote('ls', '--quiet', ref);
    expect([code, stderr.text]).toEqual([0, '']);
    expect(stdout.lines).toEqual(['bin', 'bin/sh', 'etc', 'etc/hostname', 'usr']);
    expect((await remote('cat', ref, 'usr/sh')).stdout.text).toBe('#!');
    expect((await stowage('images', '--quiet')).stdout.text).toBe('');
  });

  it('says what is not there', async () => {
    const { code, stderr } = await remote('cat', ref, 'etc/passwd');
    expect([code, stderr.text]).toEqual([1, 'error: no such file or directory: etc/passwd\n']);
    expect((await remote('ls', `${registry.host}/team/none:v1`)).code).toBe(1);
    expect((await remote('ls', '--username', 'ann', ref)).code).toBe(2);
  });
});
