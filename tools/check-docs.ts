// Checks the documentation of the code: a docstring on every export, an example for everything that can be called
// or read, examples that compile and run, and pages whose examples compile. Runs after the build.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compileExamples, runExamples, writeExamples } from './support/check-examples.ts';
import { readDocumentation, readPage } from './support/examples.ts';
import type { Example } from './support/examples.ts';
import { readPackages, report } from './support/workspace.ts';
import type { Problem } from './support/workspace.ts';

/** Everything that is wrong with the documentation of the workspace below `root`. */
export async function checkDocs(root: string, timeout?: number): Promise<readonly Problem[]> {
  const { problems, examples } = readDocumentation(root);
  const files = writeExamples(root, [...examples, ...readPages(root)]);
  return [...problems, ...compileExamples(root, files), ...(await runExamples(files, timeout))];
}

function readPages(root: string): readonly Example[] {
  const readmes = readPackages(root).map(({ folder }) => ({ folder, file: `packages/${folder}/README.md` }));
  const guides = existsSync(join(root, 'docs'))
    ? readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
    : [];
  const pages = ['README.md', ...guides.map((name) => `docs/${name}`)].map((file) => ({
    folder: 'docs',
    file,
  }));
  return [...readmes, ...pages]
    .filter(({ file }) => existsSync(join(root, file)))
    .flatMap(({ file, folder }) => readPage(root, file, folder));
}

/** Runs the gate over the working directory. */
export async function main(): Promise<number> {
  return report('check-docs', await checkDocs(process.cwd()));
}
