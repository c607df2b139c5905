import { beforeEach, describe, expect, it, vi } from 'vitest';
import { parseEndpoint } from './endpoint.ts';
import { endpointOf } from './test-support/fixtures.ts';
import { createTransport } from './transport.ts';

const seen = vi.hoisted((): [url: string, insecure: boolean][] => []);

vi.mock('#platform', () => ({
  sendsEveryHeader: false,
  explainFailure: undefined,
  defaultFetch:
    ({ insecure }: { readonly insecure: boolean }) =>
    (url: string): Promise<Response> => {
      seen.push([url, insecure]);
      return Promise.resolve(new Response());
    },
}));

beforeEach(() => {
  seen.length = 0;
});

/** Which of some URLs are asked without a look at their certificates. */
async function unchecked(endpoint: string, insecure: boolean, urls: readonly string[]): Promise<string[]> {
  const transport = createTransport({ endpoint: parseEndpoint(endpointOf(endpoint, { insecure })) });
  for (const url of urls) await transport.send({ method: 'GET', url });
  return seen.filter(([, flag]) => flag).map(([url]) => url);
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
