import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';

/** Something in a directory, in words that compare. */
export interface ListedFile {
  readonly type: string;
  readonly mode?: number;
  readonly owner: string;
  /** Seconds. */
  readonly mtime: number;
  readonly size?: number;
  readonly sha256?: string;
  /** Where a symbolic link points, in hex. */
  readonly target?: string;
  /** All names of a file that has several, in hex. */
  readonly names?: readonly string[];
  readonly device?: number;
}

/** All that is in a directory, by path in hex; the directory itself is the empty path. */
export function listDirectory(root: string): Map<string, ListedFile> {
  const stats = new Map<string, Stats>();
  const inodes = new Map<number, string[]>();
  const walk = (path: Buffer): void => {
    const at = Buffer.concat([Buffer.from(`${root}/`), path]);
    const status = lstatSync(at);
    const name = path.toString('hex');
    stats.set(name, status);
    if (status.isFile()) inodes.set(status.ino, [...(inodes.get(status.ino) ?? []), name]);
    if (!status.isDirectory()) return;
    for (const child of readdirSync(at, { encoding: 'buffer' })) {
      walk(path.length === 0 ? child : Buffer.concat([path, Buffer.from('/'), child]));
    }
  };
  walk(Buffer.alloc(0));
  const listed = [...stats].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(
    listed.map(([name, status]) => {
      const path = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name, 'hex')]);
      return [name, describeFile(path, status, inodes.get(status.ino) ?? [])];
    }),
  );
}

function describeFile(path: Buffer, status: Stats, names: readonly string[]): ListedFile {
  const { mode, uid, gid, mtimeMs, rdev } = status;
  const known = {
    type: typeOf(status),
    mode: mode & 0o7777,
    owner: `${String(uid)}:${String(gid)}`,
    mtime: Math.floor(mtimeMs / 1000),
  };
  if (status.isFile()) {
    const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
    const all = names.length > 1 ? { names: [...names].sort() } : {};
    return { ...known, size: status.size, sha256, ...all };
  }
  if (status.isSymbolicLink())
    return { ...known, target: readlinkSync(path, { encoding: 'buffer' }).toString('hex') };
  return status.isDirectory() ? known : { ...known, device: rdev };
}

function typeOf(status: Stats): string {
  if (status.isFile()) return 'file';
  if (status.isDirectory()) return 'dir';
  if (status.isSymbolicLink()) return 'symlink';
  if (status.isFIFO()) return 'fifo';
  return status.isBlockDevice() ? 'block' : 'char';
}
