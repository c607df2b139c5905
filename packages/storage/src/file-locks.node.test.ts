import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { isStowageError } from '@stowage/types';
import type { Clock } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FileLocks } from './file-locks.ts';
import type { FileSystem } from './file-system.ts';
import { parseHolder, thisHolder } from './lock-holder.ts';
import { nodeFileSystem } from './node-file-system.ts';

const LEASE = 30_000;

/** A clock that moves only when somebody sleeps or a test says so. */
class TestClock implements Clock {
  time = 1_700_000_000_000;
  readonly slept: number[] = [];
  onSleep: () => unknown = () => undefined;

  now(): number {
    return this.time;
  }

  async sleep(milliseconds: number, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    this.slept.push(milliseconds);
    this.time += milliseconds;
    await this.onSleep();
    signal?.throwIfAborted();
  }
}

let directory: string;
let path: string;
let clock: TestClock;
let locks: FileLocks;

/** Writes the lock of somebody else. */
async function foreignLock(holder: object | string, age = 0): Promise<string> {
  const file = join(path, 'their-token');
  await mkdir(path, { recursive: true });
  await writeFile(file, typeof holder === 'string' ? holder : JSON.stringify(holder));
  const at = (clock.time - age) / 1000;
  await utimes(file, at, at);
  return file;
}

const elsewhere = { pid: 1, host: 'elsewhere', pidNamespace: '', startedAt: 0, token: 'their-token' };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stowage-locks-'));
  path = join(directory, 'deep', 'index');
  clock = new TestClock();
  locks = new FileLocks(nodeFileSystem, clock);
});

afterEach(async () => {
  vi.useRealTimers();
  await locks.close();
  await rm(directory, { recursive: true });
});

