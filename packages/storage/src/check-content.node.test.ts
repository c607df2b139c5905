import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestBytes } from '@stowage/core';
import { asDigest, StowageError } from '@stowage/types';
import type { CheckedItem, ContentStore, Digest, Storage } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkContent } from './check-content.ts';
import { createMemoryStorage } from './memory-storage.ts';
import { makeFileSandbox, put } from './test-support/file-sandbox.ts';
import type { FileSandbox } from './test-support/file-sandbox.ts';

let sandbox: FileSandbox;
let storage: Storage;

beforeEach(async () => {
  sandbox = await makeFileSandbox();
  storage = await sandbox.open();
});

afterEach(() => sandbox.remove());

/** Writes other bytes over a blob, which is read-only. */
async function damage(digest: Digest, content: string): Promise<void> {
  const path = join(sandbox.root, 'blobs', digest.replace(':', '/'));
  await rm(path);
  await writeFile(path, content);
}

async function check(content: ContentStore = storage.content): Promise<CheckedItem[]> {
  const items: CheckedItem[] = [];
  for await (const item of checkContent(content)) items.push(item);
  return items.sort((a, b) => (a.subject < b.subject ? -1 : 1));
}

describe('checkContent', () => {
  it('finds nothing wrong with what is sound', async () => {
    const { digest } = await put(storage, 'hello');
    expect(await check()).toEqual([{ kind: 'blob', subject: digest }]);
  });

  it('finds bytes that have changed, and drops the blob', async () => {
    const good = await put(storage, 'good');
    const bad = await put(storage, 'hello');
    await damage(bad.digest, 'hellO');
    const [item] = (await check()).filter(({ fault }) => fault !== undefined);
    expect(item).toMatchObject({
      subject: bad.digest,
      fault: `its bytes have the digest ${await digestBytes(new TextEncoder().encode('hellO'))}`,
    });
    await item?.drop?.();
    expect((await check()).map(({ subject }) => subject)).toEqual([good.digest]);
    expect(await readdir(join(sandbox.root, 'blobs/sha256'))).toHaveLength(1);
  });

  it('tells of a blob that is shorter than it says', async () => {
    const digest = asDigest(`sha256:${'0'.repeat(64)}`);
    const info = { digest, size: 9, labels: {} };
    const { content } = createMemoryStorage();
    const shrunk: ContentStore = Object.assign(Object.create(content) as ContentStore, {
      // eslint-disable-next-line @typescript-eslint/require-await -- an iterable of one
      walk: async function* () {
        yield info;
      },
      open: () => Promise.resolve(new Blob(['four']).stream()),
    });
    expect((await check(shrunk))[0]?.fault).toBe('it has 4 bytes, and should have 9');
  });

  it('passes over what is removed meanwhile, tells what cannot be read, and ends with other errors', async () => {
    const { digest } = await put(storage, 'hello');
    const failing = (error: Error): ContentStore =>
      new Proxy(storage.content, {
        get: (target, name: keyof ContentStore) =>
          name === 'open' ? () => Promise.reject(error) : target[name].bind(target),
      });
    expect(await check(failing(new StowageError('NOT_FOUND', 'gone')))).toEqual([
      { kind: 'blob', subject: digest },
    ]);
    expect((await check(failing(new StowageError('STORAGE', 'EIO: bad disk'))))[0]?.fault).toBe(
      'it cannot be read: EIO: bad disk',
    );
    await expect(check(failing(new TypeError('a mistake')))).rejects.toThrow('a mistake');
  });

  it('ends with the reason of the signal', async () => {
    await put(storage, 'hello');
    const reason = new Error('enough');
    const items = checkContent(storage.content, { signal: AbortSignal.abort(reason) });
    await expect(items.next()).rejects.toBe(reason);
  });
});
