import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';

/** What skopeo sees of an image in a registry on http. */
export interface SkopeoImage {
  /** Of the manifest, or of the index, that the name leads to. */
  readonly digest: string;
  readonly id: string;
  readonly diffIds: readonly string[];
}

/** What skopeo is given to copy from a registry on http. */
export const PLAIN_SOURCE: readonly string[] = ['--src-tls-verify=false'];

/**
 * Looks at an image in a registry; at the one for linux/amd64 in an index.
 *
 * @param access how the registry is reached. Default: on http
 */
export async function inspectWithSkopeo(
  name: string,
  access: readonly string[] = PLAIN_SOURCE,
): Promise<SkopeoImage> {
  const source = [...access.map((flag) => flag.replace(/^--src-/, '--')), `docker://${name}`];
  const inspect = ['--insecure-policy', '--override-os=linux', '--override-arch=amd64', 'inspect'];
  const [config, manifest] = await Promise.all(
    ['--config', '--raw'].map((what) =>
      runCommand('skopeo', [...inspect, ...new Set([what, '--raw']), ...source]),
    ),
  );
  const { rootfs } = JSON.parse(config ?? '') as { rootfs: { diff_ids: string[] } };
  return { digest: sha256(manifest ?? ''), id: sha256(config ?? ''), diffIds: rootfs.diff_ids };
}

/**
 * Has skopeo take all of what a name leads to out of a registry, and verify it blob by blob.
 *
 * @param directory where it puts everything; emptied before
 * @param access how the registry is reached. Default: on http
 * @returns what it has got, of an index the image for linux/amd64
 */
export async function pullWithSkopeo(
  name: string,
  directory: string,
  access: readonly string[] = PLAIN_SOURCE,
): Promise<SkopeoImage> {
  await rm(directory, { recursive: true, force: true });
  const copy = ['--insecure-policy', 'copy', '--quiet', '--all', '--preserve-digests', ...access];
  await runCommand('skopeo', [...copy, `docker://${name}`, `dir:${directory}`]);
  const read = (file: string): Promise<string> => readFile(join(directory, file), 'utf8');
  const root = await read('manifest.json');
  const { manifests = [] } = JSON.parse(root) as { manifests?: readonly DirectoryEntry[] };
  const entry = manifests.find(({ platform }) => platform.architecture === 'amd64');
  const manifest = entry === undefined ? root : await read(`${hexOf(entry.digest)}.manifest.json`);
  const { config } = JSON.parse(manifest) as { config: { digest: string } };
  const configText = await read(hexOf(config.digest));
  const { rootfs } = JSON.parse(configText) as { rootfs: { diff_ids: string[] } };
  return { digest: sha256(root), id: sha256(configText), diffIds: rootfs.diff_ids };
}

interface DirectoryEntry {
  readonly digest: string;
  readonly platform: { readonly architecture: string };
}

/** Copies an image from one name to another, in registries on http, as schema 1. */
export async function copyAsSchema1(from: string, to: string): Promise<void> {
  const open = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  const copy = ['--insecure-policy', 'copy', '--quiet', '--format=v2s1', ...open];
  await runCommand('skopeo', [...copy, `docker://${from}`, `docker://${to}`]);
}

function hexOf(digest: string): string {
  return digest.replace('sha256:', '');
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
