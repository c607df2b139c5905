import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from './daemon.ts';
import { runCommand } from './run-command.ts';

/** A running containerd of the tests' own. */
export interface Containerd {
  /** The path of its socket. */
  readonly socket: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a containerd that has nothing, and keeps everything in a folder of its own. */
export async function startContainerd(): Promise<Containerd> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-containerd-'));
  const socket = join(directory, 'socket');
  const config = join(directory, 'config.toml');
  await writeFile(
    config,
    `version = 2
root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
`,
  );
  const daemon = await startDaemon('containerd', ['--config', config], 'containerd successfully booted');
  return {
    socket,
    pid: daemon.pid,
    stop: async () => {
      await daemon.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What containerd has after a pull. */
export interface ContainerdImage {
  /** What the name leads to. */
  readonly digest: string;
  /** The digests of all content. */
  readonly content: readonly string[];
  /** The ChainIDs of all that is unpacked. */
  readonly chainIds: readonly string[];
}

const SNAPSHOTTER = ['--snapshotter', 'native'];

/** What `ctr` is given to pull an image for linux/amd64 from a registry on http, and to unpack it. */
export function pullArguments({ socket }: Containerd, name: string): string[] {
  const platform = ['--platform', 'linux/amd64'];
  return ['--address', socket, 'images', 'pull', '--plain-http', ...SNAPSHOTTER, ...platform, name];
}

/** Removes an image, and all that only it needs. */
export async function removeFromContainerd({ socket }: Containerd, name: string): Promise<void> {
  await runCommand('ctr', ['--address', socket, 'images', 'remove', '--sync', name]);
}

/** Pulls an image for linux/amd64 from a registry on http, and unpacks it. */
export async function pullWithContainerd(containerd: Containerd, name: string): Promise<ContainerdImage> {
  const ctr = (...args: string[]): Promise<string> =>
    runCommand('ctr', ['--address', containerd.socket, ...args]);
  await runCommand('ctr', pullArguments(containerd, name));
  const [images, content, snapshots] = await Promise.all([
    ctr('images', 'list', `name==${name}`),
    ctr('content', 'list', '--quiet'),
    ctr('snapshots', ...SNAPSHOTTER, 'list'),
  ]);
  const digests = (text: string): string[] => text.match(/sha256:[0-9a-f]{64}/g) ?? [];
  const chainIds = snapshots.split('\n').flatMap((line) => digests(line).slice(0, 1));
  return { digest: digests(images)[0] ?? '', content: digests(content), chainIds };
}
