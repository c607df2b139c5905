import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import type { Page } from 'playwright-core';
import { CHROMIUM_ARGUMENTS } from './chromium-arguments.ts';

/** What a server answers a path with. */
export interface ServedFile {
  readonly type: string;
  readonly body: string | Uint8Array;
  /** Further headers, such as a policy. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Every path that is not named is answered with an empty page. */
const EMPTY_PAGE: ServedFile = { type: 'text/html', body: '<!doctype html>' };

/** Opens an empty page in headless Chromium, on an address of its own on loopback that has the given files. */
export async function withPage<T>(
  executablePath: string,
  files: Readonly<Record<string, ServedFile>>,
  work: (page: Page) => Promise<T>,
): Promise<T> {
  const server = createServer((request, response) => {
    const { type, body, headers = {} } = files[request.url ?? ''] ?? EMPTY_PAGE;
    response.writeHead(200, { ...headers, 'content-type': type }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGUMENTS });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
    return await work(page);
  } finally {
    await browser.close();
    server.close();
  }
}
