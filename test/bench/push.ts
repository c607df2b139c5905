// `npm run bench:push`: a push of an image of 300 MB from a store to an empty docker-registry on loopback as a whole
// process, against skopeo and, where it is there, dockerd, as ratios of one interleaved run.
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDockerRegistry } from '../integration/support/docker-registry.ts';
import type { DockerRegistry } from '../integration/support/docker-registry.ts';
import { startDockerd } from '../integration/support/dockerd.ts';
import type { Dockerd } from '../integration/support/dockerd.ts';
import { findPeers } from '../integration/support/peers.ts';
import { runCommand } from '../integration/support/run-command.ts';
import { buildImage, pushImage } from '../support/image-builder.ts';
import { noise } from '../support/noise.ts';
import { compare, report } from './support/compare.ts';
import type { MeasuredContender } from './support/compare.ts';
import { measureDaemons, runMeasured } from './support/usage.ts';

const MAIN = fileURLToPath(new URL('../../packages/cli/dist-command/main.js', import.meta.url));
const ROUNDS = 3;
/** Bytes of the layers; what is in them cannot be compressed. */
const LAYERS = [140_000_000, 80_000_000, 40_000_000, 20_000_000, 10_000_000, 5_000_000, 4_000_000, 1_000_000];
const REPOSITORY = 'bench/image';

/** Runs the benches; answers the exit code. */
export async function main(): Promise<number> {
  const store = await mkdtemp(join(tmpdir(), 'stowage-bench-'));
  const source = await startDockerRegistry();
  const targets = new Targets();
  try {
    const name = `${source.host}/${REPOSITORY}:v1`;
    await prepareImage(source.host);
    await stowage(store, 'pull', '--quiet', name);
    console.log(`load of the machine ${loadavg()[0]?.toFixed(1) ?? ''}; whole processes and daemons\n`);
    const ours: MeasuredContender = {
      name: 'stowage push',
      prepare: async () => {
        await stowage(store, 'tag', name, `${await targets.fresh()}:v1`);
      },
      measure: () =>
        runMeasured(process.execPath, [MAIN, 'push', '--quiet', '--store', store, `${targets.last}:v1`]),
    };
    report('push / skopeo from the same store', await compare(ours, skopeo(store, name, targets), ROUNDS), 1);
    if (findPeers('dockerd').length > 0) {
      const dockerd = await startDockerd();
      try {
        const theirs = await docker(dockerd, `${source.host}/${REPOSITORY}`, targets);
        report('push / dockerd, which compresses anew', await compare(ours, theirs, ROUNDS), 2);
      } finally {
        await dockerd.stop();
      }
    }
    await pushAgain(store, name, targets);
    return 0;
  } finally {
    await targets.stop();
    await source.stop();
    await rm(store, { recursive: true, force: true });
  }
}

/** Empty registries: nobody knows anything of any of them, and nothing can be mounted. */
class Targets {
  /** The repository of the last one. */
  last = '';
  #registry: DockerRegistry | undefined;

  async fresh(): Promise<string> {
    await this.stop();
    this.#registry = await startDockerRegistry();
    this.last = `${this.#registry.host}/${REPOSITORY}`;
    return this.last;
  }

  async requests(): Promise<readonly string[]> {
    return (await this.#registry?.requests()) ?? [];
  }

  async stop(): Promise<void> {
    await this.#registry?.stop();
  }
}

async function prepareImage(host: string): Promise<void> {
  const image = buildImage(
    LAYERS.map((size, at) => {
      const content = noise(size);
      content[0] = at;
      return [{ name: `layer-${String(at)}`, content }];
    }),
  );
  await pushImage(fetch, `http://${host}`, REPOSITORY, 'v1', image);
  const bytes = image.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  console.log(`image of ${String(LAYERS.length)} layers, ${(bytes / 1e6).toFixed(1)} MB`);
}

function stowage(store: string, command: string, ...args: string[]): Promise<string> {
  return runCommand(process.execPath, [MAIN, command, '--store', store, ...args]);
}

function skopeo(store: string, name: string, targets: Targets): MeasuredContender {
  const copy = ['--insecure-policy', 'copy', '--quiet', '--dest-tls-verify=false', `oci:${store}:${name}`];
  return {
    name: 'skopeo copy',
    prepare: async () => {
      await targets.fresh();
    },
    measure: () => runMeasured('skopeo', [...copy, `docker://${targets.last}:v1`]),
  };
}

async function docker(dockerd: Dockerd, source: string, targets: Targets): Promise<MeasuredContender> {
  await dockerd.pull(source, 'v1');
  return {
    name: 'dockerd push',
    prepare: async () => {
      await dockerd.tag(`${source}:v1`, await targets.fresh(), 'v1');
    },
    measure: () =>
      measureDaemons(dockerd.pids, async () => {
        const failed = (await dockerd.push(targets.last, 'v1')).find(({ error }) => error !== undefined);
        if (failed !== undefined) throw new Error(failed.error);
      }),
  };
}

/** Tells the requests of a push of what is there. */
async function pushAgain(store: string, name: string, targets: Targets): Promise<void> {
  const push = [MAIN, 'push', '--quiet', '--store', store, `${await targets.fresh()}:v1`];
  await stowage(store, 'tag', name, `${targets.last}:v1`);
  await runCommand(process.execPath, push);
  const seen = (await targets.requests()).length;
  const { wall } = await runMeasured(process.execPath, push);
  const requests = (await targets.requests())
    .slice(seen)
    .map((line) => line.replace(/sha256:(.{6})\S*/, '$1'));
  console.log(`second push: ${wall.toFixed(0)} ms, ${requests.join(', ')}`);
}
