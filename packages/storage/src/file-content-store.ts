import { digestKey, isStowageError } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  ByteStream,
  ChangeOptions,
  Clock,
  ContentInfo,
  ContentStore,
  Digest,
  Ingest,
  IngestOptions,
  IngestStatus,
  RangeOptions,
  ReadOptions,
} from '@stowage/types';
import { checkExpectation, checkRef } from './checks.ts';
import { contentExists, contentNotFound, refLocked, storageClosed } from './failures.ts';
import { FileBlobs } from './file-blobs.ts';
import { FileLabels } from './file-labels.ts';
import { FilePartial } from './file-partial.ts';
import type { FileSystem } from './file-system.ts';
import { isAbandoned } from './files.ts';
import { ingestDirectories, ingestDirectory } from './ingest-directory.ts';
import type { IngestDirectory } from './ingest-directory.ts';
import { mergeLabels } from './labels.ts';
import type { Labels } from './labels.ts';
import type { SavedHash } from './saved-hash.ts';
import type { PathLock, PathLocks } from './path-locks.ts';
import { join } from './paths.ts';
import { VerifiedIngest } from './verified-ingest.ts';

/** What a {@link FileContentStore} works with. */
export interface FileContentStoreDeps {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly locks: PathLocks;
  readonly root: string;
  /** As in `StorageOptions`. */
  readonly resumableHash?: boolean | undefined;
}

interface OpenIngest {
  readonly ingest: VerifiedIngest;
  readonly partial: FilePartial;
}

/** Blobs in files, named by their digests. */
export class FileContentStore implements ContentStore {
  readonly #deps: FileContentStoreDeps;
  readonly #blobs: FileBlobs;
  readonly #labels: FileLabels;
  /** The ingests that are open here, by ref. */
  readonly #open = new Map<string, OpenIngest>();
  /** Changes under way, which closing waits for. */
  readonly #changes = new Set<Promise<unknown>>();
  #closed = false;

  constructor(deps: FileContentStoreDeps) {
    this.#deps = deps;
    this.#blobs = new FileBlobs(deps.fs, deps.root);
    this.#labels = new FileLabels(deps.fs, deps.root);
  }

  async info(digest: Digest, { signal }: AbortOptions = {}): Promise<ContentInfo> {
    signal?.throwIfAborted();
    const info = await this.#info(digest);
    signal?.throwIfAborted();
    if (info === undefined) throw contentNotFound(digest);
    return info;
  }

  async open(digest: Digest, options: RangeOptions = {}): Promise<ByteStream> {
    options.signal?.throwIfAborted();
    return this.#blobs.open(digest, options);
  }

  async read(digest: Digest, options: ReadOptions): Promise<Bytes> {
    options.signal?.throwIfAborted();
    return this.#blobs.read(digest, options);
  }

