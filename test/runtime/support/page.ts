import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { withPage } from '../../support/page.ts';
import type { PullReport } from './pull-and-report.ts';

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
  const files = { '/bundle.js': { type: 'text/javascript', body: script?.text ?? '' } };
  // As text: the page imports the bundle itself, whatever has been done to the imports of this file.
  const call = `pullAndReport(${JSON.stringify(reference)}, ${JSON.stringify(file)})`;
  return withPage(executablePath, files, (page) =>
    page.evaluate<PullReport>(`import('/bundle.js').then((bundle) => bundle.${call})`),
  );
}
