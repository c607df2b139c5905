import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startDaemon } from './daemon.ts';

/** A running containerd of the tests' own. */
export interface Containerd {
  /** The path of its socket. */
  readonly socket: string;
  stop(): Promise<void>;
}

/** Starts a containerd that keeps everything below `directory`. */
export async function startContainerd(directory: string): Promise<Containerd> {
  const socket = join(directory, 'containerd.sock');
  const config = join(directory, 'containerd.toml');
  await mkdir(directory, { recursive: true });
  await writeFile(
    config,
    `version = 2
root = "${directory}/containerd"
state = "${directory}/containerd-state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
`,
  );
  const daemon = await startDaemon('containerd', ['--config', config], 'containerd successfully booted');
  return { socket, stop: () => daemon.stop() };
}
