import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';

const LAUNCH_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What a page loads: a module of this folder, bundled as an application would. */
export interface PageModule {
  /** The name of the module's file. */
  readonly name: string;
  /** The folder whose `node_modules` its packages come from. Default: the sources of the workspace. */
  readonly installedIn?: string | undefined;
}

/** A headless Chromium whose pages are all of one origin and have one module. */
export interface Browser {
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  readonly context: BrowserContext;
  /** Opens one more page. */
  open(): Promise<Page>;
  close(): Promise<void>;
}

/**
 * Starts headless Chromium.
 *
 * @param executablePath the browser
 * @param module what its pages have as `/bundle.js`
 * @param profile the directory that keeps what pages store. Default: none, as in a private window
 */
export async function startBrowser(
  executablePath: string,
  module: PageModule,
  profile?: string,
): Promise<Browser> {
  const script = await bundle(module);
  const server = createServer((request, response) => {
    const [type, body] =
      request.url === '/bundle.js' ? ['text/javascript', script] : ['text/html', '<!doctype html>'];
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const launch = { executablePath, args: LAUNCH_ARGUMENTS };
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

/**
 * Calls a function of the module that a page has, and answers what it gives.
 *
 * @param call JavaScript, for example `report()`
 */
export function callInPage<T>(page: Page, call: string): Promise<T> {
  // As text: the page imports the bundle itself, whatever has been done to the imports of this file.
  return page.evaluate<T>(`import('/bundle.js').then((bundle) => bundle.${call})`);
}

/**
 * Runs an exported function of a module in headless Chromium and answers what it gives.
 *
 * @param executablePath the browser
 * @param call JavaScript that calls the function, for example `report()`
 */
export async function runInPage<T>(executablePath: string, module: PageModule, call: string): Promise<T> {
  const browser = await startBrowser(executablePath, module);
  try {
    return await callInPage<T>(await browser.open(), call);
  } finally {
    await browser.close();
  }
}

async function bundle({ name, installedIn }: PageModule): Promise<string> {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const { outputFiles } = await build({
    ...(installedIn === undefined
      ? { entryPoints: [path], conditions: ['@stowage/source'] }
      : { stdin: { contents: await readFile(path, 'utf8'), loader: 'ts', resolveDir: installedIn } }),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}
