import { isRegistryError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { abandon, discard, readBody } from './body.ts';
import { parseEndpoint } from '../address/endpoint.ts';
import type { RegistryNotice } from './notice.ts';
import { createRequestLimiter } from './request-limiter.ts';
import { endpointOf, rejection } from '../test-support/fixtures.ts';
import { ScriptedFetch, TestClock } from '../test-support/scripted-fetch.ts';
import type { Script } from '../test-support/scripted-fetch.ts';
import { createTransport } from './transport.ts';
import type { TransportInit } from './transport-init.ts';
import type { Transport } from './transport.ts';

const A = 'https://registry.example/v2/a';

function transportOver(script: Script, init: Partial<TransportInit> = {}): Transport {
  const endpoint = parseEndpoint(endpointOf('https://registry.example'));
  return createTransport({
    endpoint,
    fetch: new ScriptedFetch(script).fetch,
    clock: new TestClock(),
    ...init,
  });
}

describe('a limiter', () => {
  const get = { method: 'GET', url: A } as const;

  it.each<[string, (transport: Transport) => Promise<unknown>]>([
    ['a body is read', async (transport) => readBody(await transport.send(get), { maxBytes: 10 })],
    ['a body is drained', async (transport) => discard(await transport.send(get))],
    [
      'a body is let go',
      async (transport) => {
        abandon((await transport.send(get)).response);
      },
    ],
    ['there is no body', (transport) => transport.send({ method: 'HEAD', url: A })],
    ['there is no answer', (transport) => rejection(transport.send({ method: 'GET', url: `${A}/broken` }))],
    [
      'a redirect was followed',
      async (transport) => discard(await transport.send({ ...get, url: `${A}/moved` })),
    ],
    [
      'a body breaks off',
      async (transport) =>
        rejection(readBody(await transport.send({ ...get, url: `${A}/cut` }), { maxBytes: 10 })),
    ],
  ])('lets the next request go when %s', async (_name, use) => {
    const limiter = createRequestLimiter({ concurrency: 1 });
    const broken = new ReadableStream<Uint8Array>({
      pull(controller): void {
        controller.error(new Error('cut'));
      },
    });
    const transport = transportOver(
      {
        [`GET ${A}`]: { body: 'abc' },
        [`HEAD ${A}`]: {},
        [`GET ${A}/broken`]: { error: new TypeError('fetch failed') },
        [`GET ${A}/moved`]: { status: 307, headers: { location: '/v2/a' } },
        [`GET ${A}/cut`]: { body: broken },
      },
      { limiter },
    );
    await use(transport);
    (await limiter.acquire('registry.example', { signal: AbortSignal.timeout(1_000) }))();
  });

  it('counts a body until then, for each host and port', async () => {
    const limiter = createRequestLimiter({ concurrency: 1 });
    const transport = transportOver({ [`GET ${A}`]: { body: 'abc' } }, { limiter });
    const { response } = await transport.send(get);
    const controller = new AbortController();
    const waiting = rejection(transport.send({ ...get, signal: controller.signal }));
    (await limiter.acquire('registry.example:444'))();
    controller.abort('enough');
    expect(await waiting).toBe('enough');
    abandon(response);
  });
});

describe('what an answer says beside', () => {
  it('is passed on by the host that says it, once', async () => {
    const heard: RegistryNotice[] = [];
    const headers = {
      warning: '299 - "moving soon"',
      'ratelimit-limit': '100;w=60',
      'ratelimit-remaining': '9',
    };
    const transport = transportOver(
      {
        [`GET ${A}`]: { status: 307, headers: { ...headers, location: 'https://cdn.example/b' } },
        'GET https://cdn.example/b': { headers: { warning: '299 - "from the store"' } },
      },
      { onNotice: (notice) => void heard.push(notice) },
    );
    for (let count = 0; count < 2; count++) await transport.send({ method: 'GET', url: A });
    expect(heard).toEqual([
      { kind: 'warning', host: 'registry.example', message: 'moving soon' },
      {
        kind: 'rate-limit',
        host: 'registry.example',
        limit: 100,
        remaining: 9,
        windowSeconds: 60,
        source: undefined,
      },
      { kind: 'warning', host: 'cdn.example', message: 'from the store' },
    ]);
  });
});

describe('an answer that does not come', () => {
  it('is waited for as long as was said', async () => {
    const clock = new TestClock({ limitsExpire: true });
    const transport = transportOver({ [`GET ${A}`]: { hangs: true } }, { clock, inactivityTimeout: 30 });
    const error = await rejection(transport.send({ method: 'GET', url: A }));
    expect(isRegistryError(error) && [error.code, error.reason, error.retryable]).toEqual([
      'TIMEOUT',
      'stalled',
      true,
    ]);
    expect(clock.slept.length).toBeGreaterThanOrEqual(2);
  });

  it('is given up within a body too, which is cancelled', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      cancel(): void {
        cancelled = true;
      },
    });
    const clock = new TestClock({ limitsExpire: true });
    const transport = transportOver({ [`GET ${A}`]: { body } }, { clock });
    const answer = await transport.send({ method: 'GET', url: A });
    const error = await rejection(readBody(answer, { maxBytes: 10 }));
    expect(isRegistryError(error) && [error.reason, error.message]).toEqual([
      'stalled',
      `Get "${A}": nothing came for 60 s`,
    ]);
    expect(cancelled).toBe(true);
  });
});
