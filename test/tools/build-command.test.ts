import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildCommand } from '../../tools/build-command.ts';
import { runCommand } from '../integration/support/run-command.ts';
import { makeTree } from './support/tree.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'packages/cli/package.json'), 'utf8')) as Manifest;
/** Bundles it far from any node_modules, so that nothing can be had that is not in the bundle. */
async function bundle(): Promise<{ readonly folder: string; readonly files: readonly string[] }> {
  const folder = makeTree({});
  copyFileSync(join(ROOT, 'packages/cli/package.json'), join(folder, 'package.json'));
  return { folder, files: await buildCommand(ROOT, join(folder, 'dist-command')) };
}

describe('build-command', () => {
  it('makes a command that needs no package beside it', async () => {
    const { folder } = await bundle();
    const main = join(folder, manifest.bin['stowage'] ?? '');
    expect(readFileSync(main, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(await runCommand(process.execPath, [main, '--version'])).toBe(`${manifest.version}\n`);
    expect(await runCommand(process.execPath, [main, 'images', '--store', join(folder, 'store')])).toMatch(
      /^REPOSITORY +TAG +/,
    );
  });

  it('leaves what is seldom needed in files of its own', async () => {
    const { files } = await bundle();
    const names = files.map((file) => file.replace(/.*\//, '').replace(/-[A-Z\d]{8}\.js$/, ''));
    expect(names).toEqual(expect.arrayContaining(['main.js', 'worker-program', 'garbage-collector']));
  });

  it('brings the license of every package that is in it', async () => {
    const { folder } = await bundle();
    const licenses = readFileSync(join(folder, 'dist-command/LICENSES.txt'), 'utf8');
    for (const name of ['commander', 'pako', 'undici', 'zod']) {
      expect(licenses).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+$`, 'm'));
    }
    expect(licenses.match(/permission is hereby granted/gi)?.length).toBeGreaterThanOrEqual(4);
  });
});
