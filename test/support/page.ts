import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';
import { CHROMIUM_ARGUMENTS } from './chromium-arguments.ts';

/** What a server answers a path with. */
export interface ServedFile {
  readonly type: string;
  readonly body: string | Uint8Array;
  /** Further headers, such as a policy. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A headless Chromium whose pages are all of one origin. */
export interface Browser {
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  readonly context: BrowserContext;
  /** Opens one more page. */
  open(): Promise<Page>;
  close(): Promise<void>;
}

/** Every path that is not named is answered with an empty page. */
const EMPTY_PAGE: ServedFile = { type: 'text/html', body: '<!doctype html>' };

/**
 * Starts headless Chromium, and a server on an address of its own on loopback that has the given files.
 *
 * @param executablePath the browser
 * @param files what the server answers, by path
 * @param profile the directory that keeps what pages store. Default: none, as in a private window
 */
export async function startBrowser(
  executablePath: string,
  files: Readonly<Record<string, ServedFile>>,
  profile?: string,
): Promise<Browser> {
  const server = createServer((request, response) => {
    const { type, body, headers = {} } = files[request.url ?? ''] ?? EMPTY_PAGE;
    response.writeHead(200, { ...headers, 'content-type': type }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const launch = { executablePath, args: CHROMIUM_ARGUMENTS };
  const context = await (profile === undefined
    ? chromium.launch(launch).then((browser) => browser.newContext())
    : chromium.launchPersistentContext(profile, launch));
  return {
    origin,
    context,
    open: async () => {
      const page = await context.newPage();
      await page.goto(origin);
      return page;
    },
    close: async () => {
      await context.close();
      await context.browser()?.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Opens an empty page in headless Chromium, whose server has the given files. */
export async function withPage<T>(
  executablePath: string,
  files: Readonly<Record<string, ServedFile>>,
  work: (page: Page) => Promise<T>,
): Promise<T> {
  const browser = await startBrowser(executablePath, files);
  try {
    return await work(await browser.open());
  } finally {
    await browser.close();
  }
}