describe('FileLocks', () => {
  it('writes who holds a lock and leaves nothing when it is given back', async () => {
    const lock = await locks.acquire(path);
    const [token = ''] = await readdir(path);
    expect(parseHolder(await readFile(join(path, token)))).toEqual(thisHolder(token, clock.time));
    expect((await stat(join(path, token))).mode & 0o777).toBe(0o600);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, token))).mtimeMs).toBe(clock.time);
    await lock[Symbol.asyncDispose]();
    expect(await readdir(join(path, '..'))).toEqual([]);
  });

  it('waits for a lock that somebody elsewhere holds, ever less often', async () => {
    const file = await foreignLock(elsewhere);
    clock.onSleep = () => (clock.slept.length === 9 ? rm(file) : undefined);
    await locks.acquire(path);
    expect(clock.slept).toEqual([10, 20, 40, 80, 160, 320, 500, 500, 500]);
  });

  it('takes a lock over whose lease has run out, and not before', async () => {
    await foreignLock(elsewhere, LEASE);
    expect(await locks.tryAcquire(path)).toBeUndefined();
    clock.time += 1;
    expect(await locks.tryAcquire(path)).toBeDefined();
    expect(await readdir(path)).not.toContain('their-token');
  });

  it('takes the lock of a dead process of this machine over at once', async () => {
    await foreignLock({ ...thisHolder('their-token', clock.time), pid: 2 ** 22 + 1 });
    expect(await locks.tryAcquire(path)).toBeDefined();
  });

  it('never takes a lock from the living, from another pid namespace, or from who cannot be told', async () => {
    const own = thisHolder('their-token', clock.time);
    const holders = [
      { ...own, pid: process.ppid },
      { ...own, pid: 2 ** 22 + 1, pidNamespace: 'pid:[1]' },
      { ...own, pid: 2 ** 22 + 1, host: `${hostname()}x` },
      { ...own, pid: -1 },
      { ...own, pid: 0 },
      { ...own, pid: '1' },
      'null',
      '',
      '{"pid":',
    ];
    for (const holder of holders) {
      await foreignLock(holder);
      expect(await locks.tryAcquire(path)).toBeUndefined();
    }
  });

  it('takes over what a crash left half done', async () => {
    await mkdir(path, { recursive: true });
    await mkdir(join(path, '..', '.lock-theirs'));
    const lock = await locks.tryAcquire(path);
    expect(lock).toBeDefined();
  });

  it('hurts nobody who took the lock while it looked at the last holder', async () => {
    await foreignLock(elsewhere, LEASE + 1);
    const racing: FileSystem = {
      ...nodeFileSystem,
      // Between the verdict and the removal somebody else takes over, and holds the lock alive.
      remove: async (file) => {
        if (file.endsWith('their-token')) {
          await rm(file);
          await writeFile(join(path, 'successor'), JSON.stringify({ ...elsewhere, token: 'successor' }));
          await utimes(join(path, 'successor'), clock.time / 1000, clock.time / 1000);
        }
        return nodeFileSystem.remove(file);
      },
    };
    const other = new FileLocks(racing, clock);
    expect(await other.tryAcquire(path)).toBeUndefined();
    expect(await readdir(path)).toEqual(['successor']);
    expect(await readdir(join(path, '..'))).toEqual(['index']);
  });

  it('does not take a lock that was taken while it made its own ready', async () => {
    const racing: FileSystem = {
      ...nodeFileSystem,
      rename: async (from, to) => {
        await foreignLock(elsewhere);
        return nodeFileSystem.rename(from, to);
      },
    };
    expect(await new FileLocks(racing, clock).tryAcquire(path)).toBeUndefined();
    expect(await readdir(join(path, '..'))).toEqual(['index']);
  });

  it('keeps its lease up', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lock = await locks.acquire(path);
    const file = join(path, (await readdir(path))[0] ?? '');
    clock.time += 5000;
    vi.advanceTimersByTime(5000);
    await vi.waitFor(async () => {
      expect((await stat(file)).mtimeMs).toBe(clock.time);
    });
    await lock[Symbol.asyncDispose]();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('notices that it slept too long and lost its lock', async () => {
    const lock = await locks.acquire(path);
    await lock.confirm();
    await rm(path, { recursive: true });
    await foreignLock(elsewhere);
    await lock.confirm();
    clock.time += LEASE;
    const lost = await lock.confirm().catch((error: unknown) => error);
    expect(isStowageError(lost, 'UNAVAILABLE') && lost.retryable).toBe(true);
    await expect(lock.confirm()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await lock[Symbol.asyncDispose]();
    expect(await readdir(path)).toEqual(['their-token']);
  });

  it('is not undone by a lock that cannot be given back', async () => {
    const failing: FileSystem = {
      ...nodeFileSystem,
      remove: () => Promise.reject(new Error('the disk is gone')),
    };
    const stubborn = new FileLocks(failing, clock);
    const lock = await stubborn.acquire(path);
    await lock[Symbol.asyncDispose]();
    expect(await locks.tryAcquire(path)).toBeUndefined();
    clock.time += LEASE + 1;
    expect(await locks.tryAcquire(path)).toBeDefined();
  });

  it('gives everything back when it is closed, and takes no more', async () => {
    await locks.acquire(path);
    await locks.acquire(join(directory, 'other'));
    await locks.close();
    expect(await readdir(join(path, '..'))).toEqual([]);
    await expect(locks.acquire(path)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await readdir(join(path, '..'))).toEqual([]);
    expect(await new FileLocks(nodeFileSystem, clock).tryAcquire(path)).toBeDefined();
  });

  it('sweeps what was left an hour ago, and not what is held', async () => {
    const parent = join(path, '..');
    const hour = 60 * 60 * 1000;
    await foreignLock(elsewhere);
    await mkdir(join(parent, '.lock-theirs'));
    await locks.acquire(join(parent, 'ours'));
    const touchAll = async (age: number): Promise<void> => {
      const at = (clock.time - age) / 1000;
      for (const name of await readdir(parent)) await utimes(join(parent, name), at, at);
    };
    await touchAll(hour);
    await locks.sweep(parent);
    expect((await readdir(parent)).sort()).toEqual(['.lock-theirs', 'index', 'ours']);
    await touchAll(hour + 1);
    await locks.sweep(parent);
    // Their holder was heard of a moment ago.
    expect((await readdir(parent)).sort()).toEqual(['index', 'ours']);
    await foreignLock(elsewhere, hour + 1);
    await touchAll(hour + 1);
    await locks.sweep(parent);
    expect(await readdir(parent)).toEqual(['ours']);
    await locks.sweep(join(directory, 'nowhere'));
  });

  it('fails where the directory cannot be written', async () => {
    await writeFile(join(directory, 'deep'), 'a file');
    await expect(locks.acquire(path)).rejects.toMatchObject({ code: 'STORAGE', reason: 'ENOTDIR' });
    await rm(join(directory, 'deep'));
    await locks.acquire(path);
  });
});
