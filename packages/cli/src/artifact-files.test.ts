import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { streamOf } from '@stowage/core';
import type { ByteStream, Digest } from '@stowage/types';
import type { PulledFile } from 'stowage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeArtifactFiles } from './artifact-files.ts';

let outer: string;
let directory: string;
beforeEach(async () => {
  outer = await mkdtemp(join(tmpdir(), 'stowage-files-'));
  directory = join(outer, 'out');
});
afterEach(() => rm(outer, { recursive: true, force: true }));

function file(title: string | undefined, text = 'text', stream?: () => ByteStream): PulledFile {
  return {
    ...{ mediaType: 'text/plain', digest: `sha256:${'a'.repeat(64)}` as Digest, size: text.length },
    ...(title === undefined ? {} : { title }),
    open: () => Promise.resolve(stream?.() ?? streamOf(new TextEncoder().encode(text))),
  };
}

describe('writeArtifactFiles', () => {
  it('writes what has a name, in directories of its own', async () => {
    const files = [file('a.txt', 'one'), file(undefined), file('sub/dir/b.txt', 'two'), file('sub/c', '')];
    expect(await writeArtifactFiles(files, directory)).toEqual(['a.txt', 'sub/dir/b.txt', 'sub/c']);
    expect(await readFile(join(directory, 'a.txt'), 'utf8')).toBe('one');
    expect(await readFile(join(directory, 'sub/dir/b.txt'), 'utf8')).toBe('two');
    expect((await readdir(directory)).sort()).toEqual(['a.txt', 'sub']);
  });

  it.each([
    '../a',
    '/etc/passwd',
    'a/../../b',
    'a//b',
    '',
    '.',
    './a',
    'a/',
    'a\\..\\b',
    'C:\\a',
    'C:a',
    'a\u0000',
    'a\nb',
    'a\u001b[2J',
    'NUL',
    'con.txt',
    'a.',
    'a ',
    'a'.repeat(256),
  ])('refuses the name %j before anything is written', async (title) => {
    const failure = { code: 'INVALID_ARGUMENT' };
    await expect(writeArtifactFiles([file('fine'), file(title)], directory)).rejects.toMatchObject(failure);
    await expect(writeArtifactFiles([file(title)], directory, { force: true })).rejects.toMatchObject(
      failure,
    );
    expect(await readdir(outer)).toEqual([]);
  });

  it('refuses a name that comes twice', async () => {
    await expect(writeArtifactFiles([file('a'), file('a')], directory)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('writes over nothing unless it is told to', async () => {
    await mkdir(directory);
    await writeFile(join(directory, 'a'), 'mine');
    const failure = { code: 'ALREADY_EXISTS', message: expect.stringContaining('--force') as string };
    await expect(writeArtifactFiles([file('b'), file('a')], directory)).rejects.toMatchObject(failure);
    expect(await readdir(directory)).toEqual(['a']);
    await writeArtifactFiles([file('a', 'theirs')], directory, { force: true });
    expect(await readFile(join(directory, 'a'), 'utf8')).toBe('theirs');
    await mkdir(join(directory, 'd'));
    await expect(writeArtifactFiles([file('d')], directory, { force: true })).rejects.toMatchObject(failure);
    // One file where the other wants a directory.
    await expect(writeArtifactFiles([file('x'), file('x/y')], directory)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('follows no link', async () => {
    await mkdir(directory);
    await writeFile(join(outer, 'secret'), 'secret');
    await symlink(outer, join(directory, 'up'));
    await symlink(join(outer, 'secret'), join(directory, 'link'));
    const force = { force: true };
    await expect(writeArtifactFiles([file('up/secret')], directory, force)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(writeArtifactFiles([file('link')], directory)).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    await writeArtifactFiles([file('link', 'new')], directory, force);
    expect((await lstat(join(directory, 'link'))).isFile()).toBe(true);
    expect(await readFile(join(outer, 'secret'), 'utf8')).toBe('secret');
  });

  it('leaves nothing of a file that breaks off', async () => {
    const broken = (): ByteStream =>
      new ReadableStream({
        pull: (controller) => {
          controller.error(new Error('broken'));
        },
      });
    for (const force of [false, true]) {
      await expect(writeArtifactFiles([file('a', 'text', broken)], directory, { force })).rejects.toThrow(
        'broken',
      );
      expect(await readdir(directory)).toEqual([]);
    }
  });
});
