import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StowageError } from '@stowage/types';
import { CREATE, statusAt, systemCode } from './node-files.ts';

const { lstat, mkdir, readFile, rename, rm, unlink, writeFile, chmod, readdir } = fs.promises;

/** What an interrupted extraction must have in common with the one that goes on with it. */
export interface StagingKey {
  /** DiffIDs, base first. */
  readonly layers: readonly string[];
  readonly owners: string;
  readonly specialFiles: string;
}

/** The most bytes of a state file: 125 layers and little else. */
const MAX_STATE = 1 << 16;
const VERSION = 1;

/** The staging directories that this process works in. */
const active = new Set<string>();

/**
 * The directory beside the target in which everything is made, so that the target appears whole. Only its owner can
 * enter it. It survives a kill; whoever extracts the same layers to the same target goes on with it.
 *
 *     .NAME.extracting/lock     the process that works in it
 *     .NAME.extracting/state    what is extracted, and how many layers are done
 *     .NAME.extracting/root/    the target to be
 */
export class Staging {
  readonly root: string;
  /** How many layers an earlier call has done; `undefined` where there is none whose work can be used. */
  readonly done: number | undefined;
  readonly #directory: string;
  readonly #target: string;
  readonly #key: StagingKey;

  private constructor(directory: string, target: string, key: StagingKey, done: number | undefined) {
    this.#directory = directory;
    this.#target = target;
    this.#key = key;
    this.root = join(directory, 'root');
    this.done = done;
  }

  /**
   * Opens the staging directory of a target, an absolute path, and begins anew where it was for something else.
   *
   * @throws `ALREADY_EXISTS` for a target that is there and no empty directory, `UNAVAILABLE` while another process works
   *   on it, `STORAGE` for a staging directory that is not ours
   */
  static async open(target: string, key: StagingKey): Promise<Staging> {
    await checkTarget(target);
    const directory = join(dirname(target), `.${basename(target)}.extracting`);
    if (active.has(directory)) throw busy(target);
    active.add(directory);
    try {
      await mkdir(dirname(target), { recursive: true });
      await makePrivate(directory);
      await lock(directory, target);
      const done = await readState(join(directory, 'state'), key);
      const staging = new Staging(directory, target, key, done);
      if (done === undefined) {
        // First what tells of the work, then the work: nobody must take half of it for all.
        await rm(join(directory, 'state'), { force: true });
        await removeTree(staging.root);
        await mkdir(staging.root, { mode: 0o700 });
      }
      return staging;
    } catch (error) {
      active.delete(directory);
      throw error;
    }
  }

  /** Notes that so many layers are done. */
  async save(done: number): Promise<void> {
    const state = join(this.#directory, 'state');
    const text = JSON.stringify({ version: VERSION, ...this.#key, done });
    await writeFile(`${state}.new`, text, { mode: 0o600 });
    await rename(`${state}.new`, state);
  }

  /** Puts the root where it belongs, in one step. */
  async publish(): Promise<string> {
    try {
      await rename(this.root, this.#target);
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR') throw exists(this.#target);
      throw error;
    }
    await this.remove();
    return this.#target;
  }

  /** Lets go of the directory and keeps it. */
  async close(): Promise<void> {
    active.delete(this.#directory);
    await rm(join(this.#directory, 'lock'), { force: true });
  }

  /** Throws everything away. */
  async remove(): Promise<void> {
    await removeTree(this.#directory);
    active.delete(this.#directory);
  }
}

async function checkTarget(target: string): Promise<void> {
  const status = await statusAt(target);
  if (status === undefined) return;
  if (!status.isDirectory() || (await readdir(target)).length > 0) throw exists(target);
}

/** Makes a directory that nobody else can enter, or takes one that is. */
async function makePrivate(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
    await chmod(directory, 0o700);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    const status = await lstat(directory);
    const stranger = process.geteuid !== undefined && status.uid !== process.geteuid();
    if (!status.isDirectory() || stranger || (process.platform !== 'win32' && (status.mode & 0o077) !== 0)) {
      throw new StowageError('STORAGE', `not a directory of an interrupted extraction: ${directory}`);
    }
  }
}

/** Takes the lock, also from a process that has died. */
async function lock(directory: string, target: string): Promise<void> {
  const path = join(directory, 'lock');
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: CREATE, mode: 0o600 });
      return;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    const owner = await ownerOf(path);
    if (owner !== process.pid && isAlive(owner)) throw busy(target);
    // Of several that find it stale one moves it away. What another has made since is put back.
    const stale = `${path}.${String(process.pid)}`;
    try {
      await rename(path, stale);
      if (Object.is(await ownerOf(stale), owner)) await unlink(stale);
      else await rename(stale, path);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }
}

async function ownerOf(path: string): Promise<number> {
  return Number.parseInt(await readFile(path, 'utf8'), 10);
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** How many layers are done; `undefined` where there is no state, or that of something else. */
async function readState(path: string, key: StagingKey): Promise<number | undefined> {
  const status = await statusAt(path);
  if (status === undefined || !status.isFile() || status.size > MAX_STATE) return undefined;
  let state: unknown;
  try {
    state = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
  const { done, ...rest } = (state ?? {}) as { readonly done?: unknown };
  if (JSON.stringify(rest) !== JSON.stringify({ version: VERSION, ...key })) return undefined;
  const count = key.layers.length;
  return typeof done === 'number' && Number.isInteger(done) && done >= 0 && done <= count ? done : undefined;
}

/** Removes a directory with all that is in it. Where permissions are in the way, they are ours to change. */
async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch (error) {
    if (systemCode(error) !== 'EACCES') throw error;
    await openDirectories(Buffer.from(directory));
    await rm(directory, { recursive: true, force: true });
  }
}

async function openDirectories(directory: Buffer): Promise<void> {
  await chmod(directory, 0o700);
  for (const name of await readdir(directory, { encoding: 'buffer' })) {
    const path = Buffer.concat([directory, Buffer.from('/'), name]);
    if ((await lstat(path)).isDirectory()) await openDirectories(path);
  }
}

function exists(target: string): StowageError {
  return new StowageError('ALREADY_EXISTS', `there is something already, and no empty directory: ${target}`);
}

function busy(target: string): StowageError {
  return new StowageError('UNAVAILABLE', `another extraction works on ${target}`, { retryable: true });
}
