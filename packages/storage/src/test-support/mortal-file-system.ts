import { basename, dirname } from 'node:path';
import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import type { DirectoryEntry, FileStatus, FileSystem, OpenFile, OpenMode } from '../file-system.ts';

/** A file or a directory: as it is, and as much of it as is on the disk. */
class Node {
  readonly entries: Map<string, Node> | undefined;
  readonly durableEntries = new Map<string, Node>();
  bytes: Bytes = new Uint8Array(0);
  durableBytes: Bytes = new Uint8Array(0);
  changedAt = 0;

  constructor(directory: boolean) {
    this.entries = directory ? new Map() : undefined;
  }
}

/** Something that happened and is not on the disk yet. */
interface Change {
  /** The file or directory whose sync brings it to the disk. */
  readonly of: Node;
  /** Brings it to the disk. */
  apply(): void;
  /** What never comes to the disk after this: a file that is moved is never gone from both of its names. */
  readonly after?: Change;
}

/** Whether the change with this index, of so many that were not synced, came to the disk all the same. */
export type Survives = (index: number, count: number) => boolean;

/**
 * What of so many changes came to the disk: all before each of them in turn, the first and the last included, and some
 * subsets by chance, the same for every seed.
 */
export function* survivors(count: number, seed: number, subsets = 16): Generator<Survives> {
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
  for (let end = 0; end <= count; end += 1) yield (index) => index < end;
  for (let turn = 0; turn < subsets; turn += 1) {
    const share = random();
    yield () => random() < share;
  }
}

/**
 * A file system in memory that can die at any operation. When the machine loses power, what was not synced is lost, or
 * some of it is: in any order, each write and each entry of a directory by itself.
 */
export class MortalFileSystem implements FileSystem {
  #root = new Node(true);
  #pending: Change[] = [];
  #operations = 0;
  #dieAt = Number.POSITIVE_INFINITY;
  /** Called before every operation that changes something. */
  onChange: (() => void) | undefined;

  /** How many operations there were. */
  get operations(): number {
    return this.#operations;
  }

  /** How many changes are not on the disk. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Lets every operation fail from the given one on. */
  dieAt(operation: number): void {
    this.#dieAt = this.#operations + operation;
  }

  /** Ends the dying: the process was lost, and nothing else. */
  revive(): void {
    this.#dieAt = Number.POSITIVE_INFINITY;
  }

  /** The file system that another machine would find on the disk, had this one lost power now. */
  losePower(survives: Survives): MortalFileSystem {
    const after = new MortalFileSystem();
    const { root, pending } = copyOf(this.#root, this.#pending);
    after.#root = root;
    const survived = new Set<Change>();
    for (const [index, change] of pending.entries()) {
      if (!survives(index, pending.length)) continue;
      if (change.after !== undefined && pending.includes(change.after) && !survived.has(change.after))
        continue;
      change.apply();
      survived.add(change);
    }
    restore(root);
    return after;
  }

  /** Tells two states of the disk apart. */
  fingerprint(): string {
    const lines: string[] = [];
    const visit = (node: Node, path: string): void => {
      lines.push(`${path} ${node.entries === undefined ? Buffer.from(node.bytes).toString('base64') : ''}`);
      for (const name of [...(node.entries?.keys() ?? [])].sort()) {
        visit(node.entries?.get(name) as Node, `${path}/${name}`);
      }
    };
    visit(this.#root, '');
    return lines.join('\n');
  }

  open(path: string, mode: OpenMode): Promise<OpenFile> {
    return this.#run(() => {
      const entries = this.#entries(dirname(path));
      let node = entries.get(basename(path));
      if (node !== undefined && mode === 'create') throw failed('EEXIST');
      if (node === undefined) {
        if (mode === 'read') throw failed('ENOENT');
        this.onChange?.();
        node = new Node(false);
        this.#setEntry(path, node);
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
    return this.#change(() => {
      if (this.#entries(dirname(path)).has(basename(path))) throw failed('EEXIST');
      this.#setEntry(path, new Node(true));
    });
  }

  link(from: string, to: string): Promise<void> {
    return this.#change(() => {
      const node = this.#find(from);
      if (this.#entries(dirname(to)).has(basename(to))) throw failed('EEXIST');
      this.#setEntry(to, node);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#change(() => {
      const node = this.#find(from);
      const target = this.#entries(dirname(to)).get(basename(to));
      if (target?.entries !== undefined && target.entries.size > 0) throw failed('ENOTEMPTY');
      const added = this.#setEntry(to, node);
      this.#setEntry(from, undefined, added);
    });
  }

  remove(path: string): Promise<void> {
    return this.#change(() => {
      if (this.#find(path).entries !== undefined) throw failed('EISDIR');
      this.#setEntry(path, undefined);
    });
  }

