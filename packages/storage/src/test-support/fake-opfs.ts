import type { Bytes } from '@stowage/types';
import type {
  LockManager,
  LockOptions,
  OpfsDirectoryHandle,
  OpfsFileHandle,
  OpfsSnapshot,
  OpfsSyncAccess,
  OpfsWritable,
} from '../opfs-handles.ts';

type Entry = Map<string, Entry> | FakeFile;

interface FakeFile {
  bytes: Uint8Array<ArrayBuffer>;
  /** How many stand open for writing. */
  open: number;
}

/** An origin private file system in memory, with its locks, whose page can be killed at any operation. */
export class FakeOpfs {
  readonly #files = new Map<string, Entry>();
  #operations = 0;
  #dieAt = Number.POSITIVE_INFINITY;
  /** The locks that are held, and how to let them go. */
  #locks = new Map<string, Set<{ readonly shared: boolean; ended: Promise<unknown> }>>();

  get directory(): OpfsDirectoryHandle {
    return this.#directory([]);
  }

  get locks(): LockManager {
    const held = this.#locks;
    return { request: (name, options, run) => request(held, name, options, run) };
  }

  /** Lets every operation fail from the given one on. */
  dieAt(operation: number): void {
    this.#dieAt = this.#operations + operation;
  }

  /** What a browser does when a page is gone: its locks and its open files are free. */
  revive(): void {
    this.#dieAt = Number.POSITIVE_INFINITY;
    this.#locks = new Map();
    const free = (entry: Entry): void => {
      if (entry instanceof Map) for (const below of entry.values()) free(below);
      else entry.open = 0;
    };
    free(this.#files);
  }

  /** The paths of all files. */
  paths(): string[] {
    const paths: string[] = [];
    const collect = (entry: Entry, path: string): void => {
      if (!(entry instanceof Map)) paths.push(path);
      else for (const [name, below] of entry) collect(below, `${path}/${name}`);
    };
    collect(this.#files, '');
    return paths;
  }

  #step(): void {
    this.#operations += 1;
    if (this.#operations >= this.#dieAt) throw failed('InvalidStateError');
  }

  async #run<T>(operation: () => T): Promise<T> {
    await Promise.resolve();
    this.#step();
    return operation();
  }

  #entries(path: readonly string[]): Map<string, Entry> {
    let entries = this.#files;
    for (const name of path) {
      const next = entries.get(name);
      if (next === undefined) throw failed('NotFoundError');
      if (!(next instanceof Map)) throw failed('TypeMismatchError');
      entries = next;
    }
    return entries;
  }

