import { mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { decodeGoJsonMembers, encodeGoJson, StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, Clock, RawJson } from '@stowage/types';
import { MAX_DOCKER_CONFIG } from './docker-config.ts';

const FIRST_READ = 64 * 1024;
const LOCK_RETRY = 50;
const LOCK_PATIENCE = 10_000;

/** The members of a JSON object, in order; those that nobody changed are as they were written. */
export type JsonMembers = Map<string, unknown>;

/**
 * A file of at most 4 MiB; `undefined` where there is none.
 *
 * @throws `STORAGE` where it cannot be read, `LIMIT_EXCEEDED` where it is longer; both with its path
 */
export async function readConfigFile(
  path: string,
  { signal }: AbortOptions = {},
): Promise<Bytes | undefined> {
  signal?.throwIfAborted();
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    return await readAll(file, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw storageError(path, 'read', error);
  } finally {
    await file?.close();
  }
}

/**
 * Changes a JSON file as one step: a reader sees it as it was or as it becomes, never in between. Members keep their
 * order, and those that are not changed their text. The file is for its owner alone afterwards. Who else changes it this
 * way waits, 10 s at most; who changes it meanwhile without asking is not overwritten: the change is made anew.
 *
 * @param change changes the members; answers whether it did. May be called several times
 * @throws `CONFLICT` where another process does not come to an end with it, `STORAGE` where it cannot be written,
 *   `INVALID_ARGUMENT` where it is malformed
 */
export async function changeConfigFile(
  path: string,
  change: (members: JsonMembers) => boolean,
  options: AbortOptions & { readonly clock: Clock },
): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // A link stays one: what it leads to is changed.
    const target = await realpath(path).catch(() => path);
    const lock = `${target}.lock`;
    const file = await lockFile(lock, path, options);
    try {
      const changed = await writeChanged(file, { target, path, change }, options).finally(() => file.close());
      if (changed) await rename(lock, target);
      else await rm(lock);
      return changed;
    } catch (error) {
      await rm(lock, { force: true });
      throw error;
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    throw storageError(path, 'write', error);
  }
}

/** Writes what the target is to become, as often as it turns out to be another one meanwhile. */
async function writeChanged(
  file: FileHandle,
  {
    target,
    path,
    change,
  }: {
    readonly target: string;
    readonly path: string;
    readonly change: (members: JsonMembers) => boolean;
  },
  options: AbortOptions,
): Promise<boolean> {
  for (;;) {
    const before = await readConfigFile(target, options);
    const members = parseMembers(before, path);
    if (!change(members)) return false;
    await file.truncate(0);
    await file.write(encodeGoJson(members, { indent: '\t' }), 0, null, 0);
    await file.sync();
    if (isSame(before, await readConfigFile(target, options))) return true;
  }
}

/** The members of a member that is an object itself. */
export function membersOf(members: JsonMembers, name: string, path: string): JsonMembers {
  const value = members.get(name);
  if (value === undefined || (value as RawJson).text === 'null') return new Map();
  try {
    return new Map(decodeGoJsonMembers((value as RawJson).text));
  } catch (cause) {
    throw malformed(path, `${name} is not an object`, cause);
  }
}

/** The new content goes into the lock itself, which then takes the file's place. */
async function lockFile(
  lock: string,
  path: string,
  { clock, signal }: AbortOptions & { readonly clock: Clock },
): Promise<FileHandle> {
  for (let waited = 0; ; waited += LOCK_RETRY) {
    signal?.throwIfAborted();
    try {
      return await open(lock, 'wx', 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (waited >= LOCK_PATIENCE) {
      throw new StowageError(
        'CONFLICT',
        `${path} is being changed by another process; where there is none, remove ${lock}`,
      );
    }
    await clock.sleep(LOCK_RETRY, { signal });
  }
}

function parseMembers(bytes: Bytes | undefined, path: string): JsonMembers {
  if (bytes === undefined || bytes.length === 0) return new Map();
  try {
    return new Map(decodeGoJsonMembers(bytes, { maxBytes: MAX_DOCKER_CONFIG, maxDepth: 100 }));
  } catch (cause) {
    throw malformed(path, (cause as Error).message, cause);
  }
}

async function readAll(file: FileHandle, path: string): Promise<Bytes> {
  let bytes = new Uint8Array(FIRST_READ);
  for (let size = 0; ;) {
    const { bytesRead } = await file.read(bytes, size, bytes.length - size, null);
    if (bytesRead === 0) return bytes.slice(0, size);
    size += bytesRead;
    if (size > MAX_DOCKER_CONFIG) {
      throw new StowageError('LIMIT_EXCEEDED', `${path} is longer than ${String(MAX_DOCKER_CONFIG)} bytes`);
    }
    if (size === bytes.length) {
      const longer = new Uint8Array(size * 2);
      longer.set(bytes);
      bytes = longer;
    }
  }
}

function isSame(a: Bytes | undefined, b: Bytes | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a, b) === 0;
}

function storageError(path: string, verb: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  // Our own errors say it already.
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return cause;
  return new StowageError('STORAGE', `cannot ${verb} ${path}: ${code}`, { cause });
}

function malformed(path: string, fault: string, cause: unknown): StowageError {
  return new StowageError('INVALID_ARGUMENT', `${path}: malformed docker configuration: ${fault}`, { cause });
}
