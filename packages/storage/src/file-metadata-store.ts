import { checkMetadataKey, isStowageError } from '@stowage/types';
import type { AbortOptions, Bytes, Clock, MetadataStore, ChangeOptions } from '@stowage/types';
import { checkKey, checkNamespace, checkValueSize, LAYOUT_KEYS, MAX_METADATA_BYTES } from './checks.ts';
import type { FileSystem } from './file-system.ts';
import {
  failedWith,
  ifThere,
  readFile,
  removeDurably,
  removeIfThere,
  replaceFile,
  statusIfThere,
  sweepTemporary,
} from './files.ts';
import { join } from './paths.ts';

/** Namespaces that lie beside `blobs`; all others but `layout` lie under `metadata`. */
const BESIDE_BLOBS: readonly string[] = ['images', 'layers', 'seek'];

/** Small values, one file each. */
export class FileMetadataStore implements MetadataStore {
  readonly #fs: FileSystem;
  readonly #clock: Clock;
  readonly #root: string;

  constructor(fs: FileSystem, clock: Clock, root: string) {
    this.#fs = fs;
    this.#clock = clock;
    this.#root = root;
  }

  async get(namespace: string, key: string, { signal }: AbortOptions = {}): Promise<Bytes | undefined> {
    signal?.throwIfAborted();
    return readFile(this.#fs, this.#path(namespace, key), MAX_METADATA_BYTES);
  }

  async set(
    namespace: string,
    key: string,
    value: Bytes,
    { signal, durable }: ChangeOptions = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    const path = this.#path(namespace, key);
    checkValueSize(value.byteLength);
    // A copy: the caller may go on to change its bytes before they are written.
    await replaceFile(this.#fs, path, value.slice(), { durable });
  }

  async delete(
    namespace: string,
    key: string,
    { signal, durable = true }: ChangeOptions = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    const path = this.#path(namespace, key);
    try {
      await (durable ? removeDurably : removeIfThere)(this.#fs, path);
    } catch (error) {
      // A folder of other keys is no value. Linux says EISDIR, others EPERM, and Deno ENOTEMPTY.
      const folder =
        failedWith(error, 'EISDIR', 'EPERM', 'ENOTEMPTY') && (await statusIfThere(this.#fs, path))?.directory;
      if (folder !== true) throw error;
    }
  }

  async *keys(namespace: string, { signal }: AbortOptions = {}): AsyncGenerator<string, void, undefined> {
    signal?.throwIfAborted();
    checkNamespace(namespace);
    if (namespace !== 'layout') {
      yield* this.#walk(namespace, [], signal);
      return;
    }
    for (const key of LAYOUT_KEYS) {
      if ((await statusIfThere(this.#fs, join(this.#root, key))) !== undefined) yield key;
    }
  }

  async *#walk(
    namespace: string,
    above: readonly string[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<string, void, undefined> {
    const directory = join(this.#directory(namespace), ...above);
    const entries = (await ifThere(this.#fs.list(directory))) ?? [];
    await sweepTemporary(this.#fs, directory, entries, this.#clock.now());
    for (const { name, directory: folder } of entries) {
      signal?.throwIfAborted();
      const path = [...above, name];
      if (!isKey(namespace, path.join('/'))) continue;
      if (folder) yield* this.#walk(namespace, path, signal);
      else yield path.join('/');
    }
  }

  #path(namespace: string, key: string): string {
    checkKey(namespace, key);
    return join(this.#directory(namespace), ...key.split('/'));
  }

  #directory(namespace: string): string {
    if (namespace === 'layout') return this.#root;
    return join(this.#root, ...(BESIDE_BLOBS.includes(namespace) ? [] : ['metadata']), namespace);
  }
}

/** What is in the directory but could never have been set is not ours. */
function isKey(namespace: string, key: string): boolean {
  try {
    checkMetadataKey(namespace, key);
    return true;
  } catch (error) {
    if (isStowageError(error, 'INVALID_ARGUMENT')) return false;
    throw error;
  }
}
