// Checks what would be published: the tarballs for npm with publint and attw, the sources for JSR with a dry run of
// `deno publish`. Runs after the build and needs no network.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { packPackages } from './pack.ts';
import type { Tarball } from './pack.ts';
import { findProgram } from './programs.mjs';
import { mapWithHands, runCommand } from './support/command.ts';
import { isTestFile, readJson, readPackages, report } from './support/workspace.ts';
import type { PackageManifest, Problem } from './support/workspace.ts';

const ATTW = fileURLToPath(new URL('../node_modules/@arethetypeswrong/cli/', import.meta.url));

/** Everything that is wrong with the tarballs and the sources that would be published. */
export async function checkPackages(root: string): Promise<readonly Problem[]> {
  const tarballs = await packPackages(root);
  const deno = findProgram('deno');
  const folders = readPackages(root).map(({ folder }) => folder);
  const jobs = [
    ...tarballs.map((tarball) => async () => [
      ...checkFiles(tarball),
      ...(await runPublint(tarball)),
      ...(await runAttw(tarball)),
    ]),
    ...folders.map((folder) => () => runDenoPublish(root, folder, deno)),
  ];
  return (await mapWithHands(jobs, 2, (job) => job())).flat();
}

function checkFiles({ name, files }: Tarball): Problem[] {
  const wanted = ['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts'];
  return [
    ...wanted
      .filter((file) => !files.includes(file))
      .map((file) => ({ where: name, message: `lacks ${file}` })),
    ...files
      .filter((file) => isTestFile(file) || file.endsWith('.tsbuildinfo'))
      .map((file) => ({ where: name, message: `holds ${file}, which is not for publishing` })),
  ];
}

async function runPublint({ name, path }: Tarball): Promise<Problem[]> {
  const bytes = readFileSync(path);
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  return messages.map((message) => ({
    where: name,
    message: `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
  }));
}

async function runAttw({ name, path }: Tarball): Promise<Problem[]> {
  const { bin } = readJson(join(ATTW, 'package.json')) as PackageManifest;
  const program = join(ATTW, bin?.['attw'] ?? '');
  const args = [program, '--profile', 'esm-only', '--no-color', '--format', 'ascii', path];
  const { code, output } = await runCommand(process.execPath, args);
  return code === 0 ? [] : [{ where: name, message: `attw:\n${output}` }];
}

async function runDenoPublish(root: string, folder: string, deno: string | undefined): Promise<Problem[]> {
  const where = `packages/${folder}`;
  if (deno === undefined)
    return [{ where, message: 'deno publish: no Deno; run `node tools/setup.mjs test`' }];
  const env = {
    ...process.env,
    DENO_DIR: join(root, '.cache/deno'),
    DENO_NO_UPDATE_CHECK: '1',
    NO_COLOR: '1',
  };
  const args = ['publish', '--dry-run', '--allow-dirty'];
  const { code, output } = await runCommand(deno, args, { cwd: join(root, where), env });
  return code === 0 ? [] : [{ where, message: `deno publish:\n${output}` }];
}

/** Runs the gate over the working directory. */
export async function main(): Promise<number> {
  return report('check-packages', await checkPackages(process.cwd()));
}