  removeDirectory(path: string): Promise<void> {
    return this.#change(() => {
      if (this.#entries(path).size > 0) throw failed('ENOTEMPTY');
      this.#setEntry(path, undefined);
    });
  }

  touch(path: string, at: number): Promise<void> {
    return this.#run(() => {
      this.#find(path).changedAt = at;
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#change(() => {
      this.#sync(this.#find(path));
    });
  }

  #file(node: Node): OpenFile {
    const change = (edit: (bytes: Bytes) => Bytes): void => {
      node.bytes = edit(node.bytes);
      this.#pending.push({
        of: node,
        apply() {
          this.of.durableBytes = edit(this.of.durableBytes);
        },
      });
    };
    return {
      read: (buffer, position) =>
        this.#run(() => {
          const piece = node.bytes.subarray(position, position + buffer.byteLength);
          buffer.set(piece);
          return piece.byteLength;
        }),
      write: (bytes, position) => {
        const write = (part: Bytes): number => {
          const written = part.slice();
          change((before) => {
            const grown = new Uint8Array(Math.max(before.byteLength, position + written.byteLength));
            grown.set(before);
            grown.set(written, position);
            return grown;
          });
          return written.byteLength;
        };
        // Half of the write in which it dies is done.
        return this.#change(
          () => write(bytes),
          () => write(bytes.subarray(0, bytes.byteLength / 2)),
        );
      },
      status: () => this.#run(() => statusOf(node)),
      truncate: (size) =>
        this.#change(() => {
          change((before) => before.slice(0, size));
        }),
      sync: () =>
        this.#change(() => {
          this.#sync(node);
        }),
      touch: (at) =>
        this.#run(() => {
          node.changedAt = at;
        }),
      close: () => this.#run(() => undefined),
    };
  }

  #setEntry(path: string, node: Node | undefined, after?: Change): Change {
    const name = basename(path);
    const directory = this.#find(dirname(path));
    setOrDelete(directory.entries as Map<string, Node>, name, node);
    const change: Change = new EntryChange(directory, name, node, after);
    this.#pending.push(change);
    return change;
  }

  /** Brings everything that happened to a file or a directory to the disk, and what goes before it. */
  #sync(node: Node): void {
    const synced = this.#pending.filter(({ of }) => of === node);
    const before = new Set(synced.flatMap(({ after }) => after ?? []));
    this.#pending = this.#pending.filter((change) => {
      if (change.of !== node && !before.has(change)) return true;
      change.apply();
      return false;
    });
  }

  #change<T>(operation: () => T, dying?: () => unknown): Promise<T> {
    return this.#run(() => {
      this.onChange?.();
      return operation();
    }, dying);
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

class EntryChange implements Change {
  readonly of: Node;
  readonly name: string;
  readonly node: Node | undefined;
  declare readonly after?: Change;

  constructor(of: Node, name: string, node: Node | undefined, after: Change | undefined) {
    this.of = of;
    this.name = name;
    this.node = node;
    if (after !== undefined) this.after = after;
  }

  apply(): void {
    setOrDelete(this.of.durableEntries, this.name, this.node);
  }
}

function setOrDelete(entries: Map<string, Node>, name: string, node: Node | undefined): void {
  if (node === undefined) entries.delete(name);
  else entries.set(name, node);
}

/** What is on the disk, and what is not yet, for another machine to find. */
function copyOf(
  root: Node,
  pending: readonly Change[],
): { readonly root: Node; readonly pending: readonly Change[] } {
  const copies = new Map<Node, Node>();
  const copy = (node: Node): Node => {
    const known = copies.get(node);
    if (known !== undefined) return known;
    const fresh = new Node(node.entries !== undefined);
    copies.set(node, fresh);
    fresh.durableBytes = node.durableBytes;
    fresh.changedAt = node.changedAt;
    for (const [name, entry] of node.durableEntries) fresh.durableEntries.set(name, copy(entry));
    return fresh;
  };
  const changes = new Map<Change, Change>();
  for (const change of pending) {
    const after = change.after === undefined ? undefined : changes.get(change.after);
    const of = copy(change.of);
    const fresh =
      change instanceof EntryChange
        ? new EntryChange(of, change.name, change.node === undefined ? undefined : copy(change.node), after)
        : { ...change, of };
    changes.set(change, fresh);
  }
  return { root: copy(root), pending: [...changes.values()] };
}

/** Makes of what is on the disk what there is. */
function restore(node: Node): void {
  node.bytes = node.durableBytes;
  for (const [name, entry] of node.durableEntries) {
    node.entries?.set(name, entry);
    restore(entry);
  }
}

function failed(reason: string): StowageError {
  return new StowageError('STORAGE', reason, { reason });
}

function statusOf(node: Node): FileStatus {
  return { size: node.bytes.byteLength, changedAt: node.changedAt, directory: node.entries !== undefined };
}
