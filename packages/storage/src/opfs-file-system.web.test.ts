import type { Storage } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileSystem } from './file-system.ts';
import { withFile, writeFully } from './files.ts';
import { OpfsFileSystem } from './opfs-file-system.ts';
import { openStorage } from './open-storage.ts';
import { findOpfs } from './opfs-surroundings.ts';
import type { Surroundings } from './opfs-surroundings.ts';
import { WebLocks } from './web-locks.ts';
import { openWebStorage } from './web-storage.ts';

let name: string;
let fs: OpfsFileSystem;
const surroundings = globalThis as unknown as Surroundings;

beforeEach(async () => {
  name = `test-${crypto.randomUUID()}`;
  fs = new OpfsFileSystem(await findOpfs(surroundings), at());
  await fs.makeDirectory(`/${name}`);
});

afterEach(async () => {
  await (await navigator.storage.getDirectory()).removeEntry(name, { recursive: true });
});

const at = (...names: readonly string[]): string => ['', name, ...names].join('/');

async function write(path: string, text: string, mode: 'create' | 'update' = 'create'): Promise<void> {
  await withFile(await fs.open(path, mode), async (file) => {
    const { size } = await file.status();
    await writeFully(file, new TextEncoder().encode(text), size);
  });
}

async function read(from: FileSystem, path: string): Promise<string> {
  return withFile(await from.open(path, 'read'), async (file) => {
    const buffer = new Uint8Array(100);
    return new TextDecoder().decode(buffer.subarray(0, await file.read(buffer, 0)));
  });
}

