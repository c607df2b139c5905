import { createHash } from 'node:crypto';
import { runCommand } from './run-command.ts';

/** What skopeo sees of an image in a registry on http. */
export interface SkopeoImage {
  /** Of the manifest, or of the index, that the name leads to. */
  readonly digest: string;
  readonly id: string;
  readonly diffIds: readonly string[];
}

/** Looks at an image in a registry on http; at the one for linux/amd64 in an index. */
export async function inspectWithSkopeo(name: string): Promise<SkopeoImage> {
  const source = ['--tls-verify=false', `docker://${name}`];
  const inspect = ['--insecure-policy', '--override-os=linux', '--override-arch=amd64', 'inspect'];
  const [config, manifest] = await Promise.all(
    ['--config', '--raw'].map((what) =>
      runCommand('skopeo', [...inspect, ...new Set([what, '--raw']), ...source]),
    ),
  );
  const { rootfs } = JSON.parse(config ?? '') as { rootfs: { diff_ids: string[] } };
  return { digest: sha256(manifest ?? ''), id: sha256(config ?? ''), diffIds: rootfs.diff_ids };
}

/** Copies an image from one name to another, in registries on http, as schema 1. */
export async function copyAsSchema1(from: string, to: string): Promise<void> {
  const open = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  const copy = ['--insecure-policy', 'copy', '--quiet', '--format=v2s1', ...open];
  await runCommand('skopeo', [...copy, `docker://${from}`, `docker://${to}`]);
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
