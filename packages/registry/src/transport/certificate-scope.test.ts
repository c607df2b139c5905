import type { EndpointTls } from '@stowage/types';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { parseEndpoint } from '../address/endpoint.ts';
import { endpointOf } from '../test-support/fixtures.ts';
import { createTransport } from './transport.ts';
import type { FetchSettings } from '../platform/wire-fetch.ts';

const seen = vi.hoisted((): [url: string, settings: FetchSettings][] => []);

vi.mock('#platform', () => ({
  readsAhead: false,
  sendsEveryHeader: false,
  streamsRequests: false,
  explainFailure: undefined,
  defaultFetch:
    (settings: FetchSettings) =>
    (url: URL): Promise<Response> => {
      seen.push([url.href, settings]);
      return Promise.resolve(new Response());
    },
}));

beforeEach(() => {
  seen.length = 0;
});

/** Which of some URLs are asked without a look at their certificates. */
async function unchecked(endpoint: string, insecure: boolean, urls: readonly string[]): Promise<string[]> {
  await ask(endpoint, { insecure }, urls);
  return seen.filter(([, settings]) => settings.insecure).map(([url]) => url);
}

async function ask(
  endpoint: string,
  flags: { readonly insecure?: boolean; readonly tls?: EndpointTls },
  urls: readonly string[],
): Promise<void> {
  const transport = createTransport({ endpoint: parseEndpoint(endpointOf(endpoint, flags)) });
  for (const url of urls) await transport.send({ method: 'GET', url });
}

describe('leaving certificates unchecked', () => {
  const urls = [
    'https://a.example/x',
    'https://a.example:444/x',
    'https://sub.a.example/x',
    'https://b.example/x',
  ];

  it('is for the insecure endpoint alone', async () => {
    expect(await unchecked('https://a.example', true, urls)).toEqual(['https://a.example/x']);
  });

  it('is for nobody otherwise', async () => {
    expect(await unchecked('https://a.example', false, urls)).toEqual([]);
  });

  it('is for this machine when the endpoint is on it', async () => {
    const local = ['https://127.0.0.1:5001/x', 'https://localhost/x', 'https://a.example/x'];
    expect(await unchecked('https://localhost:5000', true, local)).toEqual(local.slice(0, 2));
  });
});

describe('certificates of an endpoint', () => {
  it('are shown by the client to the endpoint alone; its authorities are trusted for what it leads to', async () => {
    const tls = { ca: ['authority'], cert: 'certificate', key: 'key' };
    const urls = ['https://a.example/x', 'https://a.example:444/x', 'https://auth.a.example/token'];
    await ask('https://a.example', { tls }, urls);
    expect(seen.map(([url, settings]) => [url, settings.tls])).toEqual([
      [urls[0], tls],
      [urls[1], { ca: ['authority'] }],
      [urls[2], { ca: ['authority'] }],
    ]);
  });
});

describe('what an endpoint leads to', () => {
  it('is looked up with a guard, and the endpoint itself is not', async () => {
    await ask('https://a.example', {}, ['https://a.example/x', 'https://cdn.example/x']);
    expect(seen.map(([, { guardedBy }]) => guardedBy)).toEqual([undefined, 'a.example']);
  });
});
