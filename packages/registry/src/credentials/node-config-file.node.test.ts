import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { writeFileSync as writeNow } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '@stowage/core';
import type { Clock } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeConfigFile, membersOf, readConfigFile } from './node-config-file.ts';
import type { JsonMembers } from './node-config-file.ts';
import { rejection } from '../test-support/fixtures.ts';
import { makeHelperDirectory } from '../test-support/helper-directory.ts';
import type { HelperDirectory } from '../test-support/helper-directory.ts';
import { TestClock } from '../test-support/scripted-fetch.ts';

let directory: HelperDirectory;

beforeEach(async () => {
  directory = await makeHelperDirectory();
});

afterEach(async () => {
  await directory[Symbol.asyncDispose]();
});

function set(name: string, value: unknown): (members: JsonMembers) => boolean {
  return (members) => {
    members.set(name, value);
    return true;
  };
}

function change(
  path: string,
  what: (members: JsonMembers) => boolean,
  clock: Clock = systemClock,
): Promise<boolean> {
  return changeConfigFile(path, what, { clock });
}

describe('readConfigFile', () => {
  it('reads a file, and nothing where there is none', async () => {
    const text = 'x'.repeat(200_000);
    const path = await directory.write('a.json', text);
    expect(new TextDecoder().decode(await readConfigFile(path))).toBe(text);
    expect(await readConfigFile(directory.file('b.json'))).toBeUndefined();
  });

  it.each([
    ['a directory', (): Promise<string> => Promise.resolve(directory.path), 'STORAGE', 'cannot read'],
    [
      'an endless file',
      (): Promise<string> => Promise.resolve('/dev/zero'),
      'LIMIT_EXCEEDED',
      'is longer than 4194304',
    ],
    [
      'a file in a file',
      async (): Promise<string> => join(await directory.write('a.json', ''), 'b.json'),
      'STORAGE',
      'ENOTDIR',
    ],
  ])('refuses %s by its path', async (_name, make, code, words) => {
    const path = await make();
    const error = (await rejection(readConfigFile(path))) as Error;
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(path);
    expect(error.message).toContain(words);
  });
});

describe('changeConfigFile', () => {
  it('keeps what it does not change, to the letter and in order', async () => {
    const path = await directory.write(
      'config.json',
      '{ "z": 12345678901234567890, "auths": {"b":{"auth":"x"}}, "a": [1.0, "\\u0041"], "__proto__": {"x": 1}, "1": 2 }',
    );
    await change(path, set('auths', { c: {} }));
    await change(path, set('new', 'value'));
    expect(await directory.read('config.json')).toBe(
      [
        '{',
        '\t"z": 12345678901234567890,',
        '\t"auths": {',
        '\t\t"c": {}',
        '\t},',
        '\t"a": [',
        '\t\t1.0,',
        '\t\t"\\u0041"',
        '\t],',
        '\t"__proto__": {',
        '\t\t"x": 1',
        '\t},',
        '\t"1": 2,',
        '\t"new": "value"',
        '}',
      ].join('\n'),
    );
  });

  it('leaves the file to its owner alone', async () => {
    const path = await directory.write('config.json', '{}');
    await chmod(path, 0o644);
    await change(path, set('a', 1));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const deep = directory.file('some/where/config.json');
    await change(deep, set('a', 1));
    expect((await stat(dirname(deep))).mode & 0o777).toBe(0o700);
    expect((await stat(deep)).mode & 0o777).toBe(0o600);
  });

  it('leaves nothing beside it, and the file itself where nothing changes', async () => {
    const path = await directory.write('config.json', ' { } ');
    expect(await change(path, () => false)).toBe(false);
    expect(await directory.read('config.json')).toBe(' { } ');
    expect(await change(path, set('a', 1))).toBe(true);
    await rejection(
      change(path, () => {
        throw new Error('no');
      }),
    );
    expect(await readdir(directory.path)).toEqual(['config.json']);
  });

  it('leaves a link a link', async () => {
    await mkdir(directory.file('real'));
    await writeFile(directory.file('real/config.json'), '{}');
    await symlink(directory.file('real/config.json'), directory.file('config.json'));
    await change(directory.file('config.json'), set('a', 1));
    expect((await lstat(directory.file('config.json'))).isSymbolicLink()).toBe(true);
    expect(await readFile(directory.file('real/config.json'), 'utf8')).toBe('{\n\t"a": 1\n}');
  });

  it('loses nothing of what many change at once', async () => {
    const path = directory.file('config.json');
    const names = Array.from({ length: 12 }, (_, index) => `n${String(index)}`);
    await Promise.all(names.map((name) => change(path, set(name, 1))));
    expect(Object.keys(JSON.parse(await directory.read('config.json')) as object).sort()).toEqual(
      names.sort(),
    );
  });

  it('makes its change anew where somebody else was quicker', async () => {
    const path = await directory.write('config.json', '{}');
    const seen: string[][] = [];
    await change(path, (members) => {
      seen.push([...members.keys()]);
      // docker writes without asking for our lock.
      if (seen.length === 1) writeNow(path, '{"theirs":1}');
      members.set('ours', 1);
      return true;
    });
    expect(seen).toEqual([[], ['theirs']]);
    expect(JSON.parse(await directory.read('config.json'))).toEqual({ theirs: 1, ours: 1 });
  });

  it('waits for who holds the lock, but not for ever', async () => {
    const path = await directory.write('config.json', '{}');
    await directory.write('config.json.lock', '');
    const clock = new TestClock();
    const error = (await rejection(change(path, set('a', 1), clock))) as Error;
    expect(error).toMatchObject({ code: 'CONFLICT' });
    expect(error.message).toContain(`remove ${path}.lock`);
    expect(clock.slept.reduce((sum, wait) => sum + wait, 0)).toBe(10_000);
    expect(await directory.read('config.json.lock')).toBe('');
  });

  it('changes nothing that it does not understand', async () => {
    const path = await directory.write('config.json', '{"auths": hunter2}');
    const error = (await rejection(change(path, set('a', 1)))) as Error;
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(error.message).toContain(path);
    expect(error.message).not.toContain('hunter2');
    expect(await readdir(directory.path)).toEqual(['config.json']);
    const list = await directory.write('list.json', '[]');
    await expect(change(list, set('a', 1))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('says what cannot be written', async () => {
    const path = join(await directory.write('file', ''), 'config.json');
    await expect(change(path, set('a', 1))).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringContaining(path) as string,
    });
  });

  it('rejects with the reason of an aborted signal', async () => {
    const reason = new Error('enough');
    const path = directory.file('config.json');
    const signal = AbortSignal.abort(reason);
    expect(await rejection(changeConfigFile(path, set('a', 1), { clock: systemClock, signal }))).toBe(reason);
    expect(await rejection(readConfigFile(path, { signal }))).toBe(reason);
    expect(await readdir(directory.path)).toEqual([]);
  });
});

describe('membersOf', () => {
  it('takes an object apart, and nothing else', async () => {
    const path = await directory.write('config.json', '{"auths":{"a":{}},"none":null,"list":[]}');
    await change(path, (members) => {
      expect([...membersOf(members, 'auths', path).keys()]).toEqual(['a']);
      expect(membersOf(members, 'none', path).size).toBe(0);
      expect(membersOf(members, 'missing', path).size).toBe(0);
      expect(() => membersOf(members, 'list', path)).toThrow(
        `${path}: malformed docker configuration: list is not an object`,
      );
      return false;
    });
  });
});
