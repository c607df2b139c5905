import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

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

/**
 * Runs an exported function of a module in headless Chromium and answers what it gives.
 *
 * @param executablePath the browser
 * @param call JavaScript that calls the function, for example `report()`
 */
export async function runInPage<T>(executablePath: string, module: PageModule, call: string): Promise<T> {
  const script = await bundle(module);
  const server = createServer((request, response) => {
    const [type, body] =
      request.url === '/bundle.js' ? ['text/javascript', script] : ['text/html', '<!doctype html>'];
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const browser = await chromium.launch({ executablePath, args: LAUNCH_ARGUMENTS });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
    // As text: the page imports the bundle itself, whatever has been done to the imports of this file.
    return await page.evaluate<T>(`import('/bundle.js').then((bundle) => bundle.${call})`);
  } finally {
    await browser.close();
    server.close();
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
