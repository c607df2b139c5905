import { createDigester } from '@stowage/core';
import { parseDigest, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  ContentInfo,
  Digest,
  DigestAlgorithm,
  Digester,
  Ingest,
  IngestOptions,
} from '@stowage/types';
import { checkExpectation, checkTruncation } from './checks.ts';
import { mergeLabels } from './labels.ts';
import type { Labels } from './labels.ts';
import type { SavedHash } from './saved-hash.ts';
import { TaskQueue } from './task-queue.ts';

/** What an ingest expects of its bytes, and the labels they get. */
export interface Expectation {
  readonly digest?: Digest | undefined;
  readonly size?: number | undefined;
  readonly labels: Labels;
}

/** What an ingest expected before, changed by what it is told now. */
export function mergeExpectations(before: Expectation, now: IngestOptions): Expectation {
  return {
    digest: now.digest ?? before.digest,
    size: now.size ?? before.size,
    labels: mergeLabels(before.labels, now.labels),
  };
}

/** Where a driver keeps the bytes of an ingest until they are published. One call at a time. */
export interface PartialContent {
  /** Bytes that are kept for good: what is left after a failure. */
  readonly kept: number;
  /** The hash that was saved when it was last closed, while the bytes that it has taken are still those. */
  readonly savedHash: SavedHash | undefined;
  /** Copies as many bytes as there is room for and tells how many. */
  take(bytes: Bytes): number;
  /** Makes room for more. When it fails, the bytes beyond `kept` are dropped. */
  makeRoom(): Promise<void>;
  /** Keeps everything that was taken. When it fails, the bytes beyond `kept` are dropped. */
  flush(): Promise<void>;
  /** Drops everything from `size` on. */
  truncate(size: number): Promise<void>;
  /** Gives the bytes from `start` to `end` to `onBytes` in order; they are valid during its call only. */
  replay(start: number, end: number, onBytes: (bytes: Bytes) => void, options: AbortOptions): Promise<void>;
  /** Publishes the flushed bytes as a verified blob and forgets the ingest. */
  publish(digest: Digest, size: number, labels: Labels, options: AbortOptions): Promise<ContentInfo>;
  /** Keeps what was taken, and its hash where there is one to be had, and frees everything else, also when it fails. */
  close(hash?: SavedHash): Promise<void>;
}

/** How an ingest is made. */
export interface VerifiedIngestInit {
  readonly partial: PartialContent;
  readonly expected: Expectation;
  /** Whether the hash is to be one that can be saved, even where the runtime has a faster one. */
  readonly resumableHash: boolean;
  /** Called once, when the ingest has let go of its partial. */
  readonly onClose: () => void;
}

const DONE = Promise.resolve();

/**
 * The part of an ingest that is the same for all drivers: order of calls, the running hash, verification. The hash
 * keeps up with the bytes as they come; it falls behind when an ingest is resumed, truncated or asked for another
 * algorithm, and then goes on from where it was saved, or catches up by reading what is kept.
 */
export class VerifiedIngest implements Ingest {
  readonly ref: string;
  readonly #partial: PartialContent;
  readonly #expected: Expectation;
  readonly #tasks = new TaskQueue();
  readonly #resumableHash: boolean;
  readonly #onClose: () => void;
  #open = true;
  #offset: number;
  #digester: Digester | undefined;
  /** How many bytes the digester has taken. */
  #hashed = 0;

