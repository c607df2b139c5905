import { basename, dirname, join, resolve } from 'node:path';
import { StowageError } from '@stowage/types';
import type { Bytes, Clock } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { openStorageOn } from './file-storage.ts';
import type { DirectoryEntry, FileStatus, FileSystem, OpenFile, OpenMode } from './file-system.ts';
import { finish, inspect, scenario } from './test-support/crash-scenario.ts';

/** A file or a directory, as it is and as it would be after the machine lost power. */
class Node {
  readonly entries: Map<string, Node> | undefined;
  durableEntries = new Map<string, Node>();
  bytes = new Uint8Array(0);
  durableBytes = new Uint8Array(0);
  changedAt = 0;

  constructor(directory: boolean) {
    this.entries = directory ? new Map() : undefined;
  }

  losePower(): void {
    this.bytes = this.durableBytes;
    this.entries?.clear();
    for (const [name, node] of this.durableEntries) {
      this.entries?.set(name, node);
      node.losePower();
    }
  }
}

/** A file system in memory that can die at any operation, and forgets what was not synced when it loses power. */
class MortalFileSystem implements FileSystem {
  readonly #root = new Node(true);
  #operations = 0;
  #dieAt = Number.POSITIVE_INFINITY;

  get operations(): number {
    return this.#operations;
  }

  /** Lets every operation fail from the given one on. */
  dieAt(operation: number): void {
    this.#dieAt = this.#operations + operation;
  }

  revive({ powerLost }: { readonly powerLost: boolean }): void {
    this.#dieAt = Number.POSITIVE_INFINITY;
    if (powerLost) this.#root.losePower();
  }

  open(path: string, mode: OpenMode): Promise<OpenFile> {
    return this.#run(() => {
      const entries = this.#entries(dirname(path));
      let node = entries.get(basename(path));
      if (node !== undefined && mode === 'create') throw failed('EEXIST');
      if (node === undefined) {
        if (mode === 'read') throw failed('ENOENT');
        node = new Node(false);
        entries.set(basename(path), node);
      }
      return this.#file(node);
    });
  }

  status(path: string): Promise<FileStatus> {
    return this.#run(() => statusOf(this.#find(path)));
  }

  list(path: string): Promise<readonly DirectoryEntry[]> {
    return this.#run(() =>
      [...this.#entries(path)].map(([name, node]) => ({ name, directory: node.entries !== undefined })),
    );
  }

  makeDirectory(path: string): Promise<void> {
    return this.#run(() => {
      const entries = this.#entries(dirname(path));
      if (entries.has(basename(path))) throw failed('EEXIST');
      entries.set(basename(path), new Node(true));
    });
  }

  link(from: string, to: string): Promise<void> {
    return this.#run(() => {
      const node = this.#find(from);
      if (this.#entries(dirname(to)).has(basename(to))) throw failed('EEXIST');
      this.#entries(dirname(to)).set(basename(to), node);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run(() => {
      const node = this.#find(from);
      const target = this.#entries(dirname(to)).get(basename(to));
      if (target?.entries !== undefined && target.entries.size > 0) throw failed('ENOTEMPTY');
      this.#entries(dirname(from)).delete(basename(from));
      this.#entries(dirname(to)).set(basename(to), node);
    });
  }

  remove(path: string): Promise<void> {
    return this.#run(() => {
      if (this.#find(path).entries !== undefined) throw failed('EISDIR');
      this.#entries(dirname(path)).delete(basename(path));
    });
  }

  removeDirectory(path: string): Promise<void> {
    return this.#run(() => {
      if (this.#entries(path).size > 0) throw failed('ENOTEMPTY');
      this.#entries(dirname(path)).delete(basename(path));
    });
  }

  touch(path: string, at: number): Promise<void> {
    return this.#run(() => {
      this.#find(path).changedAt = at;
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#run(() => {
      this.#find(path).durableEntries = new Map(this.#entries(path));
    });
  }

  #file(node: Node): OpenFile {
    return {
      read: (buffer, position) =>
        this.#run(() => {
          const piece = node.bytes.subarray(position, position + buffer.byteLength);
          buffer.set(piece);
          return piece.byteLength;
        }),
      write: (bytes, position) => {
        const write = (part: Bytes): number => {
          const size = Math.max(node.bytes.byteLength, position + part.byteLength);
          const grown = new Uint8Array(size);
          grown.set(node.bytes);
          grown.set(part, position);
          node.bytes = grown;
          return part.byteLength;
        };
        // Half of the write in which it dies is done.
        return this.#run(
          () => write(bytes),
          () => write(bytes.subarray(0, bytes.byteLength / 2)),
        );
      },
      status: () => this.#run(() => statusOf(node)),
      truncate: (size) =>
        this.#run(() => {
          node.bytes = node.bytes.slice(0, size);
        }),
      sync: () =>
        this.#run(() => {
          node.durableBytes = node.bytes.slice();
        }),
      touch: (at) =>
        this.#run(() => {
          node.changedAt = at;
        }),
      close: () => this.#run(() => undefined),
    };
  }

  async #run<T>(operation: () => T, dying?: () => unknown): Promise<T> {
    await Promise.resolve();
    this.#operations += 1;
    if (this.#operations === this.#dieAt) dying?.();
    if (this.#operations >= this.#dieAt) throw failed('EIO');
    return operation();
  }

  #find(path: string): Node {
    let node = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (node.entries === undefined) throw failed('ENOTDIR');
      const next = node.entries.get(name);
      if (next === undefined) throw failed('ENOENT');
      node = next;
    }
    return node;
  }

  #entries(path: string): Map<string, Node> {
    const { entries } = this.#find(path);
    if (entries === undefined) throw failed('ENOTDIR');
    return entries;
  }
}

