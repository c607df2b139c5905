import { guarded } from './opfs-failures.ts';
import type { OpfsDirectoryHandle } from './opfs-handles.ts';
import { basename, dirname, join } from './paths.ts';

/** The directories of the origin private file system by path. What was found once need not be looked for again. */
export class OpfsDirectories {
  readonly #found = new Map<string, OpfsDirectoryHandle>();
  readonly #root: OpfsDirectoryHandle;

  constructor(root: OpfsDirectoryHandle) {
    this.#root = root;
  }

  /** `ENOENT`, `ENOTDIR`. One that others removed is known until it is used. */
  async get(path: string): Promise<OpfsDirectoryHandle> {
    if (path === '/') return this.#root;
    const found = this.#found.get(path);
    if (found !== undefined) return found;
    const parent = await this.get(dirname(path));
    const directory = await guarded(path, () => parent.getDirectoryHandle(basename(path)), 'ENOTDIR');
    this.#found.set(path, directory);
    return directory;
  }

  /** Makes a directory where there is none. */
  async make(path: string): Promise<OpfsDirectoryHandle> {
    const parent = await this.get(dirname(path));
    const directory = await guarded(
      path,
      () => parent.getDirectoryHandle(basename(path), { create: true }),
      'EEXIST',
    );
    this.#found.set(path, directory);
    return directory;
  }

  /** Forgets a directory that is removed, with everything in it. */
  forget(path: string): void {
    this.#found.delete(path);
    for (const known of this.#found.keys()) if (known.startsWith(join(path, ''))) this.#found.delete(known);
  }
}
