// `npm run bench:pull`: a cold pull from docker-registry on loopback as a whole process, against skopeo and, where they are
// there, containerd and dockerd, as ratios of one interleaved run.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pullArguments, removeFromContainerd, startContainerd } from '../integration/support/containerd.ts';
import type { Containerd } from '../integration/support/containerd.ts';
import { startDockerRegistry } from '../integration/support/docker-registry.ts';
import type { DockerRegistry } from '../integration/support/docker-registry.ts';
import { startDockerd } from '../integration/support/dockerd.ts';
import type { Dockerd } from '../integration/support/dockerd.ts';
import { findPeers } from '../integration/support/peers.ts';
import { runCommand } from '../integration/support/run-command.ts';
import { buildImage, pushImage } from '../support/image-builder.ts';
import type { EntryToBuild } from '../support/image-builder.ts';
import { compare, report } from './support/compare.ts';
import type { MeasuredContender } from './support/compare.ts';
import { realisticEntries, RUNTIME_MODULES } from './support/layer-data.ts';
import { measureDaemons, runMeasured, sumOf } from './support/usage.ts';

const MAIN = fileURLToPath(new URL('../../packages/cli/dist-command/main.js', import.meta.url));

const ROUNDS = 5;
/** Unpacking takes a disk long, and everybody about the same time in every round. */
const UNPACKING_ROUNDS = 3;

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
  const peers = await startPeers();
  const registry = await startDockerRegistry();
  try {
    for (const { tag, build } of IMAGES) {
      const image = buildImage(await build());
      await pushImage(fetch, `http://${registry.host}`, 'bench/image', tag, image);
      const sizes = image.layers.map(({ descriptor }) => descriptor.size);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      console.log(
        `image of ${String(sizes.length)} layers, ${(bytes / 1e6).toFixed(1)} MB; load of the machine ${loadavg()[0]?.toFixed(1) ?? ''}`,
      );
      console.log('whole processes and daemons: wall time as a ratio, processor time, memory\n');
      const name = `${registry.host}/bench/image:${tag}`;
      await benchPull(name, join(directory, 'out'), peers);
      await pullAgain(name, join(directory, 'out'), registry);
      console.log('');
    }
    return 0;
  } finally {
    await peers.stop();
    await registry.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The daemons that are there to compare with. */
interface Peers {
  readonly containerd: Containerd | undefined;
  readonly dockerd: Dockerd | undefined;
  stop(): Promise<void>;
}

async function startPeers(): Promise<Peers> {
  const there = findPeers('containerd', 'dockerd');
  const containerd = there.includes('containerd') ? await startContainerd() : undefined;
  const dockerd = there.includes('dockerd') ? await startDockerd() : undefined;
  return {
    containerd,
    dockerd,
    stop: async () => {
      await dockerd?.stop();
      await containerd?.stop();
    },
  };
}

async function benchPull(name: string, out: string, { containerd, dockerd }: Peers): Promise<void> {
  const prepare = async (): Promise<void> => {
    await rm(out, { recursive: true, force: true });
    await rm(`${out}.files`, { recursive: true, force: true });
  };
  const fresh = (title: string, program: string, args: readonly string[]): MeasuredContender => ({
    name: title,
    prepare,
    measure: () => runMeasured(program, args),
  });
  const skopeo = ['--insecure-policy', 'copy', '--quiet', '--src-tls-verify=false'];
  const pull = [MAIN, 'pull', '--quiet', '--store', out, name];
  const ours = fresh('stowage pull', process.execPath, pull);
  const layout = fresh('skopeo, layout', 'skopeo', [...skopeo, `docker://${name}`, `oci:${out}:v1`]);
  const files = fresh('skopeo, dir', 'skopeo', [
    ...skopeo,
    '--dest-decompress',
    `docker://${name}`,
    `dir:${out}`,
  ]);
  report(
    'pull, DiffIDs verified / skopeo to a directory, decompressed',
    await compare(ours, files, ROUNDS),
    3,
  );
  const digests = fresh('stowage pull --digests-only', process.execPath, [...pull, '--digests-only']);
  report('pull, digests only / skopeo to a layout, digests only', await compare(digests, layout, ROUNDS), 1);
  report('pull, DiffIDs verified / skopeo to a layout, digests only', await compare(ours, layout, ROUNDS));

  const extract = [MAIN, 'extract', '--quiet', '--store', out, name, `${out}.files`];
  const unpacked: MeasuredContender = {
    name: 'stowage pull and extract',
    prepare,
    measure: async () =>
      sumOf(await runMeasured(process.execPath, pull), await runMeasured(process.execPath, extract)),
  };
  if (containerd !== undefined) {
    const ctr: MeasuredContender = {
      name: 'ctr image pull',
      prepare: () => removeFromContainerd(containerd, name),
      measure: () =>
        measureDaemons([containerd.pid], () => runCommand('ctr', pullArguments(containerd, name))),
    };
    report('pull and extract / ctr image pull', await compare(unpacked, ctr, UNPACKING_ROUNDS), 2);
    await removeFromContainerd(containerd, name);
  }
  if (dockerd !== undefined) {
    const remove = async (): Promise<void> => {
      for (const id of await dockerd.images()) await dockerd.remove(id);
    };
    const docker: MeasuredContender = {
      name: 'dockerd',
      prepare: remove,
      measure: () => measureDaemons(dockerd.pids, () => dockerd.pull(name)),
    };
    report('pull and extract / dockerd', await compare(unpacked, docker, UNPACKING_ROUNDS), 2);
    await remove();
  }
}

/** Tells the requests of a pull of what is there. */
async function pullAgain(name: string, store: string, registry: DockerRegistry): Promise<void> {
  const pull = [MAIN, 'pull', '--quiet', '--store', store, name];
  await runCommand(process.execPath, pull);
  const before = (await registry.requests()).length;
  const { wall } = await runMeasured(process.execPath, pull);
  const requests = (await registry.requests()).slice(before);
  console.log(`second pull: ${wall.toFixed(0)} ms, ${requests.join(', ')}`);
}