function failed(reason: string): StowageError {
  return new StowageError('STORAGE', reason, { reason });
}

function statusOf(node: Node): FileStatus {
  return { size: node.bytes.byteLength, changedAt: node.changedAt, directory: node.entries !== undefined };
}

const ROOT = resolve('/store');

/** Bytes of an ingest that no listing shows would never be thrown away. */
async function expectNoHiddenBytes(fs: FileSystem): Promise<void> {
  for (const { name } of await fs.list(join(ROOT, 'ingest'))) {
    const names = (await fs.list(join(ROOT, 'ingest', name))).map((entry) => entry.name);
    if (names.includes('data')) expect(names).toContain('ref');
  }
}

describe('a file storage that dies', { timeout: 120_000 }, () => {
  for (const powerLost of [false, true]) {
    it(`is whole after any operation, ${powerLost ? 'power' : 'process'} lost`, async () => {
      let deaths = 0;
      for (let operation = 1; ; operation += 1) {
        const fs = new MortalFileSystem();
        let now = 1_000_000;
        const clock: Clock = {
          now: () => now,
          sleep: () => Promise.reject(new Error('nobody else is here')),
        };
        const done: string[] = [];
        const storage = await openStorageOn(fs, ROOT, { clock });
        fs.dieAt(operation);
        const died = await scenario(storage, done).then(
          () => false,
          () => true,
        );
        await storage.close().catch(() => undefined);
        if (!died) break;
        deaths += 1;
        fs.revive({ powerLost });
        // This process lives on and so do its locks, unlike those of one that died; the lease ends them.
        now += 60_000;
        const again = await openStorageOn(fs, ROOT, { clock });
        await inspect(again, done);
        if (!powerLost) await expectNoHiddenBytes(fs);
        await finish(again);
        await again.close();
      }
      expect(deaths).toBeGreaterThan(100);
    });
  }

  it('is opened again whenever it died while it was made', async () => {
    for (const powerLost of [false, true]) {
      for (let operation = 1; ; operation += 1) {
        const fs = new MortalFileSystem();
        fs.dieAt(operation);
        const died = await openStorageOn(fs, ROOT).then(
          () => false,
          () => true,
        );
        fs.revive({ powerLost });
        const storage = await openStorageOn(fs, ROOT);
        const index = new TextDecoder().decode(await storage.metadata.get('layout', 'index.json'));
        expect(JSON.parse(index)).toMatchObject({ schemaVersion: 2, manifests: [] });
        if (!died) break;
      }
    }
  });
});
