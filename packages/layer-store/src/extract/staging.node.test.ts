import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf } from '../test-support/layers.ts';
import { Staging } from './staging.ts';

let folder: string;
let target: string;
/** Where the staging directory of the target is. */
let staged: string;
const key = { layers: ['sha256:a', 'sha256:b'], owners: 'mine', specialFiles: 'omit' };

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'stowage-staging-'));
  target = join(folder, 'root');
  staged = join(folder, '.root.extracting');
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

describe('a staging directory', () => {
  it('remembers what is done, for the same work alone', async () => {
    const first = await Staging.open(target, key);
    expect(first.done).toBeUndefined();
    await first.save(1);
    fs.writeFileSync(join(first.root, 'file'), '');
    await first.close();
    const second = await Staging.open(target, key);
    expect([second.done, fs.readdirSync(second.root)]).toEqual([1, ['file']]);
    await second.close();
    const other = await Staging.open(target, { ...key, layers: ['sha256:a'] });
    expect([other.done, fs.readdirSync(other.root)]).toEqual([undefined, []]);
    await other.close();
    // The other has thrown away the work of the first, before it had any of its own.
    const third = await Staging.open(target, key);
    expect(third.done).toBeUndefined();
    await third.remove();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('counts no more layers than there are', async () => {
    const first = await Staging.open(target, key);
    for (const [done, expected] of [
      [3, undefined],
      [-1, undefined],
      [0.5, undefined],
      [2, 2],
    ] as const) {
      await first.save(done);
      await first.close();
      const next = await Staging.open(target, key);
      expect([done, next.done]).toEqual([done, expected]);
      await next.close();
    }
  });

  it('is moved into place, and is gone', async () => {
    const staging = await Staging.open(target, key);
    fs.writeFileSync(join(staging.root, 'file'), 'text');
    expect(await codeOf(Staging.open(target, key))).toBe('UNAVAILABLE');
    expect(await staging.publish()).toBe(target);
    expect(fs.readdirSync(folder)).toEqual(['root']);
    expect(fs.readFileSync(join(target, 'file'), 'utf8')).toBe('text');
    expect(await codeOf(Staging.open(target, key))).toBe('ALREADY_EXISTS');
  });

  it('is not where the system lets nobody write', async () => {
    fs.writeFileSync(join(folder, 'file'), '');
    await expect(Staging.open(join(folder, 'file/root'), key)).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});

describe('a target', () => {
  it('is nothing yet, or an empty directory', async () => {
    fs.writeFileSync(target, '');
    expect(await codeOf(Staging.open(target, key))).toBe('ALREADY_EXISTS');
    expect(fs.readdirSync(folder)).toEqual(['root']);
  });

  it('that has become a file in the meantime stays, and so does the work', async () => {
    const staging = await Staging.open(target, key);
    fs.writeFileSync(target, 'mine');
    expect(await codeOf(staging.publish())).toBe('ALREADY_EXISTS');
    expect(fs.readFileSync(target, 'utf8')).toBe('mine');
    expect(fs.existsSync(staging.root)).toBe(true);
    await staging.remove();
  });

  it('is not made of a root that somebody has taken away', async () => {
    const staging = await Staging.open(target, key);
    fs.rmdirSync(staging.root);
    await expect(staging.publish()).rejects.toMatchObject({ code: 'ENOENT' });
    await staging.remove();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('of a name so long that there is no room for one beside it is refused by the system', async () => {
    const long = join(folder, 'n'.repeat(250));
    for (let n = 0; n < 2; n += 1) {
      await expect(Staging.open(long, key)).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
    }
  });
});

describe('a state', () => {
  it('that is longer than any can be is none', async () => {
    const staging = await Staging.open(target, key);
    await staging.save(1);
    const state = join(staged, 'state');
    fs.writeFileSync(state, fs.readFileSync(state, 'utf8').padEnd(70_000));
    await staging.close();
    const next = await Staging.open(target, key);
    expect([next.done, fs.existsSync(state)]).toEqual([undefined, false]);
    await next.remove();
  });

  it('that is no file is left alone, with whatever it is', async () => {
    fs.mkdirSync(join(staged, 'state/mine'), { recursive: true });
    fs.chmodSync(staged, 0o700);
    await expect(Staging.open(target, key)).rejects.toBeInstanceOf(Error);
    expect(fs.readdirSync(join(staged, 'state'))).toEqual(['mine']);
  });
});

describe('a lock', () => {
  beforeEach(() => {
    fs.mkdirSync(staged, { mode: 0o700 });
  });

  /** Opens the staging directory; between reading who holds the lock, a process that has died, and taking it, does more. */
  async function openWhile(meanwhile: (lock: string) => void): Promise<Staging> {
    const lock = join(staged, 'lock');
    execFileSync('mkfifo', [lock]);
    const opening = Staging.open(target, key);
    // Both ends of a pipe are opened at once, and it is read to its end.
    const pipe = await fs.promises.open(lock, 'w');
    fs.unlinkSync(lock);
    meanwhile(lock);
    await pipe.write('0');
    await pipe.close();
    return opening;
  }

  it('that another process has taken from a dead one is given back', async () => {
    const owner = String(process.ppid);
    const opening = openWhile((lock) => {
      fs.writeFileSync(lock, owner);
    });
    expect(await codeOf(opening)).toBe('UNAVAILABLE');
    expect(fs.readdirSync(staged)).toEqual(['lock']);
    expect(fs.readFileSync(join(staged, 'lock'), 'utf8')).toBe(owner);
    fs.rmSync(join(staged, 'lock'));
    await (await Staging.open(target, key)).remove();
  });

  it('that another process has removed is taken', async () => {
    const staging = await openWhile(() => undefined);
    expect(fs.readFileSync(join(staged, 'lock'), 'utf8')).toBe(String(process.pid));
    await staging.remove();
  });

  it('that cannot be moved away is the error of the system, and nobody is kept out by it', async () => {
    const stale = join(staged, `lock.${String(process.pid)}`);
    fs.writeFileSync(join(staged, 'lock'), '0');
    fs.mkdirSync(stale);
    await expect(Staging.open(target, key)).rejects.toMatchObject({ code: 'EISDIR' });
    fs.rmdirSync(stale);
    await (await Staging.open(target, key)).remove();
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});

describe('the staging directory of another user', () => {
  const NOBODY = 65_534;
  const isRoot = process.geteuid?.() === 0;

  it.runIf(isRoot)('is not used', async () => {
    fs.mkdirSync(staged, { mode: 0o700 });
    fs.chownSync(staged, NOBODY, NOBODY);
    expect(await codeOf(Staging.open(target, key))).toBe('STORAGE');
    expect(fs.readdirSync(staged)).toEqual([]);
  });

  it('is removed by that user though it has directories that nobody may enter', async () => {
    fs.chownSync(folder, isRoot ? NOBODY : -1, -1);
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      const staging = await Staging.open(target, key);
      fs.mkdirSync(join(staging.root, 'closed/deep'), { recursive: true });
      fs.writeFileSync(join(staging.root, 'closed/deep/file'), '');
      for (const path of ['closed/deep', 'closed']) fs.chmodSync(join(staging.root, path), 0);
      await staging.remove();
      expect(fs.readdirSync(folder)).toEqual([]);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});
