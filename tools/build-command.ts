// Bundles the `stowage` command into packages/cli/dist-command, from its sources and with all that it uses: a process that
// has to find and load five hundred modules spends three times as long on its start. What a command needs only now and
// then stays in files of its own, which are loaded on demand. The licenses of what others wrote come along.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Where a package's own version of CommonJS' `require` comes from, in a bundle that is made of ES modules. */
const BANNER = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.filename);`;

/**
 * Bundles the command of the workspace below `root`.
 *
 * @param outdir where it goes; it is emptied first. It must be beside `src`, as the command reads `../package.json`
 * @returns the files that were written, relative to `root`
 */
export async function buildCommand(
  root: string,
  outdir: string = join(root, 'packages/cli/dist-command'),
): Promise<readonly string[]> {
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['packages/cli/src/main.ts'],
    outdir,
    bundle: true,
    splitting: true,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@stowage/source'],
    banner: { js: BANNER },
    legalComments: 'none',
    logLevel: 'warning',
  });
  const licenses = join(outdir, 'LICENSES.txt');
  writeFileSync(licenses, licensesOf(root, Object.keys(metafile.inputs)));
  return Object.keys(metafile.outputs);
}

/** The licenses of the packages that inputs of a bundle come from. */
function licensesOf(root: string, inputs: readonly string[]): string {
  const folders = new Set(inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? []));
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
        readonly name: string;
        readonly version: string;
      };
      const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
      if (file === undefined) throw new Error(`${name} has no license that could come along`);
      return `${name} ${version}\n\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`;
    })
    .join('\n----\n\n');
}

/** Bundles the command of the working directory. */
export async function main(): Promise<number> {
  const files = await buildCommand(process.cwd());
  console.log(`build-command: ${String(files.length)} files`);
  return 0;
}
