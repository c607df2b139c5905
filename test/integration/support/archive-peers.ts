import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDockerd } from './dockerd.ts';
import { runCommand } from './run-command.ts';

/** The forms of archives that peers know, by their names of them. */
export type PeerFormat = 'docker-archive' | 'oci-archive';

/** What a peer knows of an image. */
export interface PeerImage {
  readonly id: string;
  readonly diffIds: readonly string[];
  /** Full names with a tag. */
  readonly names: readonly string[];
}

/** A tool with an image store of its own that loads and saves archives. */
export interface ArchivePeer {
  /** Loads all images of an archive of so many. */
  load(file: string, format: PeerFormat, count: number): Promise<void>;
  /** Writes an archive of images. */
  save(file: string, format: PeerFormat, names: readonly string[]): Promise<void>;
  /** What it knows of an image by its ID. */
  inspect(id: string): Promise<PeerImage>;
  /** Forgets all images with their layers. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/** How a peer for archives is begun, and what it can do. */
export interface ArchivePeerKind {
  readonly formats: readonly PeerFormat[];
  /** Whether it writes several images into one archive. */
  readonly several: boolean;
  /** Where a name without a registry is, for it. */
  readonly home: string;
  readonly start: () => Promise<ArchivePeer>;
}

/** The peers, by the names of their programs. */
export const ARCHIVE_PEERS: Readonly<Record<'dockerd' | 'podman' | 'buildah', ArchivePeerKind>> = {
  dockerd: { formats: ['docker-archive'], several: true, home: '', start: startDockerdPeer },
  podman: {
    formats: ['docker-archive', 'oci-archive'],
    several: true,
    home: 'localhost/',
    start: startPodman,
  },
  buildah: {
    formats: ['docker-archive', 'oci-archive'],
    several: false,
    home: 'localhost/',
    start: startBuildah,
  },
};

async function startDockerdPeer(): Promise<ArchivePeer> {
  const dockerd = await startDockerd();
  return {
    load: async (file) => {
      const failed = (await dockerd.load(await readFile(file))).find(({ error }) => error !== undefined);
      if (failed !== undefined) throw new Error(failed.error);
    },
    save: async (file, _format, names) => {
      await writeFile(file, await dockerd.save(names));
    },
    inspect: async (name) => {
      const { Id: id, RepoTags: names, RootFS } = await dockerd.inspect(name);
      return { id, diffIds: RootFS.Layers, names };
    },
    clear: async () => {
      for (const id of await dockerd.images()) await dockerd.remove(id);
    },
    stop: () => dockerd.stop(),
  };
}

async function startPodman(): Promise<ArchivePeer> {
  const { run, stop } = await startTool('podman', (directory) => [
    ...['--tmpdir', join(directory, 'tmp'), '--cgroup-manager=cgroupfs', '--events-backend=none'],
  ]);
  return {
    load: async (file) => {
      await run('load', '--quiet', '--input', file);
    },
    save: async (file, format, names) => {
      const several = names.length > 1 ? ['--multi-image-archive'] : [];
      await run('save', '--quiet', '--format', format, ...several, '--output', file, ...names);
    },
    inspect: async (id) => {
      const [image] = JSON.parse(await run('image', 'inspect', id)) as [
        { Id: string; RepoTags: string[]; RootFS: { Layers: string[] } },
      ];
      return { id: `sha256:${image.Id}`, diffIds: image.RootFS.Layers, names: image.RepoTags };
    },
    clear: async () => {
      await run('rmi', '--all', '--force');
    },
    stop,
  };
}

async function startBuildah(): Promise<ArchivePeer> {
  const { run, stop } = await startTool('buildah');
  return {
    load: async (file, format, count) => {
      for (let index = 0; index < count; index += 1) {
        await run('pull', '--quiet', `${format}:${file}${count === 1 ? '' : `:@${String(index)}`}`);
      }
    },
    save: async (file, format, names) => {
      for (const name of names) {
        const target = `${format}:${file}`;
        await run('push', '--quiet', name, name.startsWith('sha256:') ? target : `${target}:${name}`);
      }
    },
    inspect: async (id) => {
      const image = JSON.parse(await run('inspect', '--type', 'image', id)) as {
        FromImageID: string;
        OCIv1: { rootfs: { diff_ids: string[] } };
      };
      const listed = JSON.parse(await run('images', '--no-trunc', '--json')) as {
        id: string;
        names?: string[];
      }[];
      const names = listed
        .filter((one) => one.id === `sha256:${image.FromImageID}`)
        .flatMap((one) => one.names ?? []);
      return { id: `sha256:${image.FromImageID}`, diffIds: image.OCIv1.rootfs.diff_ids, names };
    },
    clear: async () => {
      await run('rmi', '--all', '--force');
    },
    stop,
  };
}

interface Tool {
  readonly run: (...args: string[]) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** A tool without a daemon, with a store in a folder of its own. */
async function startTool(
  program: string,
  more: (directory: string) => readonly string[] = () => [],
): Promise<Tool> {
  const directory = await mkdtemp(join(tmpdir(), `stowage-${program}-`));
  const paths = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run')];
  const flags = [...paths, '--storage-driver=vfs', ...more(directory)];
  return {
    run: (...args) => runCommand(program, [...flags, ...args]),
    stop: () => rm(directory, { recursive: true, force: true }),
  };
}
