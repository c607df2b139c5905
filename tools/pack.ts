// Packs every package as npm would publish it, into .cache/tarballs. Runs after the build.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './support/command.ts';

/** One packed package. */
export interface Tarball {
  /** The name of the package. */
  readonly name: string;
  /** The absolute path of the tarball. */
  readonly path: string;
  /** The files in it, relative to the package. */
  readonly files: readonly string[];
}

/**
 * Packs all packages of the workspace below `root`.
 *
 * @param directory where the tarballs go; it is emptied first. Default `.cache/tarballs`
 */
export async function packPackages(
  root: string,
  directory: string = join(root, '.cache/tarballs'),
): Promise<readonly Tarball[]> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const args = ['pack', '--workspaces', '--json', '--loglevel=error', '--pack-destination', directory];
  const { code, stdout, output } = await runCommand('npm', args, { cwd: root });
  if (code !== 0) throw new Error(`npm pack failed:\n${output}`);
  const packed = JSON.parse(stdout) as readonly {
    readonly name: string;
    readonly filename: string;
    readonly files: readonly { readonly path: string }[];
  }[];
  return packed.map(({ name, filename, files }) => ({
    name,
    path: join(directory, filename),
    files: files.map(({ path }) => path),
  }));
}

/** Packs the packages of the working directory and lists the tarballs. */
export async function main(): Promise<number> {
  for (const { name, path, files } of await packPackages(process.cwd())) {
    console.log(`${name}: ${path} (${String(files.length)} files)`);
  }
  return 0;
}
