import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen } from './http-server.ts';

describe('listen', () => {
  it('says where it listens, whatever kind of address that is', async () => {
    const four = await listen(() => undefined, '127.0.0.1', 0);
    expect(four.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await four.close(0);
    const named = await listen((_request, response) => response.end('here'), 'localhost', 0);
    expect(await (await fetch(named.url)).text()).toBe('here');
    await named.close(0);
  });

  it('fails in plain words where somebody else listens', async () => {
    const first = await listen(() => undefined, '127.0.0.1', 0);
    await expect(listen(() => undefined, '127.0.0.1', Number(new URL(first.url).port))).rejects.toMatchObject(
      {
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/^cannot listen: .*EADDRINUSE/) as string,
        cause: expect.any(Error) as Error,
      },
    );
    await first.close(0);
  });

  it('closes without waiting for connections that are idle', async () => {
    const server = await listen((_request, response) => response.end('ok'), '127.0.0.1', 0);
    await (await fetch(server.url)).text();
    await server.close(2 ** 31 - 1);
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('lets what is under way end within the time of grace', async () => {
    const events = new EventEmitter();
    const server = await listen(
      (_request, response) => {
        events.emit('asked', response);
      },
      '127.0.0.1',
      0,
    );
    const answer = fetch(server.url).then((response) => response.text());
    const [response] = (await once(events, 'asked')) as [ServerResponse];
    const closed = server.close(2 ** 31 - 1);
    response.end('just in time');
    expect(await answer).toBe('just in time');
    await closed;
  });

  it('cuts off what takes longer', async () => {
    const events = new EventEmitter();
    const server = await listen(() => events.emit('asked'), '127.0.0.1', 0);
    const stuck = fetch(server.url).catch((error: unknown) => error);
    await once(events, 'asked');
    await server.close(1);
    expect(await stuck).toBeInstanceOf(Error);
  });
});
