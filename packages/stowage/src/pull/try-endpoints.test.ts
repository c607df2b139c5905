import { RegistryError, StowageError } from '@stowage/types';
import type { RegistryEndpoint } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { translatePullError } from './translate-pull-error.ts';
import { tryEndpoints } from './try-endpoints.ts';

const endpoint = (url: string, mirror = false): RegistryEndpoint => ({
  url,
  mirror,
  official: false,
  insecure: false,
});
const HTTPS = endpoint('https://r.example');
const HTTP = endpoint('http://r.example');
const MIRROR = endpoint('https://mirror.example', true);

function registryError(code: string, status: number | undefined, message = 'words'): RegistryError {
  const errors = code === '' ? [] : [{ code, message }];
  return new RegistryError('REGISTRY', `${code}: words`, {
    method: 'GET',
    url: 'https://r.example/v2/',
    status,
    errors,
  });
}

/** Tries the endpoints against scripted outcomes; answers those that were tried. */
async function run(
  endpoints: RegistryEndpoint[],
  outcomes: unknown[],
  signal?: AbortSignal,
): Promise<[string[], unknown]> {
  const tried: string[] = [];
  const left = [...outcomes];
  try {
    const attempt = async ({ url }: RegistryEndpoint): Promise<string> => {
      tried.push(url);
      const outcome = await Promise.resolve(left.shift());
      if (typeof outcome !== 'string') throw outcome as Error;
      return outcome;
    };
    return [tried, await tryEndpoints(endpoints, attempt, { subject: 'r.example/a', signal })];
  } catch (error) {
    return [tried, error];
  }
}

describe('tryEndpoints', () => {
  it('answers with the first that succeeds', async () => {
    expect(await run([MIRROR, HTTPS], ['found'])).toEqual([[MIRROR.url], 'found']);
  });

  it('stays with TLS where the token server of a host cannot be reached, or what it redirects to', async () => {
    const url = 'https://tokens.example/token';
    const elsewhere = new RegistryError('UNAVAILABLE', 'refused', { method: 'GET', url });
    expect(await run([HTTPS, HTTP], [elsewhere, 'found'])).toEqual([[HTTPS.url], elsewhere]);
  });

  it('stays with TLS where an answer broke off half way', async () => {
    const url = 'https://r.example/v2/a/manifests/x';
    const broken = new RegistryError('UNAVAILABLE', 'unexpected EOF', { method: 'GET', url, status: 200 });
    expect(await run([HTTPS, HTTP], [broken, 'found'])).toEqual([[HTTPS.url], broken]);
  });

  it('goes on after a mirror whatever it says, and after a host that cannot be reached', async () => {
    expect((await run([MIRROR, HTTPS], [registryError('DENIED', 403), 'found']))[1]).toBe('found');
    expect((await run([HTTPS, HTTP], [new StowageError('UNAVAILABLE', 'refused'), 'found']))[1]).toBe(
      'found',
    );
    expect((await run([HTTPS, HTTP], [registryError('', undefined), 'found']))[1]).toBe('found');
  });

  it('goes on after a bare code, whichever it is, as moby does', async () => {
    expect((await run([HTTPS, MIRROR], [registryError('DENIED', 403, ''), 'found']))[1]).toBe('found');
  });

  it('never turns to http once the host has spoken TLS', async () => {
    const error = registryError('MANIFEST_UNKNOWN', 404);
    expect(await run([HTTPS, HTTP], [error, 'found'])).toEqual([[HTTPS.url], error]);
  });

  it('stops at errors that no other endpoint can mend', async () => {
    for (const error of [
      registryError('DENIED', 403),
      new StowageError('DIGEST_MISMATCH', 'x'),
      new StowageError('PLATFORM_MISMATCH', 'x'),
      new StowageError('UNAVAILABLE', 'self-signed certificate', { reason: 'certificate' }),
    ]) {
      expect(await run([HTTPS, MIRROR], [error, 'found'])).toEqual([[HTTPS.url], error]);
    }
  });

  it('gives the last error, and one of its own where there is no endpoint', async () => {
    const last = new StowageError('UNAVAILABLE', 'two');
    expect((await run([HTTPS, HTTP], [new StowageError('UNAVAILABLE', 'one'), last]))[1]).toBe(last);
    expect((await run([], []))[1]).toMatchObject({
      code: 'NOT_FOUND',
      message: 'no endpoints found for r.example/a',
    });
  });

  it('ends with the reason of the signal', async () => {
    const reason = new Error('enough');
    const [tried, error] = await run([HTTPS, HTTP], [new Error('any')], AbortSignal.abort(reason));
    expect([tried, error]).toEqual([[HTTPS.url], reason]);
  });
});

describe('translatePullError', () => {
  const reference = { domain: 'docker.io', path: 'library/app', tag: 'v1' };

  it.each([
    [
      'DENIED',
      `pull access denied for app, repository does not exist or may require 'docker login': DENIED: words`,
    ],
    ['MANIFEST_UNKNOWN', 'manifest for app:v1 not found: MANIFEST_UNKNOWN: words'],
    ['NAME_UNKNOWN', 'repository app not found: NAME_UNKNOWN: words'],
  ])('%s', (code, message) => {
    const cause = registryError(code, 404);
    expect(translatePullError(cause, reference)).toMatchObject({
      code: 'NOT_FOUND',
      message,
      status: 404,
      cause,
    });
  });

  it('leaves everything else alone', () => {
    for (const error of [
      registryError('TOOMANYREQUESTS', 429),
      registryError('', 500),
      new Error('x'),
      'x',
    ]) {
      expect(translatePullError(error, reference)).toBe(error);
    }
  });
});