describe('OpfsFileSystem', () => {
  it('tells the codes that other file systems tell', async () => {
    await write(at('file'), 'text');
    await fs.makeDirectory(at('folder'));
    await write(at('folder', 'file'), 'text');
    const failing: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['ENOENT', () => fs.open(at('missing'), 'read')],
      ['ENOENT', () => fs.open(at('missing', 'file'), 'update')],
      ['ENOENT', () => fs.status(at('missing'))],
      ['ENOENT', () => fs.list(at('missing'))],
      ['ENOENT', () => fs.rename(at('missing'), at('other'))],
      ['ENOENT', () => fs.rename(at('file'), at('missing', 'file'))],
      ['ENOENT', () => fs.remove(at('missing'))],
      ['ENOENT', () => fs.removeDirectory(at('missing'))],
      ['ENOENT', () => fs.makeDirectory(at('missing', 'folder'))],
      ['EEXIST', () => fs.open(at('file'), 'create')],
      ['EEXIST', () => fs.makeDirectory(at('folder'))],
      ['EEXIST', () => fs.makeDirectory(at('file'))],
      ['ENOTDIR', () => fs.status(at('file', 'below'))],
      ['ENOTDIR', () => fs.list(at('file'))],
      ['ENOTDIR', () => fs.removeDirectory(at('file'))],
      ['EISDIR', () => fs.open(at('folder'), 'read')],
      ['EISDIR', () => fs.remove(at('folder'))],
      ['ENOTEMPTY', () => fs.removeDirectory(at('folder'))],
      ['EEXIST', () => fs.link(at('file'), at('folder', 'file'))],
      ['EEXIST', () => fs.link(at('file'), at('folder'))],
    ];
    for (const [reason, call] of failing) {
      await expect(call()).rejects.toMatchObject({ code: 'STORAGE', reason, retryable: false });
    }
    expect((await fs.list(at())).map((entry) => entry.name).sort()).toEqual(['file', 'folder']);
  });

  it('gives a name to one of many who want it', async () => {
    const files = ['one', 'two', 'three', 'four'];
    for (const file of files) await write(at(file), file);
    const results = await Promise.allSettled(files.map((file) => fs.link(at(file), at('wanted'))));
    const won = results.findIndex(({ status }) => status === 'fulfilled');
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await read(fs, at('wanted'))).toBe(files[won]);
  });

  it('finds a directory again that others have made anew', async () => {
    await fs.makeDirectory(at('folder'));
    await write(at('folder', 'file'), 'old');
    const other = new OpfsFileSystem(await findOpfs(surroundings), at());
    await other.remove(at('folder', 'file'));
    await other.removeDirectory(at('folder'));
    await expect(fs.open(at('folder', 'file'), 'update')).rejects.toMatchObject({ reason: 'ENOENT' });
    await other.makeDirectory(at('folder'));
    await write(at('folder', 'file'), 'new');
    expect(await read(other, at('folder', 'file'))).toBe('new');
  });

  it('reads a large file no further once it is replaced, and a small one as it was', async () => {
    for (const [path, size] of [
      [at('large'), 300_000],
      [at('small'), 100],
    ] as const) {
      await write(path, 'x'.repeat(size));
      const file = await fs.open(path, 'read');
      await write(at('new'), 'new');
      await fs.rename(at('new'), path);
      const buffer = new Uint8Array(10);
      if (size === 100) expect(await file.read(buffer, 95)).toBe(5);
      else await expect(file.read(buffer, 0)).rejects.toMatchObject({ reason: 'ESTALE', retryable: true });
      await file.close();
      expect(await read(fs, path)).toBe('new');
    }
  });

  it('writes new files from their beginning to their end only, and reads no open one', async () => {
    const file = await fs.open(at('file'), 'create');
    await file.write(new Uint8Array(3), 0);
    await expect(file.write(new Uint8Array(3), 2)).rejects.toMatchObject({ reason: 'EINVAL' });
    await expect(file.truncate(1)).rejects.toMatchObject({ reason: 'ENOTSUP' });
    await expect(file.read(new Uint8Array(3), 0)).rejects.toMatchObject({ reason: 'EBADF' });
    await file.close();
    const reading = await fs.open(at('file'), 'read');
    await expect(reading.write(new Uint8Array(3), 0)).rejects.toMatchObject({ reason: 'EBADF' });
    await expect(reading.truncate(0)).rejects.toMatchObject({ reason: 'EBADF' });
    await reading.close();
  });

  it('keeps what a window adds in pieces, and makes one file of them when it is moved', async () => {
    for (const part of ['one ', 'two ', 'three']) await write(at('data'), part, 'update');
    expect(await fs.status(at('data'))).toMatchObject({ size: 13, directory: false });
    await withFile(await fs.open(at('data'), 'update'), async (file) => {
      await file.truncate(6);
      const buffer = new Uint8Array(10);
      expect(await file.read(buffer, 3)).toBe(1);
      expect(await file.read(buffer, 4)).toBe(2);
      expect(await file.read(buffer, 6)).toBe(0);
      await expect(file.write(buffer, 5)).rejects.toMatchObject({ reason: 'EINVAL' });
    });
    await write(at('data'), 'ofold', 'update');
    await fs.rename(at('data'), at('blob'));
    expect(await read(fs, at('blob'))).toBe('one twofold');
    expect(await fs.list(at())).toEqual([{ name: 'blob', directory: false }]);
  });

  it('takes what a worker wrote as the first piece', async () => {
    await write(at('data'), 'from a worker');
    const file = await fs.open(at('data'), 'update');
    const buffer = new Uint8Array(6);
    expect(await file.read(buffer, 7)).toBe(6);
    await writeFully(file, new TextEncoder().encode(', and more'), 13);
    await file.truncate(17);
    expect(await file.status()).toMatchObject({ size: 17 });
    await file.close();
    await fs.rename(at('data'), at('blob'));
    expect(await read(fs, at('blob'))).toBe('from a worker, an');
  });
});

