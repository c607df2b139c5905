import { StowageError } from '@stowage/types';
import type { AbortOptions, Clock } from '@stowage/types';
import { storageClosed } from './failures.ts';
import type { FileSystem } from './file-system.ts';
import {
  failedWith,
  ifThere,
  inDirectory,
  isAbandoned,
  LOCK_PREFIX,
  readFile,
  removeIfThere,
  removeTree,
  statusIfThere,
  withFile,
  writeFully,
} from './files.ts';
import { isDead, parseHolder, thisHolder } from './lock-holder.ts';
import { LockQueue } from './lock-queue.ts';
import type { Unlock } from './lock-queue.ts';
import type { PathLock, PathLocks } from './path-locks.ts';
import { dirname, join } from './paths.ts';

// A lock that processes share is a directory with one file in it, named by the token of whoever holds the lock. It is
// made ready under another name and renamed into place, which fails while the directory holds a file: to take a lock is
// one step, and nobody ever sees half a lock. The holder touches its file every few seconds. A lock is broken by
// removing the file of the very holder that was found dead: whoever acts on old knowledge finds no file of that name,
// and the lock of a later holder is never hurt. (With one fixed file name, removing or renaming it could hit the lock
// that somebody else took in the meantime.)

/** How long a holder may stay silent before its lock is anybody's: milliseconds. */
const LEASE = 30_000;
const HEARTBEAT = 5_000;
/** A holder that was not heard of for so long looks whether it still holds its lock before it goes on. */
const DOUBT_AFTER = 2 * HEARTBEAT;
const FIRST_WAIT = 10;
const LONGEST_WAIT = 500;
const MAX_HOLDER_BYTES = 4096;
const MAX_ATTEMPTS = 8;

/** What a rename onto a lock that somebody holds fails with, or onto any directory on Windows. */
const OCCUPIED: readonly string[] = ['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES', 'ENOENT'];

/** The callers of this process wait here for each other, whichever storage they use, and need not poll. */
const queue = new LockQueue();

/** The locks that one storage takes. A lock is named by the path of its directory. */
export class FileLocks implements PathLocks {
  readonly #fs: FileSystem;
  readonly #clock: Clock;
  readonly #held = new Set<HeldLock>();
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  constructor(fs: FileSystem, clock: Clock) {
    this.#fs = fs;
    this.#clock = clock;
  }

