import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, lstat, readlink, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDockerRegistry } from './support/docker-registry.ts';
import type { DockerRegistry } from './support/docker-registry.ts';
import { runCommand } from './support/run-command.ts';
import { buildSampleImages, pushWithSkopeo, SAMPLE_PLATFORMS } from './support/sample-images.ts';

const exec = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../packages/cli/dist-command/main.js', import.meta.url));

interface PulledLine {
  readonly imageId: string;
  readonly digest: string;
  readonly status: string;
  readonly layers: readonly { readonly digest: string; readonly diffId: string }[];
}
interface ListedEntry {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly linkname?: string;
}

let directory: string;
let layout: string;
let registry: DockerRegistry;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stowage-integration-'));
  layout = await buildSampleImages(directory);
  registry = await startDockerRegistry();
  await pushWithSkopeo(layout, 'sample', registry.host, 'team/sample:oci');
  await pushWithSkopeo(layout, 'sample', registry.host, 'team/sample:docker', ['--format', 'v2s2']);
  await pushWithSkopeo(layout, 'multi', registry.host, 'team/multi:latest', ['--all']);
});

afterAll(async () => {
  await registry.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Runs the command on a store of its own name below the test's directory. */
function stowage(store: string, command: string, ...args: string[]): Promise<string> {
  return runCommand(process.execPath, [MAIN, command, '--store', join(directory, store), ...args]);
}

async function pull(store: string, name: string, ...args: string[]): Promise<PulledLine> {
  const output = await stowage(store, 'pull', '--json', `${registry.host}/${name}`, ...args);
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as PulledLine;
}

async function skopeo(...args: string[]): Promise<string> {
  return runCommand('skopeo', ['--insecure-policy', ...args]);
}

describe.each([
  ['oci', 'application/vnd.oci.image.manifest.v1+json'],
  ['docker', 'application/vnd.docker.distribution.manifest.v2+json'],
])('an image of docker-registry, %s', (tag, mediaType) => {
  const name = `team/sample:${tag}`;
  let pulled: PulledLine;

  beforeAll(async () => {
    pulled = await pull(tag, name);
  });

  it('has the digest, the config and the layers that skopeo sees', async () => {
    const source = `docker://${registry.host}/${name}`;
    const seen = JSON.parse(await skopeo('inspect', '--tls-verify=false', source)) as {
      Digest: string;
      Layers: string[];
    };
    const config = await skopeo('inspect', '--tls-verify=false', '--config', '--raw', source);
    const { rootfs } = JSON.parse(config) as { rootfs: { diff_ids: string[] } };
    expect(pulled).toMatchObject({ digest: seen.Digest, status: 'downloaded' });
    expect(pulled.layers.map(({ digest }) => digest)).toEqual(seen.Layers);
    expect(pulled.layers.map(({ diffId }) => diffId)).toEqual(rootfs.diff_ids);
    const inspected = JSON.parse(await stowage(tag, 'inspect', `${registry.host}/${name}`)) as Record<
      string,
      unknown
    >;
    expect(inspected).toMatchObject({
      mediaType,
      rootfs,
      config: (JSON.parse(config) as { config: object }).config,
    });
  });

  it('is listed as umoci unpacks it, byte for byte', async () => {
    const bundle = join(directory, `${tag}-bundle`);
    await runCommand('umoci', ['unpack', '--image', `${layout}:sample`, bundle]);
    const root = join(bundle, 'rootfs');
    const listed = await list(tag, name);
    expect(listed.map(({ path }) => path)).toEqual((await walk(root)).sort());
    for (const entry of listed) await compare(entry, join(root, entry.path));
    for (const { path, type } of listed.filter(
      (entry) => entry.type === 'file' || entry.type === 'hardlink',
    )) {
      const bytes = await stowageBytes(tag, name, path);
      expect(bytes.equals(await readFile(join(root, path))), `${type} ${path}`).toBe(true);
    }
  });

  it('is the same after a pull by digests only, once it is used', async () => {
    const store = `${tag}-digests`;
    expect(await pull(store, name, '--digests-only')).toEqual(pulled);
    expect(await stowage(store, 'images')).toMatch(/B compressed\n$/);
    expect(await list(store, name)).toEqual(await list(tag, name));
    expect(await stowage(store, 'images', '--json')).toBe(await stowage(tag, 'images', '--json'));
  });

  it('is pulled again with one HEAD and no bytes', async () => {
    const before = (await registry.requests()).length;
    expect(await pull(tag, name)).toMatchObject({ status: 'up-to-date', imageId: pulled.imageId });
    expect((await registry.requests()).slice(before)).toEqual([`HEAD /v2/team/sample/manifests/${tag} 200`]);
  });
});

// skopeo finds docker's media types in an OCI layout not at all, whoever wrote it.
describe('the store', () => {
  it('is an OCI layout that skopeo reads and copies from', async () => {
    const { digest } = await pull('oci', 'team/sample:oci');
    const stored = `oci:${join(directory, 'oci')}:${registry.host}/team/sample:oci`;
    const seen = JSON.parse(await skopeo('inspect', stored)) as { Digest: string };
    expect(seen.Digest).toBe(digest);
    await skopeo('copy', '--quiet', stored, `dir:${join(directory, 'copy')}`);
    const copied = await readFile(join(directory, 'copy/manifest.json'));
    expect(`sha256:${createHash('sha256').update(copied).digest('hex')}`).toBe(digest);
  });

  it('is private to its owner', async () => {
    for (const path of ['', 'blobs/sha256', 'layers', 'images', 'index.json', 'oci-layout']) {
      const { mode } = await lstat(join(directory, 'oci', path));
      expect(mode & 0o077, path).toBe(0);
    }
  });
});

describe('an index of three platforms', () => {
  it.each(SAMPLE_PLATFORMS)('gives the image for %s', async (platform) => {
    const pulled = await pull('multi', 'team/multi', '--platform', platform);
    const source = `docker://${registry.host}/team/multi`;
    const raw = JSON.parse(await skopeo('inspect', '--tls-verify=false', '--raw', source)) as {
      manifests: unknown[];
    };
    expect(raw.manifests).toHaveLength(SAMPLE_PLATFORMS.length);
    const file = await stowage('multi', 'cat', `${registry.host}/team/multi`, 'etc/platform');
    expect(file).toBe(`${platform}\n`);
    expect(pulled.status).toBe('downloaded');
  });

  it('says what there is none of', async () => {
    await expect(pull('multi', 'team/multi', '--platform', 'linux/s390x')).rejects.toThrow(
      'no matching manifest for linux/s390x in the manifest list entries',
    );
  });
});

describe('the command', () => {
  it('fails with one line and exit code 1 for what is not there', async () => {
    const error: unknown = await pull('oci', 'team/absent:v9').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 1 });
    expect((error as { stderr: string }).stderr).toMatch(/^error: .*not found.*\n$/);
  });

  it('resolves and lists tags of the registry', async () => {
    const resolved = JSON.parse(
      await stowage('oci', 'resolve', '--json', `${registry.host}/team/sample:oci`),
    ) as { digest: string };
    expect(resolved.digest).toMatch(/^sha256:/);
    const tags = await stowage('oci', 'tags', `${registry.host}/team/sample`);
    expect(tags.trim().split('\n').sort()).toEqual(['docker', 'oci']);
  });

  it('tags and removes, and frees what nothing uses', async () => {
    const store = 'removal';
    await pull(store, 'team/sample:oci');
    await stowage(store, 'tag', `${registry.host}/team/sample:oci`, 'kept:v1');
    await stowage(store, 'rm', `${registry.host}/team/sample:oci`);
    expect(JSON.parse(await stowage(store, 'images', '--json'))).toMatchObject([{ references: ['kept:v1'] }]);
    await stowage(store, 'rm', 'kept:v1');
    expect(await readdir(join(directory, store, 'blobs/sha256'))).toEqual([]);
  });
});

