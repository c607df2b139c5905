// Finds the programs that tests run beside Node: runtimes (npm packages of test/runtime), programs of the system, and
// other tools for container images (peers), which are compared with where they are there.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RUNTIME_PACKAGES = join(dirname(dirname(fileURLToPath(import.meta.url))), 'test/runtime/node_modules');

/** Where the program of each runtime is in its npm package. */
const PACKAGED = {
  node22: `node22-linux-${process.arch}/bin/node`,
  node24: `node24-linux-${process.arch}/bin/node`,
  node26: `node26-linux-${process.arch}/bin/node`,
  deno: `@deno/linux-${process.arch}-glibc/deno`,
  bun: `@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : process.arch}/bin/bun`,
};

/** Other names in PATH under which a program may be known. */
const ALIASES = {
  chromium: ['chromium-browser', 'google-chrome', 'google-chrome-stable'],
  'libdeflate-tools': ['libdeflate-gunzip'],
};

/** The runtimes that tests run in, beside the Node that runs the tests. */
export const RUNTIMES = Object.freeze(Object.keys(PACKAGED));

/** The programs of the system that tests use; each is also the name of its Debian package. */
export const SYSTEM_PROGRAMS = Object.freeze([
  'chromium',
  'docker-registry',
  'libdeflate-tools',
  'openssl',
  'pigz',
  'python3',
  'skopeo',
  'umoci',
  'zstd',
]);

/** The peers, and the Debian package of each. Nothing fails where one is missing. */
export const PEER_PROGRAMS = Object.freeze({
  buildah: 'buildah',
  containerd: 'containerd',
  dockerd: 'docker.io',
  podman: 'podman',
});

/**
 * The full path of a runtime, a peer or a program of the system, or undefined. Deno, Bun and all programs are also
 * looked for in PATH; a Node of a given version is not.
 */
export function findProgram(name) {
  const packaged = name in PACKAGED ? join(RUNTIME_PACKAGES, PACKAGED[name]) : undefined;
  if (packaged !== undefined && isExecutable(packaged)) return packaged;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [name, ...(ALIASES[name] ?? [])]
    .flatMap((alias) => folders.map((folder) => join(folder, alias)))
    .find(isExecutable);
}

/** Why no peer can run here, or undefined: they unpack layers as root, and mount. */
export function peerObstacle() {
  if (process.getuid?.() !== 0) return 'only root can run it';
  // In a mount namespace of its own: nothing stays mounted.
  const mount = ['--mount', 'mount', '-t', 'tmpfs', 'none', '/tmp'];
  return spawnSync('unshare', mount, { stdio: 'ignore' }).status === 0 ? undefined : 'nothing can be mounted';
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
