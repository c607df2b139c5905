import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import type { PullReport } from './pull-and-report.ts';

const LAUNCH_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Bundles the pull for a page as an application would, and runs it in headless Chromium. */
export async function pullInPage(
  executablePath: string,
  reference: string,
  file: string,
): Promise<PullReport> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('pull-and-report.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@stowage/source'],
    write: false,
    logLevel: 'error',
  });
  const [script] = outputFiles;
  const server = createServer((request, response) => {
    const [type, body] =
      request.url === '/bundle.js' ? ['text/javascript', script?.text] : ['text/html', '<!doctype html>'];
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const browser = await chromium.launch({ executablePath, args: LAUNCH_ARGUMENTS });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
    // As text: the page imports the bundle itself, whatever has been done to the imports of this file.
    const call = `pullAndReport(${JSON.stringify(reference)}, ${JSON.stringify(file)})`;
    return await page.evaluate<PullReport>(`import('/bundle.js').then((bundle) => bundle.${call})`);
  } finally {
    await browser.close();
    server.close();
  }
}
