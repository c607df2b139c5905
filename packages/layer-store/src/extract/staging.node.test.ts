import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf } from '../test-support/layers.ts';
import { Staging } from './staging.ts';

let folder: string;
let target: string;
const key = { layers: ['sha256:a', 'sha256:b'], owners: 'mine', specialFiles: 'omit' };

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'stowage-staging-'));
  target = join(folder, 'root');
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
