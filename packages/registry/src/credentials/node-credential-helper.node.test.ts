import { systemClock } from '@stowage/core';
import type { Clock } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CredentialHelper } from './node-credential-helper.ts';
import { rejection } from '../test-support/fixtures.ts';
import { makeHelperDirectory } from '../test-support/helper-directory.ts';
import type { HelperDirectory } from '../test-support/helper-directory.ts';
import { TestClock } from '../test-support/scripted-fetch.ts';

let directory: HelperDirectory;

beforeEach(async () => {
  directory = await makeHelperDirectory();
});

afterEach(async () => {
  await directory[Symbol.asyncDispose]();
});

function helper(name: string, { clock = systemClock, env = {} }: { clock?: Clock; env?: object } = {}) {
  return new CredentialHelper({ name, env: { ...directory.env, ...env }, timeout: 60_000, clock });
}

describe('CredentialHelper', () => {
  it('gets what the program says, and asks by the key that docker uses', async () => {
    await directory.helper('ok', `say({ ServerURL: input, Username: 'ann', Secret: 's\\u00e9cret' });`);
    expect(await helper('ok').get('quay.io')).toEqual({
      username: 'ann',
      password: 's\u00e9cret',
      serverAddress: 'quay.io',
    });
    expect((await helper('ok').get('docker.io'))?.serverAddress).toBe('docker.io');
    expect(await directory.asked('ok')).toEqual(['get quay.io', 'get https://index.docker.io/v1/']);
  });

  it('takes a secret of <token> for an identity token', async () => {
    await directory.helper('token', `say({ ServerURL: '', Username: '<token>', Secret: 'i' });`);
    expect(await helper('token').get('quay.io')).toEqual({ identityToken: 'i', serverAddress: 'quay.io' });
  });

  it.each([
    ['says so', `fail('credentials not found in native keychain\\n');`],
    ['answers nothing', `say({ ServerURL: input, Username: '', Secret: '' });`],
  ])('has nothing where the program %s', async (_name, body) => {
    await directory.helper('none', body);
    expect(await helper('none').get('quay.io')).toBeUndefined();
  });

  it('refuses what the program says for another registry', async () => {
    await directory.helper(
      'other',
      `say({ ServerURL: 'https://evil.example', Username: 'ann', Secret: 'x' });`,
    );
    await expect(helper('other').get('quay.io')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'docker-credential-other answered for another registry than quay.io',
    });
  });

  it('stores and erases', async () => {
    await directory.helper(
      'ok',
      `if (action === 'erase' && input === 'quay.io') fail('credentials not found in native keychain');`,
    );
    await helper('ok').store('quay.io', { username: 'ann', password: 'a"b' });
    await helper('ok').store('docker.io', { username: 'ann', identityToken: 'i' });
    await helper('ok').erase('ghcr.io');
    await helper('ok').erase('quay.io');
    expect(await directory.asked('ok')).toEqual([
      'store {"ServerURL":"quay.io","Username":"ann","Secret":"a\\"b"}',
      'store {"ServerURL":"https://index.docker.io/v1/","Username":"<token>","Secret":"i"}',
      'erase ghcr.io',
      'erase quay.io',
    ]);
  });

  it('lists', async () => {
    await directory.helper('ok', `say({ 'quay.io': 'ann', 'https://index.docker.io/v1/': 'bob' });`);
    expect(await helper('ok').list()).toEqual({ 'quay.io': 'ann', 'https://index.docker.io/v1/': 'bob' });
    await directory.helper('bad', `say({ 'quay.io': 1 });`);
    await expect(helper('bad').list()).rejects.toThrow('docker-credential-bad list: malformed answer');
  });

  it('says that a program is missing', async () => {
    await expect(helper('missing').get('quay.io')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'docker-credential-missing is not installed',
    });
  });

  it('finds that of Windows from Linux within it', async () => {
    await directory.helper('desktop.exe', `say({ Username: 'ann', Secret: 'x' });`);
    await expect(helper('desktop').get('quay.io')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const env = { WSL_DISTRO_NAME: 'Debian' };
    expect((await helper('desktop', { env }).get('quay.io'))?.username).toBe('ann');
    await expect(helper('missing', { env }).get('quay.io')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('repeats what a program that fails says, but not for long', async () => {
    await directory.helper('broken', `fail('the keychain\\u001b[2J is locked ' + 'x'.repeat(1000));`);
    const error = (await rejection(helper('broken').get('quay.io'))) as Error;
    expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(error.message).toMatch(/^docker-credential-broken get failed: the keychain \[2J is locked x+$/);
    expect(error.message.length).toBeLessThan(300);
    await directory.helper('quiet', `process.exitCode = 3;`);
    await expect(helper('quiet').get('quay.io')).rejects.toThrow(
      'docker-credential-quiet get failed: exit code 3',
    );
  });

  it.each([
    `say('hunter2');`,
    `say('"hunter2"');`,
    `say({ Username: 'hunter2' });`,
    `say({ Username: 1, Secret: 'hunter2' });`,
  ])('repeats nothing of an answer that it does not understand: %s', async (body) => {
    await directory.helper('odd', body);
    await expect(helper('odd').get('quay.io')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'docker-credential-odd get: malformed answer',
    });
  });

  it('ends a program that says too much', async () => {
    await directory.helper(
      'endless',
      `const more = () => process.stdout.write('x'.repeat(65536), more); more();`,
    );
    await expect(helper('endless').get('quay.io')).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('ends a program that takes too long', async () => {
    await directory.helper('slow', `setInterval(() => undefined, 1000);`);
    await expect(helper('slow', { clock: new TestClock() }).get('quay.io')).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: 'docker-credential-slow get: no answer within 60 s',
    });
  });

  it('ends a program when the caller gives up, and what that started does not hold it', async () => {
    await directory.helper(
      'parent',
      `require('node:child_process').spawn('sleep', ['5'], { stdio: 'inherit' }); say('x'); setInterval(() => undefined, 1000);`,
    );
    const controller = new AbortController();
    const reason = new Error('enough');
    const asked = rejection(helper('parent').get('quay.io', { signal: controller.signal }));
    controller.abort(reason);
    expect(await asked).toBe(reason);
    expect(await rejection(helper('parent').get('quay.io', { signal: controller.signal }))).toBe(reason);
  });

  it('does not mind a program that does not listen', async () => {
    await directory.write(
      'docker-credential-deaf',
      '#!/bin/sh\nexec 0<&-\necho \'{"Username":"ann","Secret":"x"}\'\n',
    );
    const { chmod } = await import('node:fs/promises');
    await chmod(directory.file('docker-credential-deaf'), 0o755);
    expect((await helper('deaf').get('quay.io'))?.username).toBe('ann');
  });

  it('says that a program cannot be run', async () => {
    await directory.write('docker-credential-text', 'no program');
    const { code } = (await rejection(helper('text').get('quay.io'))) as { code: string };
    expect(['UNAVAILABLE', 'NOT_FOUND']).toContain(code);
  });

  it.each([
    '',
    '../evil',
    'a/b',
    'a\\b',
    'a b',
    'a;b',
    '$(id)',
    '`id`',
    '-x',
    '.x',
    'a\0',
    'a\n',
    'x'.repeat(65),
  ])('runs nothing by the name %j', (name) => {
    expect(() => helper(name)).toThrow('invalid name of a credential helper');
  });
});
