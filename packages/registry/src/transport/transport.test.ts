import { isRegistryError, isStowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { sendsEveryHeader } from '#platform';
import { readBody } from './body.ts';
import { parseEndpoint } from '../address/endpoint.ts';
import { endpointOf, rejection } from '../test-support/fixtures.ts';
import { ScriptedFetch } from '../test-support/scripted-fetch.ts';
import type { Script } from '../test-support/scripted-fetch.ts';
import { createTransport } from './transport.ts';
import type { Answer } from './answer.ts';
import type { TransportInit } from './transport-init.ts';
import type { WireRequest } from './transport.ts';

const A = 'https://registry.example/v2/a';

async function textOfBody(answer: Answer): Promise<string> {
  return new TextDecoder().decode(await readBody(answer, { maxBytes: 1024 }));
}

function transportOver(
  script: Script,
  init: Partial<TransportInit> = {},
): { network: ScriptedFetch; send: (request?: Partial<WireRequest>) => Promise<Answer> } {
  const network = new ScriptedFetch(script);
  const endpoint = parseEndpoint(endpointOf('https://registry.example'));
  const transport = createTransport({ endpoint, fetch: network.fetch, ...init });
  return {
    network,
    send: (request = {}) => transport.send({ method: 'GET', url: A, authorization: 'Bearer t', ...request }),
  };
}

function redirect(location: string, status = 307): { status: number; headers: Record<string, string> } {
  return { status, headers: { location } };
}

describe('redirects', () => {
  it.each([301, 302, 303, 307, 308])('follows %i by hand, relative or absolute', async (status) => {
    const { network, send } = transportOver({
      [`GET ${A}`]: redirect('/v2/b?x=1#frag', status),
      'GET https://registry.example/v2/b?x=1': redirect('https://registry.example/v2/c', status),
      'GET https://registry.example/v2/c': { body: 'here' },
    });
    const answer = await send({ headers: { range: 'bytes=1-' } });
    expect([await textOfBody(answer), answer.url, answer.crossed]).toEqual([
      'here',
      'https://registry.example/v2/c',
      false,
    ]);
    expect(network.sent.map(({ redirect: mode }) => mode)).toEqual(['manual', 'manual', 'manual']);
    expect(network.sent.map(({ headers }) => headers['range'])).toEqual(['bytes=1-', 'bytes=1-', 'bytes=1-']);
    expect(network.authorizations('https://registry.example')).toEqual(['Bearer t', 'Bearer t', 'Bearer t']);
  });

  it.each(['https://cdn.example/b', 'https://registry.example:444/b', 'https://sub.registry.example/b'])(
    'loses Authorization on the way to %s, and does not find it again on the way back',
    async (elsewhere) => {
      const { network, send } = transportOver({
        [`GET ${A}`]: redirect(elsewhere),
        [`GET ${elsewhere}`]: redirect('https://registry.example/v2/c'),
        'GET https://registry.example/v2/c': {},
      });
      const answer = await send();
      expect(answer.crossed).toBe(true);
      expect(network.authorizations('https://')).toEqual(['Bearer t', '-', '-']);
    },
  );

  it.each([
    [
      'http://registry.example/v2/b',
      'refused to follow a redirect from https to http://registry.example/v2/b',
    ],
    ['https://127.0.0.1/b', 'refused to follow a redirect to https://127.0.0.1/b'],
    ['https://169.254.169.254/latest?k=1', 'refused to follow a redirect to https://169.254.169.254/latest'],
    ['https://user:secret@cdn.example/b', 'redirected to a URL with credentials'],
    ['ftp://cdn.example/b', 'redirected to something that is no http or https URL'],
    ['https://', 'redirected to something that is no http or https URL'],
  ])('refuses to go to %s', async (location, message) => {
    const { network, send } = transportOver({ [`GET ${A}`]: redirect(location) });
    const error = await rejection(send());
    expect(isRegistryError(error) && [error.code, error.reason, error.message]).toEqual([
      'REGISTRY',
      'redirect',
      `Get "${A}": ${message}`,
    ]);
    expect(network.log.length).toBe(1);
  });

  it('goes to a private address, where object stores may be, only when allowed to', async () => {
    const script: Script = {
      [`GET ${A}`]: redirect('https://10.0.0.9/b'),
      'GET https://10.0.0.9/b': {},
    };
    const allowed = transportOver(script, { allowPrivateRedirects: true });
    expect((await allowed.send()).url).toBe('https://10.0.0.9/b');
    const token = await rejection(allowed.send({ forToken: true }));
    for (const error of [await rejection(transportOver(script).send()), token]) {
      expect((error as Error).message).toContain('a private address; allowPrivateRedirects allows that');
    }
  });

  it('follows ten and no more', async () => {
    const script = (hops: number): Script => ({
      [`GET ${A}`]: redirect('/0'),
      ...Object.fromEntries(
        Array.from({ length: hops }, (_, hop) => [
          `GET https://registry.example/${String(hop)}`,
          redirect(`/${String(hop + 1)}`),
        ]),
      ),
      [`GET https://registry.example/${String(hops)}`]: {},
    });
    expect((await transportOver(script(9)).send()).response.status).toBe(200);
    const error = await rejection(transportOver(script(10)).send());
    expect((error as Error).message).toBe('Get "https://registry.example/9": stopped after 10 redirects');
  });

  it('answers with a redirect that leads nowhere, and with one to a POST', async () => {
    const nowhere = transportOver({ [`GET ${A}`]: { status: 302 } });
    expect((await nowhere.send()).response.status).toBe(302);
    const { network, send } = transportOver({ [`POST ${A}`]: redirect('https://evil.example/') });
    expect((await send({ method: 'POST', body: 'refresh_token=secret' })).response.status).toBe(307);
    expect(network.log).toEqual([`POST ${A}`]);
  });
});

describe('a runtime that hides redirects', () => {
  it('is asked once more to follow them itself, and from then on at once', async () => {
    const { network, send } = transportOver({
      [`GET ${A}`]: [{ type: 'opaqueredirect' }, { body: 'here', followedTo: 'https://cdn.example/b' }],
    });
    const first = await send();
    expect([await textOfBody(first), first.url, first.crossed]).toEqual([
      'here',
      'https://cdn.example/b',
      true,
    ]);
    const second = await send();
    expect(second.crossed).toBe(true);
    expect(network.sent.map(({ redirect: mode }) => mode)).toEqual(['manual', 'follow', 'follow']);
  });

  it('is not believed when it went from https to http', async () => {
    const { send } = transportOver({
      [`GET ${A}`]: [{ type: 'opaqueredirect' }, { followedTo: 'http://registry.example/b' }],
    });
    expect(((await rejection(send())) as Error).message).toContain('from https to http');
  });
});

describe('headers', () => {
  it('carry what the caller wants said, on every hop', async () => {
    const { network, send } = transportOver(
      { [`GET ${A}`]: redirect('https://cdn.example/b'), 'GET https://cdn.example/b': {} },
      { metaHeaders: { 'X-Meta-Team': 'blue' }, userAgent: 'inspector/2' },
    );
    await send({ headers: { accept: 'text/plain' } });
    const own = sendsEveryHeader ? { 'accept-encoding': 'identity', 'user-agent': 'inspector/2' } : {};
    const common = { ...own, accept: 'text/plain', 'x-meta-team': 'blue' };
    expect(network.sent.map(({ headers }) => headers)).toEqual([
      { ...common, authorization: 'Bearer t' },
      common,
    ]);
  });

  it('joins headers that differ in their letters, and refuses a user agent that is none', async () => {
    const { send, network } = transportOver(
      { [`GET ${A}`]: {} },
      { metaHeaders: { 'X-Meta': 'a ', 'x-meta': 'b' } },
    );
    await send({});
    expect(network.sent[0]?.headers).toMatchObject({ 'x-meta': 'a, b' });
    if (!sendsEveryHeader) return;
    expect(() => transportOver({}, { userAgent: 'a\nb' })).toThrow('cannot be sent as headers');
  });

  it.each([
    { Authorization: 'x' },
    { 'proxy-authorization': 'x' },
    { Cookie: 'x' },
    { 'X-Bad': 'a\nb' },
    { 'bad name': 'x' },
  ])('refuses %j', (metaHeaders) => {
    let error: unknown;
    try {
      transportOver({}, { metaHeaders: metaHeaders as unknown as Record<string, string> });
    } catch (caught) {
      error = caught;
    }
    expect(isStowageError(error, 'INVALID_ARGUMENT')).toBe(true);
  });
});

describe('failures of the network', () => {
  const failed = (message: string, code?: string, words = 'fetch failed'): Error =>
    new TypeError(words, { cause: Object.assign(new Error(message), code === undefined ? {} : { code }) });

  it.each<[string, unknown, string, string | undefined, boolean]>([
    [
      'a refused connection',
      failed('connect ECONNREFUSED 10.0.0.1:443', 'ECONNREFUSED'),
      'connect ECONNREFUSED 10.0.0.1:443',
      undefined,
      true,
    ],
    [
      'an unknown host',
      failed('getaddrinfo ENOTFOUND certificate.example', 'ENOTFOUND'),
      'getaddrinfo ENOTFOUND certificate.example',
      undefined,
      true,
    ],
    ['a reset', failed('read ECONNRESET', 'ECONNRESET'), 'read ECONNRESET', 'reset', true],
    [
      'a closed socket',
      failed('other side closed', 'UND_ERR_SOCKET', 'terminated'),
      'other side closed',
      'reset',
      true,
    ],
    [
      'a self-signed certificate',
      failed('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'),
      'self-signed certificate',
      'certificate',
      false,
    ],
    [
      'a certificate, in words of Deno',
      new TypeError('invalid peer certificate: UnknownIssuer'),
      'invalid peer certificate: UnknownIssuer',
      'certificate',
      false,
    ],
    [
      'http where https was meant',
      failed('wrong version number', 'ERR_SSL_WRONG_VERSION_NUMBER'),
      'http: server gave HTTP response to HTTPS client',
      'protocol',
      false,
    ],
    ['what a page is told', new TypeError('Failed to fetch'), 'Failed to fetch', undefined, true],
    [
      'several addresses tried',
      new TypeError('fetch failed', {
        cause: new AggregateError([new Error('connect ECONNREFUSED ::1:443')]),
      }),
      'connect ECONNREFUSED ::1:443',
      undefined,
      true,
    ],
    ['something that is no error', undefined, 'no connection', undefined, true],
  ])('%s', async (_name, cause, words, reason, retryable) => {
    const { send } = transportOver({ [`HEAD ${A}?q=secret`]: { error: cause } });
    const error = await rejection(send({ method: 'HEAD', url: `${A}?q=secret` }));
    expect(
      isRegistryError(error) && [error.code, error.message, error.reason, error.retryable, error.cause],
    ).toEqual(['UNAVAILABLE', `Head "${A}": ${words}`, reason, retryable, cause]);
  });

  it('is the reason of the signal when aborted', async () => {
    const { network, send } = transportOver({ [`GET ${A}`]: { hangs: true } });
    const controller = new AbortController();
    const error = rejection(send({ signal: controller.signal }));
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await error).toBe(reason);
    expect(await rejection(send({ signal: controller.signal }))).toBe(reason);
    expect(network.log.length).toBe(1);
  });
});

describe('content codings', () => {
  it('may be one, not several', async () => {
    const coded = (coding: string): Script => ({ [`GET ${A}`]: { headers: { 'content-encoding': coding } } });
    expect((await transportOver(coded('gzip')).send()).response.status).toBe(200);
    const error = await rejection(transportOver(coded('gzip, gzip')).send());
    expect(isStowageError(error, 'REGISTRY') && error.message).toBe(
      `Get "${A}": answer has several content codings`,
    );
  });
});