async function list(store: string, name: string): Promise<ListedEntry[]> {
  const output = await stowage(store, 'ls', '--json', `${registry.host}/${name}`);
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ListedEntry);
}

async function stowageBytes(store: string, name: string, path: string): Promise<Buffer> {
  const args = [MAIN, 'cat', '--store', join(directory, store), `${registry.host}/${name}`, path];
  const { stdout } = await exec(process.execPath, args, { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** Paths below a directory, itself left out. */
async function walk(root: string, prefix = ''): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(join(root, prefix), { withFileTypes: true })) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    paths.push(path, ...(entry.isDirectory() ? await walk(root, path) : []));
  }
  return paths;
}

/** A listed entry against the file that umoci made of it. */
async function compare(entry: ListedEntry, path: string): Promise<void> {
  const made = await lstat(path);
  const kind = made.isDirectory() ? 'dir' : made.isSymbolicLink() ? 'symlink' : 'file';
  expect(entry.type === 'hardlink' ? 'file' : entry.type, entry.path).toBe(kind);
  expect([entry.uid, entry.gid], entry.path).toEqual([made.uid, made.gid]);
  if (kind !== 'symlink') expect(entry.mode, entry.path).toBe(made.mode & 0o7777);
  if (kind === 'symlink') expect(entry.linkname).toBe(await readlink(path));
  if (entry.type === 'file') {
    expect(entry.size, entry.path).toBe(made.size);
    expect(Math.floor(entry.mtime), entry.path).toBe(Math.floor(made.mtimeMs / 1000));
  }
}