  /** Waits for a lock. */
  async acquire(path: string, options: AbortOptions = {}): Promise<PathLock> {
    const unlock = await queue.acquire(path, options);
    try {
      for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
        options.signal?.throwIfAborted();
        const lock = await this.#attempt(path, unlock);
        if (lock !== undefined) return lock;
        await this.#clock.sleep(wait, options);
      }
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /** Takes a lock if nobody holds it. */
  async tryAcquire(path: string): Promise<PathLock | undefined> {
    const unlock = queue.tryAcquire(path);
    if (unlock === undefined) return undefined;
    let lock: PathLock | undefined;
    try {
      lock = await this.#attempt(path, unlock);
      return lock;
    } finally {
      if (lock === undefined) unlock();
    }
  }

  /** Removes what is left of locks in a directory, where that can be done: of those who died and nobody took over. */
  async sweep(directory: string): Promise<void> {
    const now = this.#clock.now();
    for (const { name } of (await ifThere(this.#fs.list(directory))) ?? []) {
      const path = join(directory, name);
      if (!(await isAbandoned(this.#fs, path, now))) continue;
      for (const { name: token } of (await ifThere(this.#fs.list(path))) ?? []) {
        // The holder touches its file, and not the directory.
        const file = join(path, token);
        if (await isAbandoned(this.#fs, file, now)) await this.#fs.remove(file).catch(() => undefined);
      }
      await this.#fs.removeDirectory(path).catch(() => undefined);
    }
  }

  /** Gives every lock back and takes no more. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#held].map((lock) => lock[Symbol.asyncDispose]()));
  }

  async #attempt(path: string, unlock: Unlock): Promise<PathLock | undefined> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (await this.#isHeld(path)) return undefined;
      const token = crypto.randomUUID();
      if (await this.#claim(path, token)) return this.#hold(path, token, unlock);
    }
    return undefined;
  }

  /** Whether somebody alive holds a lock. Removes what is left of those that are not. */
  async #isHeld(path: string): Promise<boolean> {
    for (const { name } of (await ifThere(this.#fs.list(path))) ?? []) {
      const file = join(path, name);
      if (!(await this.#isStale(file))) return true;
      await removeIfThere(this.#fs, file);
    }
    return false;
  }

  async #isStale(file: string): Promise<boolean> {
    const status = await statusIfThere(this.#fs, file);
    if (status === undefined || this.#clock.now() - status.changedAt > LEASE) return true;
    const bytes = await readFile(this.#fs, file, MAX_HOLDER_BYTES);
    const holder = bytes === undefined ? undefined : parseHolder(bytes);
    return holder !== undefined && isDead(holder);
  }

  async #claim(path: string, token: string): Promise<boolean> {
    const parent = dirname(path);
    const staging = join(parent, `${LOCK_PREFIX}${token}`);
    try {
      // No lock outlives the machine.
      const make = (): Promise<void> => this.#fs.makeDirectory(staging);
      await inDirectory(this.#fs, parent, make, { durable: false });
      await this.#writeHolder(join(staging, token), token);
      await this.#fs.rename(staging, path);
      return true;
    } catch (error) {
      await removeTree(this.#fs, staging).catch(() => undefined);
      if (!failedWith(error, ...OCCUPIED)) throw error;
    }
    // Windows cannot rename onto an empty directory, as a crash may leave one. Others' locks are not empty.
    await this.#fs.removeDirectory(path).catch(() => undefined);
    return false;
  }

  async #writeHolder(file: string, token: string): Promise<void> {
    const now = this.#clock.now();
    const holder = new TextEncoder().encode(JSON.stringify(thisHolder(token, now)));
    await withFile(await this.#fs.open(file, 'create'), async (open) => {
      await writeFully(open, holder, 0);
      await open.touch(now);
    });
  }

  async #hold(path: string, token: string, unlock: Unlock): Promise<PathLock> {
    const lock = new HeldLock(this.#fs, this.#clock, path, token, () => {
      this.#held.delete(lock);
      if (this.#held.size === 0) clearInterval(this.#heartbeat);
      unlock();
    });
    if (this.#closed) {
      await lock[Symbol.asyncDispose]();
      throw storageClosed();
    }
    if (this.#held.size === 0) this.#heartbeat = unrefed(setInterval(() => void this.#beat(), HEARTBEAT));
    this.#held.add(lock);
    return lock;
  }

  async #beat(): Promise<void> {
    // A beat that fails is made up for by the next one, or by the doubt that follows.
    await Promise.allSettled([...this.#held].map((lock) => lock.confirm({ always: true })));
  }
}

class HeldLock implements PathLock {
  readonly #fs: FileSystem;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #token: string;
  readonly #onRelease: () => void;
  #confirmedAt: number;
  #lost = false;
  #released: Promise<void> | undefined;

  constructor(fs: FileSystem, clock: Clock, path: string, token: string, onRelease: () => void) {
    this.#fs = fs;
    this.#clock = clock;
    this.#path = path;
    this.#token = token;
    this.#onRelease = onRelease;
    this.#confirmedAt = clock.now();
  }

  async confirm({ always = false }: { readonly always?: boolean } = {}): Promise<void> {
    const now = this.#clock.now();
    if (!this.#lost && (always || now - this.#confirmedAt > DOUBT_AFTER)) {
      const touched = await ifThere(this.#fs.touch(join(this.#path, this.#token), now).then(() => true));
      this.#lost = touched === undefined;
      this.#confirmedAt = now;
    }
    if (this.#lost) {
      throw new StowageError('UNAVAILABLE', 'the lock was taken over by somebody else', { retryable: true });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #release(): Promise<void> {
    try {
      await removeIfThere(this.#fs, join(this.#path, this.#token));
      await this.#fs.removeDirectory(this.#path);
    } catch {
      // Somebody has the lock already, or the file stays and the lease runs out: in either case it is not ours.
    } finally {
      this.#onRelease();
    }
  }
}

/** A timer that does not keep the process alive. */
function unrefed<T>(timer: T): T {
  (timer as { unref?: () => unknown }).unref?.();
  return timer;
}
