import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packPackages } from '../../tools/pack.ts';
import { runCommand } from '../integration/support/run-command.ts';
import { runInPage } from './support/page.ts';
import { findRuntimes } from './support/runtimes.ts';
import { typesReport } from './support/types-report.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCRIPT = fileURLToPath(new URL('support/types-script.ts', import.meta.url));

let directory: string;
let folder: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stowage-types-'));
  folder = join(directory, 'fresh');
  await mkdir(folder);
  const tarballs = await packPackages(ROOT, join(directory, 'tarballs'));
  const tarball = tarballs.find(({ name }) => name === '@stowage/types')?.path ?? '';
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await runCommand('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], folder);
  await build({
    entryPoints: [SCRIPT],
    outfile: join(folder, 'types.js'),
    bundle: true,
    packages: 'external',
    format: 'esm',
    logLevel: 'error',
  });
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const runtimes = findRuntimes();

describe('@stowage/types, installed alone', () => {
  it('brings nothing but zod', async () => {
    const found = (await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.'));
    expect(found.sort()).toEqual(['@stowage', 'zod']);
    expect(await readdir(join(folder, 'node_modules/@stowage'))).toEqual(['types']);
  });

  it.each(runtimes.filter(({ kind }) => kind !== 'chromium'))('runs in $name', async (runtime) => {
    const output = await runCommand(
      runtime.path,
      [...runtime.scriptArguments, join(folder, 'types.js')],
      folder,
    );
    expect(JSON.parse(output)).toEqual(typesReport());
  });

  it.each(runtimes.filter(({ kind }) => kind === 'chromium'))('runs in $name', async ({ path }) => {
    const module = { name: 'types-report.ts', installedIn: folder };
    expect(await runInPage(path, module, 'typesReport()')).toEqual(typesReport());
  });
});
