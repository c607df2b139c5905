import type { AuthConfig, CredentialProvider } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import {
  anonymousCredentials,
  environmentCredentials,
  firstCredentials,
  staticCredentials,
} from './credential-providers.ts';
import { rejection } from '../test-support/fixtures.ts';

const ANN: AuthConfig = { username: 'ann', password: 's3cret' };
const CONFIG = JSON.stringify({ auths: { 'quay.io': ANN, 'ghcr.io/team': { ...ANN, username: 'bob' } } });

describe('staticCredentials', () => {
  const credentials = staticCredentials({
    'quay.io': ANN,
    'https://index.docker.io/v1/': ANN,
    'docker.example': {},
  });

  it.each([
    ['quay.io', true],
    ['docker.io', true],
    ['docker.example', false],
    ['quay.io:443', false],
    ['evil-quay.io', false],
    ['toString', false],
  ])('knows %s: %s', async (host, known) => {
    expect(await credentials(host)).toEqual(known ? { ...ANN, serverAddress: host } : undefined);
  });

  it('takes Docker Hub by its short name', async () => {
    expect(await staticCredentials({ 'docker.io': ANN })('docker.io')).toMatchObject(ANN);
  });
});

describe('environmentCredentials', () => {
  it('reads a docker configuration', async () => {
    const credentials = environmentCredentials({ STOWAGE_AUTH: CONFIG });
    expect(await credentials('quay.io')).toEqual({ ...ANN, serverAddress: 'quay.io' });
    expect((await credentials('ghcr.io', { repository: 'team/app' }))?.username).toBe('bob');
    expect(await credentials('ghcr.io')).toBeUndefined();
  });

  it('prefers our own variable to that of build systems', async () => {
    const other = JSON.stringify({ auths: { 'quay.io': { ...ANN, username: 'other' } } });
    const both = environmentCredentials({ STOWAGE_AUTH: CONFIG, DOCKER_AUTH_CONFIG: other });
    expect((await both('quay.io'))?.username).toBe('ann');
    const one = environmentCredentials({ STOWAGE_AUTH: '', DOCKER_AUTH_CONFIG: other });
    expect((await one('quay.io'))?.username).toBe('other');
    expect(await environmentCredentials({})('quay.io')).toBeUndefined();
  });

  it('says which variable is malformed, and nothing of what it holds', async () => {
    const error = await rejection(environmentCredentials({ DOCKER_AUTH_CONFIG: 'hunter2' })('quay.io'));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((error as Error).message).toMatch(/^DOCKER_AUTH_CONFIG: malformed docker configuration: /);
    expect((error as Error).message).not.toContain('hunter2');
  });
});

describe('firstCredentials', () => {
  it('asks one after the other', async () => {
    const asked: string[] = [];
    const provider =
      (name: string, known: boolean): CredentialProvider =>
      (host) => {
        asked.push(`${name} ${host}`);
        return Promise.resolve(known ? { username: name } : undefined);
      };
    const credentials = firstCredentials(provider('a', false), provider('b', true), provider('c', true));
    expect(await credentials('quay.io')).toEqual({ username: 'b' });
    expect(asked).toEqual(['a quay.io', 'b quay.io']);
    expect(await firstCredentials()('quay.io')).toBeUndefined();
  });

  it('hides no failure', async () => {
    const reason = new Error('broken');
    const broken: CredentialProvider = () => Promise.reject(reason);
    expect(await rejection(firstCredentials(broken, staticCredentials({ 'quay.io': ANN }))('quay.io'))).toBe(
      reason,
    );
  });
});

describe('every provider', () => {
  it.each<[string, CredentialProvider]>([
    ['anonymous', anonymousCredentials],
    ['static', staticCredentials({})],
    ['environment', environmentCredentials({})],
    ['first', firstCredentials(anonymousCredentials)],
  ])('rejects with the reason of an aborted signal: %s', async (_name, provider) => {
    const reason = new Error('enough');
    const asked = async (): Promise<unknown> =>
      await provider('quay.io', { signal: AbortSignal.abort(reason) });
    expect(await rejection(asked())).toBe(reason);
  });
});
