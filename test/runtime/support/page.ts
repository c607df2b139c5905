import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { startBrowser } from '../../support/page.ts';
import type { Browser } from '../../support/page.ts';

/** What a page loads: a module of this folder, bundled as an application would. */
export interface PageModule {
  /** The name of the module's file. */
  readonly name: string;
  /** The folder whose `node_modules` its packages come from. Default: the sources of the workspace. */
  readonly installedIn?: string | undefined;
}

/**
 * Starts headless Chromium for pages that call one module.
 *
 * @param executablePath the browser
 * @param module what {@link callInPage} calls
 * @param profile the directory that keeps what pages store. Default: none, as in a private window
 */
export async function startModuleBrowser(
  executablePath: string,
  module: PageModule,
  profile?: string,
): Promise<Browser> {
  const body = await bundle(module);
  return startBrowser(executablePath, { '/bundle.js': { type: 'text/javascript', body } }, profile);
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
  const browser = await startModuleBrowser(executablePath, module);
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