  constructor(ref: string, { partial, expected, resumableHash, onClose }: VerifiedIngestInit) {
    this.ref = ref;
    this.#partial = partial;
    this.#expected = expected;
    this.#resumableHash = resumableHash;
    this.#onClose = onClose;
    this.#offset = partial.kept;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Bytes expected, where known. */
  get size(): number | undefined {
    return this.#expected.size;
  }

  write(bytes: Bytes, options: AbortOptions = {}): Promise<void> {
    // Most writes are small and find room: they cost no promise and no turn of the event loop.
    const ready =
      this.#tasks.idle && this.#open && this.#digester !== undefined && this.#hashed === this.#offset;
    if (!ready || options.signal?.aborted === true || this.#exceeds(bytes)) {
      return this.#tasks.run(() => this.#write(bytes, 0, options));
    }
    const taken = this.#take(bytes);
    return taken === bytes.byteLength ? DONE : this.#tasks.run(() => this.#write(bytes, taken, options));
  }

  truncate(size: number, options: AbortOptions = {}): Promise<void> {
    return this.#tasks.run(async () => {
      this.#check(options);
      checkTruncation(size, this.#offset);
      if (size === this.#offset) return;
      try {
        await this.#partial.truncate(size);
      } finally {
        this.#fallBack();
      }
    });
  }

  commit(options: IngestOptions = {}): Promise<ContentInfo> {
    return this.#tasks.run(async () => {
      this.#check(options);
      checkExpectation(options);
      const { digest, size, labels } = mergeExpectations(this.#expected, options);
      await this.#flush();
      if (size !== undefined && size !== this.#offset) {
        throw mismatch('SIZE_MISMATCH', 'size', this.#offset, size);
      }
      const found = await this.#digest(digest, options);
      if (digest !== undefined && digest !== found)
        throw mismatch('DIGEST_MISMATCH', 'digest', found, digest);
      const info = await this.#partial.publish(found, this.#offset, labels, options);
      this.#open = false;
      this.#onClose();
      return info;
    });
  }

  close(): Promise<void> {
    return this.#tasks.run(async () => {
      if (!this.#open) return;
      this.#open = false;
      try {
        await this.#partial.close(this.#saveHash());
      } finally {
        this.#offset = this.#partial.kept;
        this.#onClose();
      }
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #write(bytes: Bytes, from: number, options: AbortOptions): Promise<void> {
    this.#check(options);
    const rest = bytes.subarray(from);
    if (this.#exceeds(rest)) {
      throw mismatch('SIZE_MISMATCH', 'size', this.#offset + rest.byteLength, this.#expected.size);
    }
    await this.#catchUp(algorithmOf(this.#expected.digest), options);
    for (let at = this.#take(rest); at < rest.byteLength; at += this.#take(rest.subarray(at))) {
      try {
        await this.#partial.makeRoom();
      } catch (error) {
        this.#fallBack();
        throw error;
      }
    }
  }

  /** Takes and hashes what there is room for in one go, so that both see the same bytes whatever the caller does. */
  #take(bytes: Bytes): number {
    const taken = this.#partial.take(bytes);
    this.#digester?.update(taken === bytes.byteLength ? bytes : bytes.subarray(0, taken));
    this.#offset += taken;
    this.#hashed += taken;
    return taken;
  }

  #exceeds(bytes: Bytes): boolean {
    const { size } = this.#expected;
    return size !== undefined && this.#offset + bytes.byteLength > size;
  }

  #check({ signal }: AbortOptions): void {
    if (!this.#open)
      throw new StowageError('UNAVAILABLE', `the ingest ${JSON.stringify(this.ref)} is closed`);
    signal?.throwIfAborted();
  }

  async #flush(): Promise<void> {
    try {
      await this.#partial.flush();
    } finally {
      this.#fallBack();
    }
  }

  /** After bytes were dropped: goes on from those that are kept. */
  #fallBack(): void {
    this.#offset = this.#partial.kept;
    if (this.#hashed > this.#offset) this.#digester = undefined;
  }

  async #digest(expected: Digest | undefined, options: AbortOptions): Promise<Digest> {
    await this.#catchUp(algorithmOf(expected), options);
    const found = (this.#digester as Digester).digest();
    this.#digester = undefined;
    return found;
  }

  async #catchUp(algorithm: DigestAlgorithm, options: AbortOptions): Promise<void> {
    let digester = this.#digester;
    if (digester?.algorithm !== algorithm) {
      digester = await createDigester(algorithm, { resumable: this.#resumableHash });
      this.#hashed = this.#restoreHash(digester);
      this.#digester = digester;
    }
    if (this.#hashed === this.#offset) return;
    const end = this.#offset;
    const onBytes = (bytes: Bytes): void => {
      digester.update(bytes);
      this.#hashed += bytes.byteLength;
    };
    await this.#partial.replay(this.#hashed, end, onBytes, options);
  }

  #saveHash(): SavedHash | undefined {
    const digester = this.#digester;
    if (digester?.save === undefined) return undefined;
    return { algorithm: digester.algorithm, size: this.#hashed, state: digester.save() };
  }

  /** Goes on from the hash that was saved, where there is one for these bytes; answers how many it has taken. */
  #restoreHash(digester: Digester): number {
    const saved = this.#partial.savedHash;
    if (saved?.algorithm !== digester.algorithm || saved.size > this.#offset) return 0;
    if (digester.restore === undefined) return 0;
    try {
      digester.restore(saved.state);
      return saved.size;
    } catch {
      // A state of another version. Reading what is there does as well.
      return 0;
    }
  }
}

/** The algorithm to hash with; sha256 where nothing says otherwise. */
function algorithmOf(digest: Digest | undefined): DigestAlgorithm {
  return digest === undefined ? 'sha256' : parseDigest(digest).algorithm;
}

function mismatch(
  code: 'SIZE_MISMATCH' | 'DIGEST_MISMATCH',
  what: string,
  found: string | number,
  expected: string | number | undefined,
): StowageError {
  return new StowageError(code, `unexpected commit ${what} ${found}, expected ${expected ?? 'none'}`);
}
