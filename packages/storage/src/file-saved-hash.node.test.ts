import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ingest, Storage } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileStorage } from './file-storage.ts';
import { makeFileSandbox, sha256, text } from './test-support/file-sandbox.ts';
import type { FileSandbox } from './test-support/file-sandbox.ts';

let sandbox: FileSandbox;
let storage: Storage;
let directory: string;

beforeEach(async () => {
  sandbox = await makeFileSandbox();
  directory = join(sandbox.root, 'ingest', sha256('ref'));
  storage = await openFileStorage(sandbox.root, { resumableHash: true });
});

afterEach(async () => {
  await storage.close();
  await sandbox.remove();
});

/** Another process goes on with the ingest. */
async function resumed(): Promise<Ingest> {
  await storage.close();
  storage = await openFileStorage(sandbox.root, { resumableHash: true });
  return storage.content.ingest('ref');
}

async function writeAndClose(content: string): Promise<void> {
  const ingest = await storage.content.ingest('ref');
  await ingest.write(text(content));
  await ingest.close();
}

/** Changes bytes on disk: whoever hashes them again finds out. */
async function alter(): Promise<void> {
  const path = join(directory, 'data');
  const bytes = await readFile(path);
  bytes[0] = 0;
  await writeFile(path, bytes);
}

describe('a running hash that is kept', () => {
  it('goes on in another process, which reads nothing again', async () => {
    await writeAndClose('abc');
    await alter();
    const ingest = await resumed();
    await ingest.write(text('def'));
    expect((await ingest.commit()).digest).toBe(`sha256:${sha256('abcdef')}`);
  });

  it('is of no use to who hashes with what the runtime has', async () => {
    await writeAndClose('abc');
    await storage.close();
    storage = await openFileStorage(sandbox.root);
    const ingest = await storage.content.ingest('ref');
    await ingest.write(text('def'));
    expect((await ingest.commit()).digest).toBe(`sha256:${sha256('abcdef')}`);
  });

  it('stays while what it has taken stays, and goes before anything else can come there', async () => {
    await writeAndClose('abcdef');
    let ingest = await resumed();
    await ingest.write(text('ghi'));
    await ingest.truncate(6);
    expect(await readFile(join(directory, 'hash'), 'utf8')).toMatch(/^sha256 6 /);
    await ingest.truncate(5);
    await expect(readFile(join(directory, 'hash'))).rejects.toMatchObject({ code: 'ENOENT' });
    await ingest.write(text('xyz'));
    await ingest.close();
    ingest = await resumed();
    expect((await ingest.commit()).digest).toBe(`sha256:${sha256('abcdexyz')}`);
  });

  it('is passed over where it is damaged, or something else', async () => {
    const damages = [
      (path: string) => writeFile(path, 'sha256 3 00\n'),
      (path: string) => writeFile(path, 'x'.repeat(10_000)),
      (path: string) => mkdir(path),
    ];
    for (const damage of damages) {
      await writeAndClose('abc');
      await rm(join(directory, 'hash'));
      await damage(join(directory, 'hash'));
      const { digest } = await (await resumed()).commit();
      expect(digest).toBe(`sha256:${sha256('abc')}`);
      await storage.content.delete(digest);
    }
  });
});
