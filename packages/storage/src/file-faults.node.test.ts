import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asDigest, StowageError } from '@stowage/types';
import type { Bytes, Storage } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStorageOn } from './file-storage.ts';
import type { FileSystem, OpenFile } from './file-system.ts';
import { nodeFileSystem } from './node-file-system.ts';

const MiB = 1024 * 1024;
const DISK_FULL = { code: 'STORAGE', reason: 'ENOSPC' };
const text = (value: string): Bytes => new TextEncoder().encode(value);

/** The real file system with a disk that can be full, calls that can fail, and a count of open files. */
class FaultyDisk {
  readonly fs: FileSystem;
  /** Bytes of room left. */
  room = Number.POSITIVE_INFINITY;
  /** The most bytes that one read or write moves. */
  step = Number.POSITIVE_INFINITY;
  /** Calls that fail, by name, with the code they fail with. */
  readonly failing = new Map<keyof FileSystem | keyof OpenFile, string>();
  openFiles = 0;

  constructor() {
    this.fs = this.#failing({
      ...nodeFileSystem,
      open: async (path, mode) => {
        this.#check('open');
        const file = await nodeFileSystem.open(path, mode);
        this.openFiles += 1;
        return this.#file(file);
      },
    });
  }

  #file(file: OpenFile): OpenFile {
    return this.#failing({
      read: (buffer, position) => file.read(buffer.subarray(0, this.step), position),
      write: async (bytes, position) => {
        if (this.room <= 0 && bytes.byteLength > 0) throw failed('ENOSPC');
        const written = await file.write(bytes.subarray(0, Math.min(this.step, this.room)), position);
        this.room -= written;
        return written;
      },
      status: () => file.status(),
      truncate: (size) => file.truncate(size),
      sync: () => file.sync(),
      touch: (at) => file.touch(at),
      close: () => {
        this.openFiles -= 1;
        return file.close();
      },
    });
  }

  #check(name: keyof FileSystem | keyof OpenFile): void {
    const code = this.failing.get(name);
    if (code !== undefined) throw failed(code);
  }

  #failing<T extends FileSystem | OpenFile>(target: T): T {
    return new Proxy(target, {
      get: (object, name: keyof T & (keyof FileSystem | keyof OpenFile)) => {
        const code = this.failing.get(name);
        return code === undefined ? object[name] : () => Promise.reject(failed(code));
      },
    });
  }
}

function failed(reason: string): StowageError {
  return new StowageError('STORAGE', reason, { reason });
}

let root: string;
let disk: FaultyDisk;
let storage: Storage;

beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), 'stowage-faults-')), 'root');
  disk = new FaultyDisk();
  storage = await openStorageOn(disk.fs, root);
});

afterEach(async () => {
  await storage.close();
  expect(disk.openFiles).toBe(0);
  await rm(join(root, '..'), { recursive: true });
});

