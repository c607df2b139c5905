import { describe, expect, it } from 'vitest';
import { createTestRegistry } from './test-support/test-registry.ts';
import { toFetch } from './to-fetch.ts';

describe('toFetch', () => {
  it('asks the registry', async () => {
    const registry = createTestRegistry();
    await registry.pushImage('a', 'v1');
    const fetch = toFetch(registry.server);
    const response = await fetch('http://anything.test/v2/a/tags/list?n=1', { headers: { Accept: '*/*' } });
    expect([response.status, response.url]).toEqual([200, 'http://anything.test/v2/a/tags/list?n=1']);
    expect(await response.json()).toEqual({ name: 'a', tags: ['v1'] });
  });

  it('rejects with the reason of the signal', async () => {
    const fetch = toFetch(createTestRegistry().server);
    const reason = new Error('no longer wanted');
    await expect(fetch('http://a.test/v2/', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('stops a sender whose question is already answered', async () => {
    const fetch = toFetch(createTestRegistry({ limits: { manifestBytes: 10 } }).server);
    let cancelled: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => (cancelled = resolve));
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        controller.enqueue(new Uint8Array(8));
      },
      cancel: () => {
        cancelled();
      },
    });
    const init = { method: 'PUT', body, duplex: 'half' } as RequestInit;
    expect((await fetch('http://a.test/v2/a/manifests/v1', init)).status).toBe(413);
    await stopped;
  });
});
