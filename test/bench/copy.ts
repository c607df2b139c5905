// `npm run bench:copy`: an image from one docker-registry to another on loopback, as a whole process, against skopeo, as
// ratios of one interleaved run.
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { openStowage } from 'stowage';
import { startDockerRegistry } from '../integration/support/docker-registry.ts';
import { MIB } from '../integration/support/large-bytes.ts';
import { copyLarge } from '../integration/support/large-copy.ts';
import { runCommand } from '../integration/support/run-command.ts';
import { buildImage, pushImage } from '../support/image-builder.ts';
import type { EntryToBuild } from '../support/image-builder.ts';
import { noise } from '../support/noise.ts';
import { compare, report } from './support/compare.ts';
import type { Contender } from './support/compare.ts';

const MAIN = fileURLToPath(new URL('../../packages/cli/dist-command/main.js', import.meta.url));
const ROUNDS = 3;
const LAYERS = 4;
const LAYER_BYTES = 8_000_000;
const MEMORY_GOAL = 128 * MIB;

/** Runs the benches; answers the exit code. */
export async function main(): Promise<number> {
  const [source, target] = [await startDockerRegistry(), await startDockerRegistry()];
  try {
    // Every run has an image of its own: skopeo remembers in which repositories blobs are, and would mount them.
    const images: string[] = [];
    let bytes = 0;
    for (let at = 0; at < 4 * (ROUNDS + 1); at += 1) {
      const image = buildImage(Array.from({ length: LAYERS }, (_, layer) => layerOf(at * LAYERS + layer)));
      await pushImage(fetch, `http://${source.host}`, `bench/image${String(at)}`, 'v1', image);
      images.push(`bench/image${String(at)}:v1`);
      bytes = image.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    }
    console.log(
      `images of ${String(LAYERS)} layers, ${(bytes / 1e6).toFixed(1)} MB; whole processes, wall time\n`,
    );
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
        const image = name();
        const names = [`${source.host}/${image}`, `${target.host}/${image}`];
        await runCommand(process.execPath, [MAIN, 'copy', '--quiet', ...names]);
      },
    });
    const theirs = (name: () => string): Contender => ({
      name: 'skopeo copy',
      run: async () => {
        const image = name();
        await runCommand('skopeo', [
          ...skopeo,
          `docker://${source.host}/${image}`,
          `docker://${target.host}/${image}`,
        ]);
      },
    });
    let next = 0;
    const fresh = (): string => images[next++] ?? '';
    report('copy of everything / skopeo', await compare(ours(fresh), theirs(fresh), ROUNDS), 1);
    const within: Contender = {
      name: 'copy of the library',
      run: async () => {
        const image = fresh();
        await using stowage = await openStowage();
        await stowage.copy(`${source.host}/${image}`, `${target.host}/${image}`);
      },
    };
    report('copy within a process that runs / skopeo', await compare(within, theirs(fresh), ROUNDS), 1);
    const [first = ''] = images;
    const same = (): string => first;
    report('copy of what is there already / skopeo', await compare(ours(same), theirs(same), ROUNDS));
    return (await copyGibibyte()) ? 0 : 1;
  } finally {
    await Promise.all([source.stop(), target.stop()]);
  }
}

/** Copies 1 GiB by a process with a small heap, from and to registries that keep nothing; answers whether it stays small. */
async function copyGibibyte(): Promise<boolean> {
  const { sentBytes, taken, expected, heap, rss, grown, wall } = await copyLarge(1024 * MIB);
  const inMiB = (bytes: number): string => `${(bytes / MIB).toFixed(0)} MiB`;
  const isWhole = taken.join() === expected.join();
  const isSmall = grown < MEMORY_GOAL;
  console.log(
    `copy of ${inMiB(sentBytes)} in ${(wall / 1000).toFixed(1)} s, no folder for temporary files: ` +
      `at most ${inMiB(rss)} of memory, ${inMiB(grown)} more than at its beginning ` +
      `(goal ${inMiB(MEMORY_GOAL)} ${isSmall ? 'met' : 'missed'}), ${inMiB(heap)} of them on the heap` +
      (isWhole ? '' : '; it did not arrive whole'),
  );
  return isWhole && isSmall;
}

/** The one file of a layer, which no other layer has. */
function layerOf(number: number): EntryToBuild[] {
  const content = noise(LAYER_BYTES);
  content[0] = number;
  return [{ name: `layer-${String(number)}`, content }];
}