  async ingest(ref: string, options: IngestOptions = {}): Promise<Ingest> {
    options.signal?.throwIfAborted();
    if (this.#closed) throw storageClosed();
    checkRef(ref);
    checkExpectation(options);
    const { digest } = options;
    if (digest !== undefined && (await this.#blobs.size(digest)) !== undefined) {
      await this.#forget(ref);
      throw contentExists(digest);
    }
    const directory = await ingestDirectory(this.#deps.fs, this.#deps.root, ref);
    const lock = await this.#lockIngest(directory);
    try {
      options.signal?.throwIfAborted();
      // Whoever had the ref until now may have committed it.
      if (digest !== undefined && (await this.#blobs.size(digest)) !== undefined) {
        await directory.discard(lock);
        throw contentExists(digest);
      }
      return await this.#openIngest(directory, lock, options);
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  }

  async *ingests({ signal }: AbortOptions = {}): AsyncGenerator<IngestStatus, void, undefined> {
    signal?.throwIfAborted();
    const { fs, root } = this.#deps;
    for await (const directory of ingestDirectories(fs, root, (rest) => this.#sweepRest(rest))) {
      signal?.throwIfAborted();
      const open = this.#open.get(directory.ref);
      if (open === undefined) {
        yield await directory.status();
        continue;
      }
      const { ref, offset, size } = open.ingest;
      yield { ref, offset, ...(size === undefined ? {} : { size }), updatedAt: open.partial.updatedAt };
    }
  }

  async abort(ref: string, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    checkRef(ref);
    const directory = await ingestDirectory(this.#deps.fs, this.#deps.root, ref);
    if (!(await directory.exists())) return;
    await directory.discard(await this.#lockIngest(directory));
  }

  async update(digest: Digest, labels: Labels, options: AbortOptions = {}): Promise<ContentInfo> {
    options.signal?.throwIfAborted();
    return this.#exclusively(digest, options, async () => {
      const info = await this.#info(digest);
      if (info === undefined) throw contentNotFound(digest);
      return this.#relabel(info, labels);
    });
  }

  async delete(digest: Digest, options: ChangeOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    if (this.#closed) throw storageClosed();
    // Most blobs have no labels, and then there is nothing that two could do to each other.
    if (!(await this.#labels.exist(digest))) return this.#change(this.#blobs.remove(digest, options));
    await this.#exclusively(digest, options, async () => {
      await this.#blobs.remove(digest, options);
      await this.#labels.remove(digest, options);
    });
  }

  async *walk({ signal }: AbortOptions = {}): AsyncGenerator<ContentInfo, void, undefined> {
    signal?.throwIfAborted();
    for (const algorithm of await this.#blobs.algorithms()) {
      await this.#labels.sweep(algorithm, this.#deps.clock.now());
      for (const digest of await this.#blobs.digests(algorithm)) {
        signal?.throwIfAborted();
        const info = await this.#info(digest);
        if (info !== undefined) yield info;
      }
    }
  }

  /** Closes every open ingest and changes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#changes);
    const closings = [...this.#open.values()].map(({ ingest }) => ingest.close());
    // All of them end before the first failure is told, for their locks go next.
    await Promise.allSettled(closings);
    await Promise.all(closings);
  }

  async #info(digest: Digest): Promise<ContentInfo | undefined> {
    const size = await this.#blobs.size(digest);
    return size === undefined ? undefined : { digest, size, labels: await this.#labels.read(digest) };
  }

  /** Changes to one blob, one at a time in all processes: its labels are read, changed and written back. */
  async #exclusively<T>(digest: Digest, options: AbortOptions, run: () => Promise<T>): Promise<T> {
    const name = `.blob-${digestKey(digest).replace('/', '-')}`;
    return this.#change(this.#locked(join(this.#deps.root, 'metadata', 'locks', name), options, run));
  }

  /** Lets the end of the store wait for a change. */
  async #change<T>(change: Promise<T>): Promise<T> {
    this.#changes.add(change);
    try {
      return await change;
    } finally {
      this.#changes.delete(change);
    }
  }

  async #locked<T>(path: string, options: AbortOptions, run: () => Promise<T>): Promise<T> {
    const lock = await this.#deps.locks.acquire(path, options);
    try {
      return await run();
    } finally {
      await lock[Symbol.asyncDispose]();
    }
  }

  async #relabel(info: ContentInfo, changes: Labels): Promise<ContentInfo> {
    if (Object.keys(changes).length === 0) return info;
    const labels = mergeLabels(info.labels, changes);
    await this.#labels.write(info.digest, labels);
    return { ...info, labels };
  }

  async #lockIngest(directory: IngestDirectory): Promise<PathLock> {
    const lock = await this.#deps.locks.tryAcquire(directory.lockPath);
    if (lock === undefined) throw refLocked(directory.ref);
    return lock;
  }

  async #openIngest(directory: IngestDirectory, lock: PathLock, options: IngestOptions): Promise<Ingest> {
    const { clock } = this.#deps;
    const { ref } = directory;
    const opened = await directory.open(options, clock.now());
    const deps = {
      clock,
      lock,
      file: opened.file,
      publish: (digest: Digest, length: number, labels: Labels, abort: AbortOptions) =>
        this.#publish(directory.dataPath, { digest, size: length, labels }, abort),
      persist: (hash: SavedHash | undefined) => directory.persist(hash),
      forgetHash: () => directory.forgetHash(),
      discard: () => directory.discard(lock),
    };
    const partial = new FilePartial(deps, opened);
    const ingest = new VerifiedIngest(ref, {
      partial,
      expected: opened.expected,
      resumableHash: this.#deps.resumableHash ?? false,
      onClose: () => {
        // Once the lock is free, the next ingest of this ref may be open before this one is forgotten.
        if (this.#open.get(ref)?.ingest === ingest) this.#open.delete(ref);
      },
    });
    this.#open.set(ref, { ingest, partial });
    if (this.#closed) {
      await ingest.close();
      throw storageClosed();
    }
    return ingest;
  }

  async #publish(data: string, blob: ContentInfo, options: AbortOptions): Promise<ContentInfo> {
    const { digest, size, labels } = blob;
    // Without labels to write or to clear away there is nothing that two could do to each other.
    const simple = Object.keys(labels).length === 0 && !(await this.#labels.exist(digest));
    const publish = async (): Promise<ContentInfo> => {
      await this.#blobs.publish(data, digest, size);
      return blob;
    };
    if (simple) return publish();
    return this.#exclusively(digest, options, async () => {
      const there = await this.#info(digest);
      if (there?.size === size) return this.#relabel(there, labels);
      // Labels first, so that the blob appears with them. What a blob of the past left behind goes.
      await this.#labels.write(digest, labels);
      return publish();
    });
  }

  /** Removes what is left of an ingest, where that can be done. */
  async #sweepRest(rest: IngestDirectory): Promise<void> {
    const { fs, clock, locks } = this.#deps;
    if (!(await isAbandoned(fs, rest.path, clock.now()))) return;
    try {
      const lock = await locks.tryAcquire(rest.lockPath);
      if (lock !== undefined) await rest.discard(lock);
    } catch {
      // It takes up no room to speak of, and the next listing tries again.
    }
  }

  /** Throws a partial away that nobody needs, unless somebody is at it. */
  async #forget(ref: string): Promise<void> {
    try {
      await this.abort(ref);
    } catch (error) {
      if (!isStowageError(error, 'UNAVAILABLE')) throw error;
    }
  }
}
