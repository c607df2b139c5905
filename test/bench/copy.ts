// `npm run bench:copy`: an image from one docker-registry to another on loopback, as a whole process, against skopeo, as
// ratios of one interleaved run.
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { startDockerRegistry } from '../integration/support/docker-registry.ts';
import { runCommand } from '../integration/support/run-command.ts';
import { buildImage, pushImage } from '../support/image-builder.ts';
import { noise } from '../support/noise.ts';
import { compare, report } from './support/compare.ts';
import type { Contender } from './support/compare.ts';

const MAIN = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));
const LAYERS = 6;
const LAYER_BYTES = 8_000_000;

/** Runs the benches; answers the exit code. */
export async function main(): Promise<number> {
  const [source, target] = [await startDockerRegistry(), await startDockerRegistry()];
  try {
    const image = buildImage(
      Array.from({ length: LAYERS }, (_, at) => {
        const content = noise(LAYER_BYTES);
        content[0] = at;
        return [{ name: `layer-${String(at)}`, content }];
      }),
    );
    await pushImage(fetch, `http://${source.host}`, 'bench/image', 'v1', image);
    const bytes = image.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    console.log(
      `image of ${String(LAYERS)} layers, ${(bytes / 1e6).toFixed(1)} MB; whole processes, wall time\n`,
    );
    const from = `${source.host}/bench/image:v1`;
    let run = 0;
    // Every run copies into a repository of its own: nothing is there before.
    const to = (): string => {
      run += 1;
      return `${target.host}/bench/copy${String(run)}:v1`;
    };
    const skopeo = [
      '--insecure-policy',
      'copy',
      '--quiet',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
    ];
    const ours = (name: () => string): Contender => ({
      name: 'stowage copy',
      run: async () => {
        await runCommand(process.execPath, [MAIN, 'copy', '--quiet', from, name()]);
      },
    });
    const theirs = (name: () => string): Contender => ({
      name: 'skopeo copy',
      run: async () => {
        await runCommand('skopeo', [...skopeo, `docker://${from}`, `docker://${name()}`]);
      },
    });
    report('copy of everything / skopeo', await compare(ours(to), theirs(to)), 1);
    const [first, second] = [to(), to()];
    report(
      'copy of what is there already / skopeo',
      await compare(
        ours(() => first),
        theirs(() => second),
      ),
    );
    return 0;
  } finally {
    await Promise.all([source.stop(), target.stop()]);
  }
}