describe('a disk that is full', () => {
  const bytes = new Uint8Array(5 * MiB).map((_, index) => index % 251);
  const digest = asDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);

  it('stops an ingest at what was kept, and lets it go on from there', async () => {
    const ingest = await storage.content.ingest('layer', { digest, size: bytes.byteLength });
    disk.room = 1.5 * MiB;
    await expect(ingest.write(bytes)).rejects.toMatchObject(DISK_FULL);
    expect(ingest.offset).toBe(1.5 * MiB);
    await expect(ingest.write(bytes.subarray(ingest.offset))).rejects.toMatchObject(DISK_FULL);
    expect(ingest.offset).toBe(1.5 * MiB);
    disk.room = Number.POSITIVE_INFINITY;
    await ingest.write(bytes.subarray(ingest.offset));
    expect((await ingest.commit()).digest).toBe(digest);
    expect(Buffer.compare(await storage.content.read(digest, { maxBytes: 5 * MiB }), bytes)).toBe(0);
  });

  it('is told of by commit and by close at the latest, which frees all the same', async () => {
    const first = await storage.content.ingest('layer');
    await first.write(text('abc'));
    disk.room = 2;
    await expect(first.commit()).rejects.toMatchObject(DISK_FULL);
    expect(first.offset).toBe(2);
    await first.write(text('c'));
    await expect(first.close()).rejects.toMatchObject(DISK_FULL);
    await first.close();
    disk.room = Number.POSITIVE_INFINITY;
    const second = await storage.content.ingest('layer');
    expect(second.offset).toBe(2);
    await second.write(text('c'));
    expect((await second.commit()).digest).toBe(`sha256:${createHash('sha256').update('abc').digest('hex')}`);
  });

  it('lets an ingest be emptied', async () => {
    const ingest = await storage.content.ingest('layer');
    disk.room = 0.5 * MiB;
    await ingest.write(bytes.subarray(0, 1.5 * MiB));
    await ingest.truncate(0);
    expect(ingest.offset).toBe(0);
    disk.room = Number.POSITIVE_INFINITY;
    await ingest.write(bytes);
    await ingest.truncate(4 * MiB + 1);
    await ingest.write(bytes.subarray(4 * MiB + 1));
    expect((await ingest.commit()).digest).toBe(digest);
  });

  it('does not let an ingest be cut where its bytes were lost', async () => {
    const ingest = await storage.content.ingest('layer');
    disk.room = 0.5 * MiB;
    await ingest.write(bytes.subarray(0, 1.5 * MiB));
    await expect(ingest.truncate(0.75 * MiB)).rejects.toMatchObject(DISK_FULL);
    expect(ingest.offset).toBe(0.5 * MiB);
    await ingest.close();
  });

  it('begins no ingest and leaves nothing of it', async () => {
    disk.room = 0;
    await expect(storage.content.ingest('layer')).rejects.toMatchObject(DISK_FULL);
    await expect(storage.lock('index')).rejects.toMatchObject(DISK_FULL);
    expect(
      (await readdir(join(root, 'ingest'), { recursive: true })).filter((name) => /\.|lock/.test(name)),
    ).toEqual([]);
    disk.room = Number.POSITIVE_INFINITY;
    await (await storage.content.ingest('layer')).close();
    await (await storage.lock('index'))[Symbol.asyncDispose]();
  });

  it('makes no store, and none by halves', async () => {
    await storage.close();
    for (let room = 0; room < 200; room += 7) {
      await rm(root, { recursive: true });
      disk.room = room;
      const opened = await openStorageOn(disk.fs, root).catch((error: unknown) => error);
      if (opened instanceof StowageError) expect(opened).toMatchObject(DISK_FULL);
      else expect(room).toBeGreaterThan(100);
      disk.room = Number.POSITIVE_INFINITY;
      storage = await openStorageOn(disk.fs, root);
      const index = new TextDecoder().decode(await storage.metadata.get('layout', 'index.json'));
      expect(JSON.parse(index)).toMatchObject({ schemaVersion: 2, manifests: [] });
      await storage.close();
    }
  });

  it('leaves the old value and no temporary file', async () => {
    await storage.metadata.set('x', 'key', text('old'));
    disk.room = 1;
    await expect(storage.metadata.set('x', 'key', text('new'))).rejects.toMatchObject(DISK_FULL);
    expect(await storage.metadata.get('x', 'key')).toEqual(text('old'));
    expect(await readdir(join(root, 'metadata', 'x'))).toEqual(['key']);
  });
});