  #file(path: readonly string[], name: string): FakeFile {
    const file = this.#entries(path).get(name);
    if (file === undefined) throw failed('NotFoundError');
    if (file instanceof Map) throw failed('TypeMismatchError');
    return file;
  }

  #directory(path: readonly string[]): OpfsDirectoryHandle & { readonly path: readonly string[] } {
    const get = (name: string, create: boolean, make: () => Entry): Entry => {
      const entries = this.#entries(path);
      const found = entries.get(name);
      if (found === undefined && !create) throw failed('NotFoundError');
      const entry = found ?? make();
      entries.set(name, entry);
      return entry;
    };
    const list = (): [string, OpfsDirectoryHandle | OpfsFileHandle][] =>
      [...this.#entries(path)].map(([name, entry]) => [
        name,
        entry instanceof Map ? this.#directory([...path, name]) : this.#handle(path, name),
      ]);
    const run = <T>(operation: () => T): Promise<T> => this.#run(operation);
    return {
      kind: 'directory',
      path,
      getDirectoryHandle: (name, { create = false } = {}) =>
        run(() => {
          if (!(get(name, create, () => new Map()) instanceof Map)) throw failed('TypeMismatchError');
          return this.#directory([...path, name]);
        }),
      getFileHandle: (name, { create = false } = {}) =>
        run(() => {
          const empty = { bytes: new Uint8Array(0), open: 0 };
          if (get(name, create, () => empty) instanceof Map) throw failed('TypeMismatchError');
          return this.#handle(path, name);
        }),
      removeEntry: (name, { recursive = false } = {}) =>
        run(() => {
          const entry = get(name, false, () => new Map());
          if (entry instanceof Map && entry.size > 0 && !recursive) throw failed('InvalidModificationError');
          if (!(entry instanceof Map) && entry.open > 0) throw failed('NoModificationAllowedError');
          this.#entries(path).delete(name);
        }),
      entries: async function* () {
        yield* await run(list);
      },
    };
  }

  #handle(path: readonly string[], name: string): OpfsFileHandle {
    const find = (): FakeFile => this.#file(path, name);
    return {
      kind: 'file',
      getFile: () =>
        this.#run(() => {
          const { bytes } = find();
          return new Snapshot(bytes, () => find().bytes === bytes);
        }),
      createWritable: ({ keepExistingData = false } = {}) =>
        this.#run(() => {
          const file = find();
          file.open += 1;
          return this.#writable(file, keepExistingData ? file.bytes.slice() : new Uint8Array(0));
        }),
      createSyncAccessHandle: () =>
        this.#run(() => {
          const file = find();
          if (file.open > 0) throw failed('NoModificationAllowedError');
          file.open += 1;
          return this.#access(file);
        }),
      move: (directory, to) =>
        this.#run(() => {
          const file = find();
          const target = this.#entries((directory as unknown as { path: readonly string[] }).path);
          if (target.get(to) instanceof Map) throw failed('InvalidModificationError');
          if (file.open > 0) throw failed('NoModificationAllowedError');
          this.#entries(path).delete(name);
          target.set(to, file);
        }),
    };
  }

  #writable(file: FakeFile, initial: Uint8Array<ArrayBuffer>): OpfsWritable {
    let bytes = initial;
    const run = <T>(operation: () => T): Promise<T> => this.#run(operation);
    return {
      write: async (data) => {
        const part = data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : data;
        await run(() => {
          bytes = spliced(bytes, part, bytes.byteLength);
        });
      },
      truncate: (size) =>
        run(() => {
          bytes = bytes.slice(0, size);
        }),
      close: () =>
        run(() => {
          file.bytes = bytes;
          file.open -= 1;
        }),
      abort: () =>
        run(() => {
          file.open -= 1;
        }),
    };
  }

  #access(file: FakeFile): OpfsSyncAccess {
    return {
      read: (buffer, { at }) => {
        this.#step();
        const part = file.bytes.subarray(at, at + buffer.byteLength);
        buffer.set(part);
        return part.byteLength;
      },
      write: (bytes, { at }) => {
        // Half of the write in which it dies is done.
        if (this.#operations + 1 === this.#dieAt) {
          file.bytes = spliced(file.bytes, bytes.subarray(0, bytes.byteLength / 2), at);
        }
        this.#step();
        file.bytes = spliced(file.bytes, bytes, at);
        return bytes.byteLength;
      },
      truncate: (size) => {
        this.#step();
        file.bytes = file.bytes.slice(0, size);
      },
      getSize: () => file.bytes.byteLength,
      flush: () => {
        this.#step();
      },
      close: () => {
        file.open -= 1;
      },
    };
  }
}

/** A file as it was: it cannot be read once it is another. */
class Snapshot extends Blob implements OpfsSnapshot {
  readonly lastModified: number = 1_000_000;
  readonly #isCurrent: () => boolean;

  constructor(bytes: Uint8Array<ArrayBuffer>, isCurrent: () => boolean) {
    super([bytes]);
    this.#isCurrent = isCurrent;
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    if (!this.#isCurrent()) return Promise.reject(failed('NotReadableError'));
    return super.arrayBuffer();
  }

  override slice(start?: number, end?: number): Blob {
    const part = super.slice(start, end);
    const isCurrent = this.#isCurrent;
    part.arrayBuffer = (): Promise<ArrayBuffer> =>
      isCurrent() ? Blob.prototype.arrayBuffer.call(part) : Promise.reject(failed('NotReadableError'));
    return part;
  }
}

async function request<T>(
  locks: Map<string, Set<{ readonly shared: boolean; ended: Promise<unknown> }>>,
  name: string,
  { mode = 'exclusive', ifAvailable = false }: LockOptions,
  run: (lock: object | null) => Promise<T>,
): Promise<T> {
  await Promise.resolve();
  const held = locks.get(name) ?? new Set();
  locks.set(name, held);
  const shared = mode === 'shared';
  const free = (): boolean => held.size === 0 || (shared && [...held].every((other) => other.shared));
  while (!free()) {
    if (ifAvailable) return run(null);
    await Promise.race([...held].map(({ ended }) => ended));
  }
  const lock = { shared, ended: Promise.resolve<unknown>(undefined) };
  held.add(lock);
  const work = run(lock).finally(() => held.delete(lock));
  lock.ended = work.catch(() => undefined);
  return work;
}

function spliced(bytes: Uint8Array, part: Bytes, at: number): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(Math.max(bytes.byteLength, at + part.byteLength));
  grown.set(bytes);
  grown.set(part, at);
  return grown;
}

function failed(name: string): DOMException {
  return new DOMException(name, name);
}