describe('a blob that is removed while it is read', () => {
  let storage: Storage;

  beforeEach(async () => {
    storage = await openWebStorage(`${name}/store`);
  });

  afterEach(async () => {
    await storage.close();
  });

  const put = async (size: number): Promise<Awaited<ReturnType<Storage['content']['info']>>['digest']> => {
    const ingest = await storage.content.ingest('blob');
    await ingest.write(new Uint8Array(size).fill(7));
    return (await ingest.commit()).digest;
  };
  const aside = async (): Promise<readonly string[]> =>
    (await fs.list(at('store')).then((entries) => entries.some((entry) => entry.name === '.removed')))
      ? (await fs.list(at('store', '.removed'))).map((entry) => entry.name)
      : [];

  it('goes when the last reader ends, even if it comes and goes again meanwhile', async () => {
    const digest = await put(2_000_000);
    const first = await storage.content.open(digest);
    await storage.content.delete(digest);
    await expect(storage.content.open(digest)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await put(2_000_000)).toBe(digest);
    const second = await storage.content.open(digest);
    await storage.content.delete(digest);
    expect(await aside()).toEqual([digest.replace(':', '-')]);
    for (const stream of [first, second]) {
      let size = 0;
      for await (const bytes of stream) size += bytes.byteLength;
      expect(size).toBe(2_000_000);
    }
    expect(await aside()).toEqual([]);
  });

  it('goes with the next opening when its reader died', async () => {
    const digest = await put(2_000_000);
    const { locks } = navigator;
    // A reader that is gone has no lock any more, and left the blob aside.
    const stream = await storage.content.open(digest);
    await storage.content.delete(digest);
    expect(await aside()).toHaveLength(1);
    await locks.request(
      `stowage-read:${at('store', 'blobs', ...digest.split(':'))}`,
      { steal: true },
      () => undefined,
    );
    await (await openWebStorage(`${name}/store`)).close();
    expect(await aside()).toEqual([]);
    // The first piece was read ahead.
    const rest = (async () => {
      for await (const bytes of stream) expect(bytes.byteLength).toBeLessThan(2_000_000);
    })();
    await expect(rest).rejects.toMatchObject({ code: 'STORAGE', reason: 'ENOENT' });
  });
});

describe('a storage in a window', () => {
  it('is what openStorage opens for a root', async () => {
    const storage = await openStorage({ root: `${name}/store` });
    expect((await fs.list(at('store'))).map((entry) => entry.name).sort()).toEqual([
      'blobs',
      'index.json',
      'ingest',
      'oci-layout',
    ]);
    expect(JSON.parse(await read(fs, at('store', 'oci-layout')))).toEqual({ imageLayoutVersion: '1.0.0' });
    await storage.close();
    await expect(openStorage({ root: name })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('writes few large pieces of many small ones', async () => {
    const storage = await openWebStorage(`${name}/store`);
    const ingest = await storage.content.ingest('blob');
    for (let count = 0; count < 80; count += 1) await ingest.write(new Uint8Array(32 * 1024));
    await ingest.close();
    const [{ name: key } = { name: '' }] = await fs.list(at('store', 'ingest'));
    const pieces = (await fs.list(at('store', 'ingest', key, 'data~'))).map((entry) => Number(entry.name));
    expect(pieces.sort((left, right) => left - right)).toEqual([0, 2 ** 20, 2 ** 21]);
    await storage.content.abort('blob');
    await storage.close();
  });

  it('keeps the running hash of what was broken off, so that it need not be read again', async () => {
    const storage = await openWebStorage(`${name}/store`);
    const ingest = await storage.content.ingest('blob');
    await ingest.write(new TextEncoder().encode('abc'));
    await ingest.close();
    const [{ name: key } = { name: '' }] = await fs.list(at('store', 'ingest'));
    expect(await read(fs, at('store', 'ingest', key, 'hash'))).toMatch(/^sha256 3 [0-9a-f]+/);
    const resumed = await storage.content.ingest('blob');
    await resumed.write(new TextEncoder().encode('d'));
    const abcd = 'sha256:88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589';
    expect((await resumed.commit()).digest).toBe(abcd);
    await storage.close();
  });

  it('shows one large value or another, never a mixture, while it is replaced', async () => {
    const storage = await openWebStorage(`${name}/store`);
    const { metadata } = storage;
    const values = [1, 2, 3, 4].map((seed) => new Uint8Array(600_000).fill(seed));
    await metadata.set('x', 'key', new Uint8Array(600_000));
    const writes = values.map((value) => metadata.set('x', 'key', value));
    const reads = Array.from({ length: 20 }, () => metadata.get('x', 'key'));
    for (const value of await Promise.all(reads)) {
      expect(value?.byteLength).toBe(600_000);
      expect(new Set(value).size).toBe(1);
    }
    await Promise.all(writes);
    await storage.close();
  });
});

describe('WebLocks', () => {
  it('tells when code of the page took a lock away', async () => {
    const locks = new WebLocks((await findOpfs(surroundings)).locks);
    const lock = await locks.acquire(at('lock'));
    await lock.confirm();
    await navigator.locks.request(`stowage:${at('lock')}`, { steal: true }, () => undefined);
    await expect(lock.confirm()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    await lock[Symbol.asyncDispose]();
    expect(await locks.tryAcquire(at('lock'))).toBeDefined();
    await locks.close();
    await expect(locks.tryAcquire(at('lock'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
