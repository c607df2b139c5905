import { digestBytes } from '@stowage/core';
import { isDigest, isStowageError, parseDigest } from '@stowage/types';
import type { IngestOptions, IngestStatus } from '@stowage/types';
import type { FileSystem, OpenFile } from './file-system.ts';
import {
  ifThere,
  isLockInTheMaking,
  readFile,
  removeIfThere,
  removeTree,
  replaceFile,
  statusIfThere,
  withFile,
} from './files.ts';
import { mergeLabels } from './labels.ts';
import type { PathLock } from './path-locks.ts';
import { dirname, join } from './paths.ts';
import { formatSavedHash, MAX_SAVED_HASH_BYTES, parseSavedHash } from './saved-hash.ts';
import type { SavedHash } from './saved-hash.ts';
import { mergeExpectations } from './verified-ingest.ts';
import type { Expectation } from './verified-ingest.ts';

const LOCK = 'lock';
const HASH = 'hash';
const KEY = /^[0-9a-f]{64}$/;
/** 1024 characters, each of at most three bytes. */
const MAX_REF_BYTES = 3072;
/** Above what the limit of labels comes to in JSON. */
const MAX_STATE_BYTES = 8 * 1024 * 1024;

/** What is on disk of an ingest that was opened. */
export interface OpenedIngest {
  readonly file: OpenFile;
  readonly expected: Expectation;
  /** Whether somebody began it before. */
  readonly begun: boolean;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly updatedAt: number;
  /** The hash that was saved with the bytes, or with the first of them. */
  readonly savedHash: SavedHash | undefined;
}

/** Finds the directory of an ingest, whether or not it is there. */
export async function ingestDirectory(fs: FileSystem, root: string, ref: string): Promise<IngestDirectory> {
  return new IngestDirectory(fs, join(root, 'ingest', await keyOf(ref)), ref);
}

/**
 * The directories of all ingests that have begun. Told of those that are no ingest: what is left of one that died
 * before it had begun, or while it was being removed.
 */
export async function* ingestDirectories(
  fs: FileSystem,
  root: string,
  onRest: (rest: IngestDirectory) => Promise<void>,
): AsyncGenerator<IngestDirectory, void, undefined> {
  for (const { name } of (await ifThere(fs.list(join(root, 'ingest')))) ?? []) {
    if (!KEY.test(name)) continue;
    const path = join(root, 'ingest', name);
    const ref = await readRef(fs, path);
    const directory = new IngestDirectory(fs, path, ref ?? '');
    if (ref !== undefined && (await keyOf(ref)) === name) yield directory;
    else await onRest(directory);
  }
}

/** `ingest/<sha256 of the ref>`: the ref, the bytes so far, their running hash, what they should become, and the lock. */
export class IngestDirectory {
  readonly ref: string;
  readonly path: string;
  readonly #fs: FileSystem;

  constructor(fs: FileSystem, path: string, ref: string) {
    this.#fs = fs;
    this.path = path;
    this.ref = ref;
  }

  get lockPath(): string {
    return join(this.path, LOCK);
  }

  get dataPath(): string {
    return join(this.path, 'data');
  }

