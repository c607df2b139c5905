// Brings a checkout into the state in which it can be used: `node tools/setup.mjs start|test|ci`.
// `start` installs the npm packages; `test` and `ci` add the runtimes and programs that tests run against.
// Uses nothing but Node, takes a blink when there is nothing to do, and tells what could not be had.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PEER_PROGRAMS, RUNTIMES, SYSTEM_PROGRAMS, findProgram, peerObstacle } from './programs.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** What is not tested when a program is missing. */
const LEFT_OUT = {
  buildah: 'tests against buildah',
  chromium: 'every browser test',
  containerd: 'tests against containerd and dockerd',
  'docker-registry': 'tests against the Docker registry',
  dockerd: 'tests against dockerd',
  'libdeflate-tools': 'tests of gzip against libdeflate',
  openssl: 'tests of certificates and of token servers',
  pigz: 'tests of gzip against pigz',
  podman: 'tests against podman',
  python3: 'tests of tar and gzip against Python',
  skopeo: 'tests against skopeo',
  umoci: 'tests against umoci',
  zstd: 'tests of zstd against its command',
};

/**
 * Whether `npm ci` is due: something in the lockfile is not what is installed. Packages that npm may leave out
 * (optional ones, for other systems) may be absent.
 */
export function isStale(lockfile, installed) {
  if (installed === undefined) return true;
  return Object.entries(lockfile.packages).some(([path, wanted]) => {
    if (path === '') return false;
    const found = installed.packages[path];
    if (found === undefined)
      return wanted.optional !== true && wanted.devOptional !== true && wanted.peer !== true;
    return found.version !== wanted.version || found.integrity !== wanted.integrity;
  });
}

/** The tail of a command's output without addresses, which are no business of a build log. */
export function excerpt(output) {
  return output
    .replaceAll(/\b[a-z][a-z+.-]*:\/\/\S+/g, '<address>')
    .trimEnd()
    .split('\n')
    .slice(-25)
    .join('\n');
}

/**
 * The Debian packages of what is missing: `isThere` tells of a program by its name. Peers are many and large, so they
 * are only installed where everything is to be tested.
 */
export function missingPackages(isThere, everything) {
  const peers = everything ? Object.entries(PEER_PROGRAMS) : [];
  return [...SYSTEM_PROGRAMS.map((name) => [name, name]), ...peers]
    .filter(([name]) => !isThere(name))
    .map(([, wanted]) => wanted);
}

/** What to say of the tests that are left out, and whether one of them must not be. */
export function reportMissing(isThere, obstacle) {
  const required = [...RUNTIMES, ...SYSTEM_PROGRAMS].filter((name) => !isThere(name));
  const peers = Object.keys(PEER_PROGRAMS).flatMap((name) => {
    if (!isThere(name)) return [`no ${name}: left out: ${LEFT_OUT[name]}`];
    return obstacle === undefined ? [] : [`no use for ${name}, ${obstacle}: left out: ${LEFT_OUT[name]}`];
  });
  const lines = required.map(
    (name) => `no ${name}: left out: ${LEFT_OUT[name] ?? `the runtime tests in ${name}`}`,
  );
  return { lines: [...lines, ...peers], incomplete: required.length > 0 };
}

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

function run(title, command, args, options = {}) {
  const begun = Date.now();
  console.log(`setup: ${title} ...`);
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  if (status === 0) {
    console.log(`setup: ${title} done in ${seconds} s`);
    return true;
  }
  console.error(`setup: ${title} failed after ${seconds} s (${error?.message ?? `exit ${status}`})`);
  console.error(excerpt(`${stdout ?? ''}\n${stderr ?? ''}`));
  return false;
}

function installPackages(folder, title) {
  const lockfile = readJson(join(folder, 'package-lock.json'));
  const installed = readJson(join(folder, 'node_modules/.package-lock.json'));
  if (!isStale(lockfile, installed)) return true;
  // An outer `npm test` exports its own prefix, which would send this `npm ci` to the wrong folder.
  const { npm_config_local_prefix: _, ...env } = process.env;
  const shell = process.platform === 'win32';
  return run(title, 'npm', ['ci', '--loglevel=error', '--no-progress'], { cwd: folder, env, shell });
}

const isThere = (name) => findProgram(name) !== undefined;

function installPrograms() {
  const missing = missingPackages(isThere, process.env.CI === 'true' && process.getuid?.() === 0);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    console.log(`setup: not root on Debian, so these are not installed: ${missing.join(', ')}`);
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-qq', '-o', 'Acquire::Retries=3', '-o', 'DPkg::Lock::Timeout=120'];
  const install = [...options, 'install', '-y', '--no-install-recommends'];
  if (!run('apt-get update', 'apt-get', [...options, 'update'], { env })) return;
  withoutServices(() => {
    if (run(`apt-get install ${missing.join(' ')}`, 'apt-get', [...install, ...missing], { env })) return;
    // One package that cannot be had must not keep the others away.
    if (missing.length > 1) {
      for (const name of missing) run(`apt-get install ${name}`, 'apt-get', [...install, name], { env });
    }
  });
}

/** Debian asks this program before it starts the services of a package; it says no, unless there is one already. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d';

function withoutServices(work) {
  if (existsSync(SERVICE_POLICY)) {
    work();
    return;
  }
  writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    work();
  } finally {
    rmSync(SERVICE_POLICY);
  }
}

function main(purpose) {
  if (!['start', 'test', 'ci'].includes(purpose)) {
    console.error('usage: node tools/setup.mjs start|test|ci');
    return 2;
  }
  if (!installPackages(ROOT, 'npm ci')) return 1;
  if (purpose === 'start') return 0;

  installPackages(join(ROOT, 'test/runtime'), 'npm ci in test/runtime');
  installPrograms();
  const names = [...RUNTIMES, ...SYSTEM_PROGRAMS, ...Object.keys(PEER_PROGRAMS)];
  const available = Object.fromEntries(names.map((name) => [name, isThere(name)]));
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  writeFileSync(join(ROOT, '.cache/setup.json'), `${JSON.stringify(available, null, 2)}\n`);

  const { lines, incomplete } = reportMissing(isThere, peerObstacle());
  for (const line of lines) console.log(`setup: ${line}`);
  return incomplete && process.env.CI === 'true' ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = main(process.argv[2]);