describe('a disk that fails', () => {
  it('may write and read less than it was asked to', async () => {
    disk.step = 1000;
    const bytes = new Uint8Array(70_000).map((_, index) => index % 251);
    const first = await storage.content.ingest('layer');
    await first.write(bytes.subarray(0, 30_000));
    await first.close();
    const second = await storage.content.ingest('layer');
    await second.write(bytes.subarray(30_000));
    const { digest } = await second.commit();
    expect(Buffer.compare(await storage.content.read(digest, { maxBytes: 70_000 }), bytes)).toBe(0);
    let at = 0;
    for await (const piece of await storage.content.open(digest)) {
      expect(Buffer.compare(piece, bytes.subarray(at, at + 1000))).toBe(0);
      at += piece.byteLength;
    }
    expect(at).toBe(70_000);
  });

  for (const call of ['sync', 'rename', 'syncDirectory'] as const) {
    it(`in ${call}, publishes on the next try`, async () => {
      const ingest = await storage.content.ingest('layer', { labels: { a: 'b' } });
      await ingest.write(text('blob'));
      disk.failing.set(call, 'EIO');
      await expect(ingest.commit()).rejects.toMatchObject({ code: 'STORAGE', reason: 'EIO' });
      disk.failing.clear();
      const info = await ingest.commit();
      expect(await storage.content.info(info.digest)).toEqual({ ...info, size: 4, labels: { a: 'b' } });
    });
  }

  it('frees an ingest that it cannot open', async () => {
    disk.failing.set('status', 'EIO');
    await expect(storage.content.ingest('layer')).rejects.toMatchObject({ code: 'STORAGE' });
    disk.failing.clear();
    await (await storage.content.ingest('layer')).close();
  });

  it('begins beside the lock that somebody else makes ready', async () => {
    const theirs = join(root, 'ingest', createHash('sha256').update('layer').digest('hex'), '.lock-theirs');
    await mkdir(theirs, { recursive: true });
    // They write into it while it is being removed.
    disk.failing.set('removeDirectory', 'ENOTEMPTY');
    const ingest = await storage.content.ingest('layer');
    await ingest.write(text('blob'));
    expect((await ingest.commit()).size).toBe(4);
    disk.failing.clear();
    await (await storage.content.ingest('layer')).close();
  });

  it('commits although it cannot clear away', async () => {
    const ingest = await storage.content.ingest('layer');
    await ingest.write(text('blob'));
    disk.failing.set('remove', 'EIO');
    expect((await ingest.commit()).size).toBe(4);
    disk.failing.clear();
  });

  it('ends streams and closes their files', async () => {
    const ingest = await storage.content.ingest('layer');
    await ingest.write(new Uint8Array(2 * MiB));
    const { digest } = await ingest.commit();
    const files = disk.openFiles;
    const cancelled = await storage.content.open(digest);
    expect(disk.openFiles).toBe(files + 1);
    await cancelled.cancel();
    for await (const piece of await storage.content.open(digest)) expect(piece.byteLength).toBeGreaterThan(0);
    await expect(storage.content.open(digest, { offset: 3 * MiB })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(storage.content.read(digest, { maxBytes: 1 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    expect(disk.openFiles).toBe(files);
    const reader = (await storage.content.open(digest)).getReader();
    await reader.read();
    disk.failing.set('read', 'EIO');
    const rest = (async () => {
      while (!(await reader.read()).done);
    })();
    await expect(rest).rejects.toMatchObject({ code: 'STORAGE', reason: 'EIO' });
    expect(disk.openFiles).toBe(files);
  });

  it('may know no links', async () => {
    await storage.close();
    await rm(root, { recursive: true });
    disk.failing.set('link', 'EPERM');
    storage = await openStorageOn(disk.fs, root);
    expect((await readdir(root)).sort()).toEqual(['blobs', 'index.json', 'ingest', 'oci-layout']);
  });

  it.each(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES'])('says why: %s', async (reason) => {
    const error = { code: 'STORAGE', reason, retryable: false };
    const ingest = await storage.content.ingest('layer');
    await ingest.write(text('blob'));
    disk.failing.set('sync', reason);
    await expect(ingest.commit()).rejects.toMatchObject(error);
    await expect(storage.metadata.set('x', 'key', text('value'))).rejects.toMatchObject(error);
    disk.failing.clear();
    await ingest.close();
  });

  it('does not try for ever to write nothing', async () => {
    disk.step = 0;
    const failure = { code: 'STORAGE', reason: 'EIO' };
    await expect(storage.metadata.set('x', 'key', text('value'))).rejects.toMatchObject(failure);
    disk.step = Number.POSITIVE_INFINITY;
  });
});

describe('nodeFileSystem', () => {
  it.runIf(existsSync('/dev/full'))('tells of a disk that is full as the system does', async () => {
    const full = await nodeFileSystem.open('/dev/full', 'update');
    await expect(full.write(text('more'), 0)).rejects.toMatchObject({ ...DISK_FULL, retryable: false });
    await full.close();
  });

  it('tells the code of the system', async () => {
    const missing = join(root, 'missing');
    const codes = [
      [() => nodeFileSystem.open(missing, 'read'), 'ENOENT'],
      [() => nodeFileSystem.open(join(root, 'index.json'), 'create'), 'EEXIST'],
      [() => nodeFileSystem.list(join(root, 'index.json')), 'ENOTDIR'],
      [() => nodeFileSystem.removeDirectory(root), 'ENOTEMPTY'],
      [() => nodeFileSystem.syncDirectory(missing), 'ENOENT'],
    ] as const;
    for (const [call, reason] of codes) {
      await expect(call()).rejects.toMatchObject({ code: 'STORAGE', reason, retryable: false });
    }
    await expect(nodeFileSystem.open(missing, 'read')).rejects.toThrow(missing);
  });
});
