import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { withPage } from '../../support/page.ts';

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
  const files = { '/bundle.js': { type: 'text/javascript', body: await bundle(module) } };
  // As text: the page imports the bundle itself, whatever has been done to the imports of this file.
  return withPage(executablePath, files, (page) =>
    page.evaluate<T>(`import('/bundle.js').then((bundle) => bundle.${call})`),
  );
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
