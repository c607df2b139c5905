import { describe, expect, it } from 'vitest';
import { isLoopback, localOnly } from './local-only.ts';

const handler = localOnly(() => Promise.resolve(new Response('images')));

async function status(url: string, headers: Record<string, string> = {}): Promise<number> {
  return (await handler(new Request(url, { headers }))).status;
}

describe('localOnly', () => {
  it.each([
    ['http://127.0.0.1:5000/v2/'],
    ['http://localhost:5000/v2/'],
    ['http://registry.localhost/v2/'],
    ['http://[::1]:5000/v2/'],
    ['http://192.168.1.2/v2/'],
  ])('lets programs through to %s', async (url) => {
    expect(await status(url)).toBe(200);
    expect(await status(url, { Origin: new URL(url).origin })).toBe(200);
  });

  it('refuses a page of another origin', async () => {
    for (const origin of ['https://evil.example', 'http://127.0.0.1:8080', 'null']) {
      expect(await status('http://127.0.0.1:5000/v2/', { Origin: origin })).toBe(403);
    }
  });

  it('refuses a name that a name server elsewhere has led here', async () => {
    for (const url of [
      'http://evil.example:5000/v2/',
      'http://127.0.0.1.evil.example/',
      'http://localhost.evil.example/',
    ]) {
      expect(await status(url)).toBe(403);
    }
  });
});

describe('isLoopback', () => {
  it('knows the addresses that nobody else can reach', () => {
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1']) expect(isLoopback(host)).toBe(true);
    for (const host of ['0.0.0.0', '::', 'example.org', '127.0.0.1.example.org', '10.0.0.1', '']) {
      expect(isLoopback(host)).toBe(false);
    }
  });
});
