// `npm run bench:pull`: a cold pull from docker-registry on loopback as a whole process, against skopeo, as ratios of one
// interleaved run.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDockerRegistry } from '../integration/support/docker-registry.ts';
import { runCommand } from '../integration/support/run-command.ts';
import { buildImage, pushImage } from '../support/image-builder.ts';
import { compare, report } from './support/compare.ts';
import type { Contender } from './support/compare.ts';
import { realisticEntries } from './support/layer-data.ts';

const MAIN = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));
const LAYERS = [
  ['typescript'],
  ['@esbuild', 'vite'],
  ['prettier', 'playwright-core'],
  ['rolldown', '@rolldown'],
];

/** Runs the benches; answers the exit code. */
export async function main(): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-bench-'));
  const registry = await startDockerRegistry();
  try {
    const image = buildImage(await Promise.all(LAYERS.map(realisticEntries)));
    await pushImage(fetch, `http://${registry.host}`, 'bench/image', 'v1', image);
    const bytes = image.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    console.log(
      `image of ${String(LAYERS.length)} layers, ${(bytes / 1e6).toFixed(1)} MB; whole processes, wall time\n`,
    );
    const name = `${registry.host}/bench/image:v1`;
    const out = join(directory, 'out');
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
    report('pull, DiffIDs verified / skopeo to a directory, decompressed', await compare(ours, files), 3);
    report('pull, DiffIDs verified / skopeo to a layout, digests only', await compare(ours, layout), 1);
    return 0;
  } finally {
    await registry.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
