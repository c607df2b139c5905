// `npm run bench:pull`: a cold pull from docker-registry on loopback as a whole process, against skopeo, as ratios of one
// interleaved run.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDockerRegistry } from '../integration/support/docker-registry.ts';
import { runCommand } from '../integration/support/run-command.ts';
import { buildImage, pushImage } from '../support/image-builder.ts';
import type { EntryToBuild } from '../support/image-builder.ts';
import { compare, report } from './support/compare.ts';
import type { Contender } from './support/compare.ts';
import { realisticEntries, RUNTIME_MODULES } from './support/layer-data.ts';

const MAIN = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));

/** The images: what start-up costs, and what the work does. */
const IMAGES: readonly { readonly tag: string; readonly build: () => Promise<EntryToBuild[][]> }[] = [
  {
    tag: 'small',
    build: () =>
      Promise.all(
        [
          ['typescript'],
          ['@esbuild', 'vite'],
          ['prettier', 'playwright-core'],
          ['rolldown', '@rolldown'],
        ].map((packages) => realisticEntries(packages)),
      ),
  },
  {
    tag: 'large',
    build: async () => {
      const programs = (
        await readdir(fileURLToPath(new URL('../runtime/node_modules', import.meta.url)))
      ).filter((name) => !name.startsWith('.'));
      return Promise.all([
        ...programs.map((name) => realisticEntries([name], RUNTIME_MODULES)),
        realisticEntries(['binaryen', 'typescript']),
        realisticEntries(['@nx', 'nx', '@babel', '@rolldown', 'prettier']),
        realisticEntries(['@arethetypeswrong', '@shikijs', 'playwright-core', 'knip', '@esbuild', 'zod']),
      ]);
    },
  },
];

/** Runs the benches; answers the exit code. */
export async function main(): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-bench-'));
  const registry = await startDockerRegistry();
  try {
    for (const { tag, build } of IMAGES) {
      const image = buildImage(await build());
      await pushImage(fetch, `http://${registry.host}`, 'bench/image', tag, image);
      const sizes = image.layers.map(({ descriptor }) => descriptor.size);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      console.log(
        `image of ${String(sizes.length)} layers, ${(bytes / 1e6).toFixed(1)} MB; whole processes, wall time\n`,
      );
      await benchPull(`${registry.host}/bench/image:${tag}`, join(directory, 'out'));
      console.log('');
    }
    return 0;
  } finally {
    await registry.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function benchPull(name: string, out: string): Promise<void> {
  const fresh = (title: string, program: string, args: readonly string[]): Contender => ({
    name: title,
    run: async () => {
      await rm(out, { recursive: true, force: true });
      await runCommand(program, args);
    },
  });
  const skopeo = ['--insecure-policy', 'copy', '--quiet', '--src-tls-verify=false'];
  const ours = fresh('stowage pull', process.execPath, [MAIN, 'pull', '--quiet', '--store', out, name]);
  const layout = fresh('skopeo, layout', 'skopeo', [...skopeo, `docker://${name}`, `oci:${out}:v1`]);
  const files = fresh('skopeo, dir', 'skopeo', [
    ...skopeo,
    '--dest-decompress',
    `docker://${name}`,
    `dir:${out}`,
  ]);
  report('pull, DiffIDs verified / skopeo to a directory, decompressed', await compare(ours, files, 5), 3);
  report('pull, DiffIDs verified / skopeo to a layout, digests only', await compare(ours, layout, 5), 1);
}
