import { StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, Clock, ContentInfo, Digest } from '@stowage/types';
import { BUFFER_SIZE, giveBuffer, takeBuffer } from './buffer-pool.ts';
import type { OpenFile } from './file-system.ts';
import { writeFully } from './files.ts';
import type { OpenedIngest } from './ingest-directory.ts';
import type { Labels } from './labels.ts';
import type { PathLock } from './path-locks.ts';
import type { SavedHash } from './saved-hash.ts';
import type { PartialContent } from './verified-ingest.ts';

/** What a {@link FilePartial} works with. */
export interface FilePartialDeps {
  readonly clock: Clock;
  /** The lock of the ingest. */
  readonly lock: PathLock;
  readonly file: OpenFile;
  /** Moves the file among the blobs. */
  publish(digest: Digest, size: number, labels: Labels, options: AbortOptions): Promise<ContentInfo>;
  /** Makes the ref and the state of the ingest durable, and the hash of its bytes where there is one. */
  persist(hash: SavedHash | undefined): Promise<void>;
  /** Removes the saved hash, for good. */
  forgetHash(): Promise<void>;
  /** Removes what is left of the ingest and gives its lock back. */
  discard(): Promise<void>;
}

/** How much is gathered before it is written, while nothing is being written: what a process that is killed loses. */
const WORTH_WRITING = 32 * 1024;

/**
 * An ingest's bytes in a file. They are gathered in a buffer and written as soon as that is worth it; while they are
 * being written, more are gathered in the next buffer. So hashing and writing overlap, a fast source makes large writes,
 * and a slow one loses little when the process is killed.
 */
export class FilePartial implements PartialContent {
  readonly #deps: FilePartialDeps;
  #kept: number;
  #buffer: Bytes | undefined;
  #filled = 0;
  /** The write under way, or the one that failed: what it fails with is thrown by whatever waits for it next. */
  #writing: Promise<void> | undefined;
  #updatedAt: number;
  #savedHash: SavedHash | undefined;
  /** Whether there is anything that is not durable yet. */
  #changed: boolean;

  constructor(
    deps: FilePartialDeps,
    found: Pick<OpenedIngest, 'begun' | 'size' | 'updatedAt' | 'savedHash'>,
  ) {
    this.#deps = deps;
    this.#kept = found.size;
    this.#updatedAt = found.updatedAt;
    this.#savedHash = found.savedHash;
    this.#changed = !found.begun;
  }

  get kept(): number {
    return this.#kept;
  }

  get savedHash(): SavedHash | undefined {
    return this.#savedHash;
  }

  /** Milliseconds since the epoch. */
  get updatedAt(): number {
    return this.#updatedAt;
  }

  take(bytes: Bytes): number {
    this.#buffer ??= takeBuffer();
    const room = BUFFER_SIZE - this.#filled;
    const piece = bytes.byteLength > room ? bytes.subarray(0, room) : bytes;
    this.#buffer.set(piece, this.#filled);
    this.#filled += piece.byteLength;
    this.#touch();
    this.#writeIfWorthIt();
    return piece.byteLength;
  }

  async makeRoom(): Promise<void> {
    if (this.#filled < BUFFER_SIZE) return;
    await this.#settle();
    this.#beginWrite();
  }

  async flush(): Promise<void> {
    await this.#settle();
    this.#beginWrite();
    await this.#settle();
  }

  async truncate(size: number): Promise<void> {
    // Where the disk is full, dropping the very bytes that it refused must go well.
    try {
      await this.#settle();
    } catch (error) {
      if (size > this.#kept) throw error;
    }
    if (size > this.#kept) await this.flush();
    this.#filled = 0;
    await this.#deps.lock.confirm();
    if (this.#savedHash !== undefined && size < this.#savedHash.size) {
      // Before other bytes can take the place of those that it has taken.
      await this.#deps.forgetHash();
      this.#savedHash = undefined;
    }
    await this.#deps.file.truncate(size);
    this.#kept = size;
    this.#touch();
  }

  async replay(
    start: number,
    end: number,
    onBytes: (bytes: Bytes) => void,
    { signal }: AbortOptions,
  ): Promise<void> {
    const buffer = takeBuffer();
    try {
      for (let at = start; at < end;) {
        signal?.throwIfAborted();
        const count = await this.#deps.file.read(buffer.subarray(0, Math.min(BUFFER_SIZE, end - at)), at);
        if (count === 0)
          throw new StowageError('DATA_LOSS', `a partial download ends at ${at}, not at ${end}`);
        onBytes(buffer.subarray(0, count));
        at += count;
      }
    } finally {
      giveBuffer(buffer);
    }
  }

  async publish(digest: Digest, size: number, labels: Labels, options: AbortOptions): Promise<ContentInfo> {
    await this.#deps.file.sync();
    await this.#deps.lock.confirm({ always: true });
    const info = await this.#deps.publish(digest, size, labels, options);
    // The blob is there, whatever becomes of what is left of the ingest: the next one of its ref tidies up.
    await this.#free().catch(() => undefined);
    await this.#deps.discard().catch(() => undefined);
    return info;
  }

  async close(hash?: SavedHash): Promise<void> {
    const { file, lock } = this.#deps;
    try {
      await this.flush();
      if (this.#changed) {
        await lock.confirm({ always: true });
        await file.sync();
        await file.touch(this.#updatedAt);
        await this.#deps.persist(hash);
      }
    } finally {
      try {
        await this.#free();
      } finally {
        await lock[Symbol.asyncDispose]();
      }
    }
  }

  #writeIfWorthIt(): void {
    const worth = Math.min(this.#deps.file.writeSize ?? WORTH_WRITING, BUFFER_SIZE);
    if (this.#writing === undefined && this.#filled >= worth) this.#beginWrite();
  }

  #beginWrite(): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    const write = this.#write(buffer, this.#filled).finally(() => {
      giveBuffer(buffer);
    });
    this.#buffer = undefined;
    this.#filled = 0;
    this.#writing = write;
    const goOn = (): void => {
      if (this.#writing !== write) return;
      this.#writing = undefined;
      this.#writeIfWorthIt();
    };
    write.then(goOn, () => undefined);
  }

  async #write(buffer: Bytes, size: number): Promise<void> {
    await this.#deps.lock.confirm();
    await writeFully(this.#deps.file, buffer.subarray(0, size), this.#kept, (count) => {
      this.#kept += count;
    });
  }

  /** Waits for the write under way. Bytes that follow bytes that were not written are dropped. */
  async #settle(): Promise<void> {
    const writing = this.#writing;
    this.#writing = undefined;
    try {
      await writing;
    } catch (error) {
      this.#filled = 0;
      throw error;
    }
  }

  #touch(): void {
    this.#updatedAt = this.#deps.clock.now();
    this.#changed = true;
  }

  async #free(): Promise<void> {
    if (this.#buffer !== undefined) giveBuffer(this.#buffer);
    this.#buffer = undefined;
    await this.#deps.file.close();
  }
}
