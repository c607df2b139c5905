import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDockerRegistry } from '../integration/support/docker-registry.ts';
import type { DockerRegistry } from '../integration/support/docker-registry.ts';
import { runCommand } from '../integration/support/run-command.ts';
import { buildSampleImages, pushWithSkopeo } from '../integration/support/sample-images.ts';
import { packPackages } from '../../tools/pack.ts';
import { runInPage } from './support/page.ts';
import { pullAndReport } from './support/pull-and-report.ts';
import type { PullReport } from './support/pull-and-report.ts';
import { findRuntimes } from './support/runtimes.ts';
import type { Runtime } from './support/runtimes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCRIPT = fileURLToPath(new URL('support/pull-script.ts', import.meta.url));
const FILE = 'etc/os-release';

let directory: string;
let registry: DockerRegistry;
let reference: string;
let expected: PullReport;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stowage-runtime-'));
  const layout = await buildSampleImages(directory);
  registry = await startDockerRegistry();
  await pushWithSkopeo(layout, 'sample', registry.host, 'team/sample:v1');
  reference = `${registry.host}/team/sample:v1`;
  expected = await pullAndReport(reference, FILE);
  expect(expected).toMatchObject({ text: 'NAME="Sample"\n', again: 'up-to-date' });
  expect(expected.paths).toContain('srv/link-b');
});

afterAll(async () => {
  await registry.stop();
  await rm(directory, { recursive: true, force: true });
});

const runtimes = findRuntimes();

describe('the same pull from the sources', () => {
  // Node 20 has no type stripping: it runs the packed packages below.
  it.each(runtimes.filter(({ name, kind }) => kind !== 'chromium' && name !== 'node'))(
    '$name',
    async (runtime) => {
      expect(await report(runtime, SCRIPT, ['--conditions=@stowage/source'])).toEqual(expected);
    },
  );

  it.each(runtimes.filter(({ kind }) => kind === 'chromium'))('$name', async ({ path }) => {
    const call = `pullAndReport(${JSON.stringify(reference)}, ${JSON.stringify(FILE)})`;
    expect(await runInPage(path, { name: 'pull-and-report.ts' }, call)).toEqual(expected);
  });
});

describe('the same pull from the packed packages in a fresh folder', () => {
  let folder: string;

  beforeAll(async () => {
    folder = join(directory, 'fresh');
    await mkdir(folder);
    const tarballs = (await packPackages(ROOT, join(directory, 'tarballs'))).map(({ path }) => path);
    await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    await runCommand('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs], folder);
    await build({
      entryPoints: [SCRIPT],
      outfile: join(folder, 'pull.js'),
      bundle: true,
      packages: 'external',
      format: 'esm',
      logLevel: 'error',
    });
  });

  it.each(runtimes.filter(({ kind }) => kind === 'node'))('$name', async (runtime) => {
    expect(await report(runtime, join(folder, 'pull.js'))).toEqual(expected);
  });

  it('brings a command', async () => {
    const stowage = join(folder, 'node_modules/.bin/stowage');
    await runCommand(stowage, ['pull', '--store', join(directory, 'store'), '--quiet', reference]);
    expect(await runCommand(stowage, ['cat', '--store', join(directory, 'store'), reference, FILE])).toBe(
      expected.text,
    );
  });
});

async function report(runtime: Runtime, script: string, flags: readonly string[] = []): Promise<PullReport> {
  const args = [...runtime.scriptArguments, ...flags, script, reference, FILE];
  return JSON.parse(await runCommand(runtime.path, args)) as PullReport;
}
