import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startContainerd } from './containerd.ts';
import { startDaemon } from './daemon.ts';
import type { Daemon } from './daemon.ts';

/** A line of the stream of progress of docker's API. */
export interface DockerLine {
  readonly status?: string;
  readonly id?: string;
  readonly stream?: string;
  readonly error?: string;
}

/** What docker tells of an image. */
export interface DockerImage {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  readonly RootFS: { readonly Layers: readonly string[] };
}

/** A running dockerd, by its HTTP API. Calls reject with an `Error` of docker's own message. */
export interface Dockerd {
  /** Its processes: its own and that of its containerd. */
  readonly pids: readonly number[];
  /** Pulls an image, `name` without a tag for all tags, and answers what came of it line by line. */
  pull(name: string, tag?: string): Promise<readonly DockerLine[]>;
  /** Gives an image another name. */
  tag(name: string, repository: string, tag: string): Promise<void>;
  /** Pushes an image, and answers what came of it line by line. */
  push(name: string, tag: string): Promise<readonly DockerLine[]>;
  /** Loads an archive, and answers what came of it line by line. */
  load(archive: Uint8Array): Promise<readonly DockerLine[]>;
  /** An archive of images. */
  save(names: readonly string[]): Promise<Buffer>;
  inspect(name: string): Promise<DockerImage>;
  /** The IDs of all images. */
  images(): Promise<readonly string[]>;
  /** Removes an image by its ID, with all its names. */
  remove(id: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a dockerd that has nothing, and keeps everything in a folder of its own, with a containerd of its own. */
export async function startDockerd(): Promise<Dockerd> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-dockerd-'));
  const running: Daemon[] = [];
  const stop = async (): Promise<void> => {
    for (const daemon of running.reverse()) await daemon.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const containerd = await startContainerd();
    running.push(containerd);
    const socket = join(directory, 'docker.sock');
    running.push(
      await startDaemon('dockerd', await dockerdArguments(directory, socket, containerd.socket), READY),
    );
    return { ...createClient(socket), pids: running.map(({ pid }) => pid), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The last line of its log before it takes calls. */
const READY = 'API listen on';

async function dockerdArguments(directory: string, socket: string, containerd: string): Promise<string[]> {
  const config = join(directory, 'config.json');
  await writeFile(config, '{}');
  const paths = { 'data-root': 'data', 'exec-root': 'exec', pidfile: 'pid' };
  return [
    ...Object.entries(paths).flatMap(([name, path]) => [`--${name}`, join(directory, path)]),
    ...['--host', `unix://${socket}`, '--containerd', containerd, '--config-file', config],
    ...['--storage-driver=vfs', '--iptables=false', '--ip6tables=false', '--bridge=none'],
  ];
}

/** Who pushes without credentials. */
const NOBODY = { 'x-registry-auth': Buffer.from('{}').toString('base64url') };

function createClient(socketPath: string): Omit<Dockerd, 'stop' | 'pids'> {
  const call = async (method: string, path: string, body?: Uint8Array): Promise<Buffer> => {
    const headers = body === undefined ? NOBODY : { 'content-type': 'application/x-tar' };
    const sent = request({ socketPath, method, path: `/v1.41${path}`, headers }).end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const content = Buffer.concat(await response.toArray());
    if ((response.statusCode ?? 500) < 400) return content;
    throw new Error((JSON.parse(content.toString()) as { message: string }).message);
  };
  return {
    pull: async (name, tag = '') =>
      linesOf(await call('POST', `/images/create?${query({ fromImage: name, tag })}`)),
    tag: async (name, repo, tag) => {
      await call('POST', `/images/${name}/tag?${query({ repo, tag })}`);
    },
    push: async (name, tag) => linesOf(await call('POST', `/images/${name}/push?${query({ tag })}`)),
    load: async (archive) => linesOf(await call('POST', '/images/load', archive)),
    save: (names) => call('GET', `/images/get?${names.map((name) => query({ names: name })).join('&')}`),
    inspect: async (name) =>
      JSON.parse((await call('GET', `/images/${name}/json`)).toString()) as DockerImage,
    images: async () => {
      const images = JSON.parse((await call('GET', '/images/json')).toString()) as DockerImage[];
      return images.map(({ Id }) => Id);
    },
    remove: async (id) => {
      await call('DELETE', `/images/${id}?force=1`);
    },
  };
}

function query(values: Record<string, string>): string {
  return new URLSearchParams(values).toString();
}

function linesOf(content: Buffer): DockerLine[] {
  return content
    .toString()
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as DockerLine);
}
