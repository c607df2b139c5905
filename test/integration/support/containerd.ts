import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from './daemon.ts';
import { runCommand } from './run-command.ts';

/** A running containerd of the tests' own. */
export interface Containerd {
  /** The path of its socket. */
  readonly socket: string;
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

/** Pulls an image for linux/amd64 from a registry on http, and unpacks it. */
export async function pullWithContainerd({ socket }: Containerd, name: string): Promise<ContainerdImage> {
  const ctr = (...args: string[]): Promise<string> => runCommand('ctr', ['--address', socket, ...args]);
  const snapshotter = ['--snapshotter', 'native'];
  await ctr('images', 'pull', '--plain-http', ...snapshotter, '--platform', 'linux/amd64', name);
  const [images, content, snapshots] = await Promise.all([
    ctr('images', 'list', `name==${name}`),
    ctr('content', 'list', '--quiet'),
    ctr('snapshots', ...snapshotter, 'list'),
  ]);
  const digests = (text: string): string[] => text.match(/sha256:[0-9a-f]{64}/g) ?? [];
  const chainIds = snapshots.split('\n').flatMap((line) => digests(line).slice(0, 1));
  return { digest: digests(images)[0] ?? '', content: digests(content), chainIds };
}
