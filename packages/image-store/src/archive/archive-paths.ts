import { isDigest, StowageError } from '@stowage/types';
import type { Digest } from '@stowage/types';

const BLOB = /^blobs\/([a-z0-9]+)\/([0-9a-f]+)$/;
/** A configuration named by its digest: `<hex>.json` by docker, `sha256:<hex>` by tools that build without docker. */
const NAMED_CONFIG = /^(?:sha256:)?([0-9a-f]{64})(?:\.json)?$/;
/** A file named by a hash: the short form of it is what progress is about. */
const HASHED_NAME = /(?:^|[/:])([0-9a-f]{64})(?:\.tar(?:\.gz)?)?$/;

/**
 * The gate for the names in an archive: what passes is relative, without `.`, `..` and empty parts, and so inside the
 * archive whatever is done with it. Empty for the root.
 *
 * @throws `INVALID_ARCHIVE`
 */
export function cleanArchivePath(name: string): string {
  if (name.startsWith('/') || /[\\\0]/.test(name)) throw outside(name);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw outside(name);
  return parts.join('/');
}

/**
 * Where a symbolic link in the archive leads.
 *
 * @param path the link
 * @param target what is written in it, relative to the folder of the link
 * @throws `INVALID_ARCHIVE` where it leads out of the archive
 */
export function resolveSymlink(path: string, target: string): string {
  if (target.startsWith('/') || /[\\\0]/.test(target)) throw outside(target);
  const parts = path.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw outside(target);
  }
  return parts.join('/');
}

/** The digest that the name of a blob promises; nothing for other files. `INVALID_DIGEST` where it is malformed. */
export function digestOfPath(path: string): Digest | undefined {
  const [, algorithm = '', hex = ''] = BLOB.exec(path) ?? [];
  const digest = `${algorithm}:${hex}`;
  return isDigest(digest) ? digest : undefined;
}

/** The path of a blob in an OCI image layout. */
export function pathOfDigest(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** The digest that the name of a configuration promises; nothing where the name is no hash. */
export function digestOfConfigPath(path: string): Digest | undefined {
  const hex = NAMED_CONFIG.exec(path)?.[1];
  return hex === undefined ? digestOfPath(path) : (`sha256:${hex}` as Digest);
}

/** The hash in the name of a file, in its short form. */
export function shortNameOf(path: string): string | undefined {
  return HASHED_NAME.exec(path)?.[1]?.slice(0, 12);
}

function outside(name: string): StowageError {
  return new StowageError('INVALID_ARCHIVE', `${JSON.stringify(name)} is outside of the archive`);
}