  async exists(): Promise<boolean> {
    return (await statusIfThere(this.#fs, this.path)) !== undefined;
  }

  /** Opens what is there, or begins. The caller holds the lock. */
  async open(options: IngestOptions, now: number): Promise<OpenedIngest> {
    // The ref is written last and removed last: without it, whatever else is there is a leftover.
    const begun = (await readRef(this.#fs, this.path)) === this.ref;
    if (!begun) await this.#clear();
    const expected = await this.#expect(options, now);
    if (!begun) await this.#write('ref', this.ref);
    const file = await this.#fs.open(this.dataPath, 'update');
    try {
      const { size, changedAt } = await file.status();
      const savedHash = begun ? await this.#readHash() : undefined;
      return { file, expected, begun, size, updatedAt: begun ? changedAt : now, savedHash };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** What a listing tells. */
  async status(): Promise<IngestStatus> {
    const data = await statusIfThere(this.#fs, this.dataPath);
    const { expected, startedAt } = await this.#readState();
    return {
      ref: this.ref,
      offset: data?.size ?? 0,
      ...(expected.size === undefined ? {} : { size: expected.size }),
      updatedAt: data?.changedAt ?? startedAt ?? 0,
    };
  }

  /**
   * Makes durable what says whose bytes these are. While an ingest is open it need not be: losing it with the machine
   * means to begin anew, and most ingests are committed before that could matter.
   */
  async persist(hash: SavedHash | undefined): Promise<void> {
    if (hash !== undefined) await this.#write(HASH, formatSavedHash(hash));
    for (const name of ['ref', 'state', ...(hash === undefined ? [] : [HASH])]) {
      await withFile(await this.#fs.open(join(this.path, name), 'update'), (file) => file.sync());
    }
    await this.#fs.syncDirectory(this.path);
    await this.#fs.syncDirectory(dirname(this.path));
  }

  /** Removes the saved hash, durably: bytes that it knows nothing of are about to come. */
  async forgetHash(): Promise<void> {
    await removeIfThere(this.#fs, join(this.path, HASH));
    await this.#fs.syncDirectory(this.path);
  }

  async #readHash(): Promise<SavedHash | undefined> {
    try {
      const bytes = await readFile(this.#fs, join(this.path, HASH), MAX_SAVED_HASH_BYTES);
      return bytes === undefined ? undefined : parseSavedHash(new TextDecoder().decode(bytes));
    } catch (error) {
      // None of ours: reading the bytes does as well.
      if (isStowageError(error, 'LIMIT_EXCEEDED')) return undefined;
      throw error;
    }
  }

  /** Removes everything but the lock, the ref last. The caller holds the lock. */
  async #clear(): Promise<void> {
    const entries = (await ifThere(this.#fs.list(this.path))) ?? [];
    for (const { name, directory } of entries) {
      if (name === LOCK || name === 'ref') continue;
      const path = join(this.path, name);
      // A lock that somebody who waits makes ready is theirs: where it cannot be removed, it is left to them.
      if (isLockInTheMaking(name)) await removeTree(this.#fs, path).catch(() => undefined);
      else if (directory) await removeTree(this.#fs, path);
      else await removeIfThere(this.#fs, path);
    }
    if (entries.some(({ name }) => name === 'ref')) await removeIfThere(this.#fs, join(this.path, 'ref'));
  }

  /** Removes the ingest and gives its lock back. */
  async discard(lock: PathLock): Promise<void> {
    try {
      await lock.confirm();
      await this.#clear();
    } finally {
      await lock[Symbol.asyncDispose]();
    }
    // It stays where somebody else was waiting for it.
    await this.#fs.removeDirectory(this.path).catch(() => undefined);
  }

  async #readState(): Promise<{ readonly expected: Expectation; readonly startedAt: number | undefined }> {
    const bytes = await readFile(this.#fs, join(this.path, 'state'), MAX_STATE_BYTES);
    try {
      return parseState(JSON.parse(bytes === undefined ? '{}' : new TextDecoder().decode(bytes)));
    } catch {
      // It only says what to expect, and whoever resumes says so again.
      return { expected: { labels: {} }, startedAt: undefined };
    }
  }

  /** Merges what is expected now into what was expected before, and keeps it where it changed. */
  async #expect(options: IngestOptions, now: number): Promise<Expectation> {
    const { expected: before, startedAt } = await this.#readState();
    const expected = mergeExpectations(before, options);
    if (startedAt === undefined || JSON.stringify(expected) !== JSON.stringify(before)) {
      const state = JSON.stringify({ ...expected, startedAt: startedAt ?? now });
      await this.#write('state', state);
    }
    return expected;
  }

  async #write(name: string, content: string): Promise<void> {
    const bytes = new TextEncoder().encode(content);
    await replaceFile(this.#fs, join(this.path, name), bytes, { durable: false });
  }
}

function parseState(state: unknown): {
  readonly expected: Expectation;
  readonly startedAt: number | undefined;
} {
  const { digest, size, labels, startedAt } = state as Readonly<Record<string, unknown>>;
  return {
    expected: {
      digest: typeof digest === 'string' && isDigest(digest) ? digest : undefined,
      size: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : undefined,
      labels: mergeLabels({}, (labels ?? {}) as Readonly<Record<string, string>>),
    },
    startedAt: typeof startedAt === 'number' ? startedAt : undefined,
  };
}

async function readRef(fs: FileSystem, path: string): Promise<string | undefined> {
  const bytes = await readFile(fs, join(path, 'ref'), MAX_REF_BYTES);
  return bytes === undefined ? undefined : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

async function keyOf(ref: string): Promise<string> {
  return parseDigest(await digestBytes(new TextEncoder().encode(ref))).encoded;
}
