import { ifThere } from './files.ts';
import type { OpfsDirectories } from './opfs-directories.ts';
import { guarded, opfsFailure } from './opfs-failures.ts';
import type { LockManager, OpfsSnapshot } from './opfs-handles.ts';
import type { HeldFile } from './opfs-read-file.ts';
import { basename, dirname, join } from './paths.ts';
import { takeLock } from './web-locks.ts';
import type { WebLock } from './web-locks.ts';

// A blob may be removed while somebody reads it, and is then read on to its end. Other file systems do that by
// themselves. Here, whoever reads a blob shares a lock with all others who do, in any page; whoever removes it while
// that lock is not free moves it aside, where the readers find it again, and the last of them removes it.

const ASIDE = '.removed';

/** Removes blobs beside their readers. */
export class OpfsRemovedBlobs {
  readonly #directories: OpfsDirectories;
  readonly #locks: LockManager;
  readonly #root: string;

  constructor(directories: OpfsDirectories, locks: LockManager, root: string) {
    this.#directories = directories;
    this.#locks = locks;
    this.#root = root;
  }

  /** Whether a path is that of a blob. */
  isBlob(path: string): boolean {
    return path.startsWith(join(this.#root, 'blobs', ''));
  }

  /** Holds a blob for reading. */
  async hold(path: string): Promise<HeldFile> {
    const lock = (await takeLock(this.#locks, nameOf(path), { mode: 'shared' })) as WebLock;
    return {
      find: () => this.#find(path),
      release: async () => {
        lock.release();
        await lock.ended;
        await this.#drop(path);
      },
    };
  }

  /** Removes a blob, or moves it aside for those who read it. */
  async remove(path: string): Promise<void> {
    const directory = await this.#directories.get(dirname(path));
    const removed = await this.#ifUnread(path, () => directory.removeEntry(basename(path)));
    if (removed) return;
    const blob = await directory.getFileHandle(basename(path));
    const aside = this.#asideOf(path);
    await blob.move(await this.#directories.make(dirname(aside)), basename(aside));
  }

  /** Removes what those left aside who died while they read. */
  async sweep(): Promise<void> {
    const aside = join(this.#root, ASIDE);
    const names: string[] = [];
    await ifThere(
      guarded(aside, async () => {
        for await (const [name] of (await this.#directories.get(aside)).entries()) names.push(name);
      }),
    );
    for (const name of names) await this.#drop(join(this.#root, 'blobs', ...name.split('-')));
  }

  async #find(path: string): Promise<OpfsSnapshot> {
    for (const place of [this.#asideOf(path), path]) {
      const found = await ifThere(
        guarded(place, async () => {
          const directory = await this.#directories.get(dirname(place));
          return (await directory.getFileHandle(basename(place))).getFile();
        }),
      );
      if (found !== undefined) return found;
    }
    throw opfsFailure('ENOENT', path);
  }

  /** Removes what was put aside of a blob, unless somebody reads it. */
  async #drop(path: string): Promise<void> {
    const aside = this.#asideOf(path);
    await this.#ifUnread(path, async () => {
      await ifThere(
        guarded(aside, async () =>
          (await this.#directories.get(dirname(aside))).removeEntry(basename(aside)),
        ),
      );
    });
  }

  #asideOf(path: string): string {
    return join(this.#root, ASIDE, `${basename(dirname(path))}-${basename(path)}`);
  }

  async #ifUnread(path: string, run: () => Promise<void>): Promise<boolean> {
    return this.#locks.request(nameOf(path), { ifAvailable: true }, async (lock) => {
      if (lock !== null) await run();
      return lock !== null;
    });
  }
}

function nameOf(path: string): string {
  return `stowage-read:${path}`;
}
