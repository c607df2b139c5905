import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asDigest, StowageError } from '@stowage/types';
import type { Clock, ContentInfo, Storage } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileStorage, openStorageOn } from './file-storage.ts';
import type { FileSystem } from './file-system.ts';
import { nodeFileSystem } from './node-file-system.ts';
import { makeFileSandbox, put, sha256, text } from './test-support/file-sandbox.ts';
import type { FileSandbox } from './test-support/file-sandbox.ts';

const EMPTY_INDEX =
  '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';

let sandbox: FileSandbox;
let root: string;
const open = (clock?: Clock): Promise<Storage> => sandbox.open(clock, root);

beforeEach(async () => {
  sandbox = await makeFileSandbox();
  ({ root } = sandbox);
});

afterEach(() => sandbox.remove());

describe('the directory of a file storage', () => {
  it('is an OCI image layout for the owner alone', async () => {
    const storage = await open();
    expect(await readFile(join(root, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
    expect(await readFile(join(root, 'index.json'), 'utf8')).toBe(EMPTY_INDEX);
    const { digest } = await put(storage, 'blob', { a: 'b' });
    const hex = digest.slice('sha256:'.length);
    await storage.metadata.set('layers', 'sha256/00.json', text('layer'));
    await storage.metadata.set('seek', 'sha256/00', text('seek'));
    await storage.metadata.set('images', 'sha256/00.json', text('image'));
    await storage.metadata.set('v2metadata-by-diffid', 'sha256/00', text('[]'));
    const ingest = await storage.content.ingest('partial', {
      size: 9,
      digest: asDigest(`sha256:${'0'.repeat(64)}`),
    });
    await ingest.write(text('so far'));
    await ingest.close();
    const files: Record<string, string> = {};
    for (const name of (await readdir(root, { recursive: true })).sort()) {
      const status = await stat(join(root, name));
      expect([name, (status.mode & 0o777).toString(8)]).toEqual([name, status.isDirectory() ? '700' : '600']);
      if (status.isFile()) files[name] = await readFile(join(root, name), 'utf8');
    }
    const key = sha256('partial');
    expect(Object.keys(files)).toEqual(
      [
        `blobs/sha256/${hex}`,
        'images/sha256/00.json',
        'index.json',
        `ingest/${key}/data`,
        `ingest/${key}/ref`,
        `ingest/${key}/state`,
        'layers/sha256/00.json',
        `metadata/content-labels/sha256/${hex}.json`,
        'metadata/v2metadata-by-diffid/sha256/00',
        'oci-layout',
        'seek/sha256/00',
      ].sort(),
    );
    expect(files[`ingest/${key}/data`]).toBe('so far');
    expect(files[`ingest/${key}/ref`]).toBe('partial');
    expect(JSON.parse(files[`ingest/${key}/state`] ?? '')).toMatchObject({
      size: 9,
      digest: `sha256:${'0'.repeat(64)}`,
    });
    expect(files[`metadata/content-labels/sha256/${hex}.json`]).toBe('{"a":"b"}');
  });

  it('may be one that another tool made, which is left as it is', async () => {
    await mkdir(join(root, 'blobs', 'sha256'), { recursive: true });
    const hex = sha256('theirs');
    await writeFile(join(root, 'blobs', 'sha256', hex), 'theirs');
    await writeFile(join(root, 'blobs', 'sha256', 'README'), 'no blob');
    await writeFile(join(root, 'oci-layout'), '{ "imageLayoutVersion": "1.0.0", "more": 1 }\n');
    await writeFile(join(root, 'index.json'), '{"schemaVersion":2,"manifests":[{"theirs":true}]}');
    const storage = await open();
    const infos: ContentInfo[] = [];
    for await (const info of storage.content.walk()) infos.push(info);
    expect(infos).toEqual([{ digest: `sha256:${hex}`, size: 6, labels: {} }]);
    expect(await readFile(join(root, 'oci-layout'), 'utf8')).toContain('more');
    expect(await readFile(join(root, 'index.json'), 'utf8')).toContain('theirs');
  });

  it('gets back an index that is missing', async () => {
    await open();
    await rm(join(root, 'index.json'));
    await open();
    expect(await readFile(join(root, 'index.json'), 'utf8')).toBe(EMPTY_INDEX);
  });

  it('may be empty or not there, with those above it', async () => {
    root = join(sandbox.path, 'a', 'b', 'c');
    await open();
    expect((await stat(join(sandbox.path, 'a'))).mode & 0o777).toBe(0o700);
    root = join(sandbox.path, 'empty');
    await mkdir(root);
    await open();
  });

  it('is refused and left alone where it holds something else', async () => {
    await mkdir(root);
    await writeFile(join(root, 'thesis.txt'), 'precious');
    await expect(open()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await readdir(root)).toEqual(['thesis.txt']);
  });

  it('is refused where its layout has another version, or none', async () => {
    await mkdir(root);
    for (const [content, code] of [
      ['{"imageLayoutVersion":"2.0.0"}', 'UNSUPPORTED'],
      ['{"imageLayoutVersion":1}', 'INVALID_ARGUMENT'],
      ['null', 'INVALID_ARGUMENT'],
      ['', 'INVALID_ARGUMENT'],
      [' '.repeat(100_000), 'LIMIT_EXCEEDED'],
    ] as const) {
      await writeFile(join(root, 'oci-layout'), content);
      await expect(open()).rejects.toMatchObject({ code });
      expect(await readdir(root)).toEqual(['oci-layout']);
      expect(await readFile(join(root, 'oci-layout'), 'utf8')).toBe(content);
    }
  });

  it('is refused where it is no directory, or no path', async () => {
    await writeFile(root, 'a file');
    await expect(open()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    for (const bad of ['', 'a\0b', undefined as never, 7 as never]) {
      await expect(openFileStorage(bad)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it('may be opened many times at once', async () => {
    const storages = await Promise.all(Array.from({ length: 8 }, () => open()));
    const { digest } = await put(storages[0] as Storage, 'shared');
    for (const storage of storages) expect((await storage.content.info(digest)).size).toBe(6);
    const ingest = await (storages[1] as Storage).content.ingest('one');
    await expect((storages[2] as Storage).content.ingest('one')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    await ingest.close();
    const order: number[] = [];
    await Promise.all(
      storages.map(async (storage, index) => {
        const lock = await storage.lock('index');
        order.push(index);
        await lock[Symbol.asyncDispose]();
      }),
    );
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('loses old temporary files and keeps new ones, which are somebody’s', async () => {
    const storage = await open();
    await storage.metadata.set('layers', 'sha256/00.json', text('kept'));
    const places = [root, join(root, 'layers'), join(root, 'layers', 'sha256')];
    for (const place of places) {
      await writeFile(join(place, '.tmp-old'), 'half');
      await writeFile(join(place, '.tmp-new'), 'half');
      const old = Date.now() / 1000 - 3601;
      await utimes(join(place, '.tmp-old'), old, old);
    }
    const keys: string[] = [];
    for await (const key of (await open()).metadata.keys('layers')) keys.push(key);
    expect(keys).toEqual(['sha256/00.json']);
    for (const place of places) {
      const names = await readdir(place);
      expect(names).toContain('.tmp-new');
      expect(names).not.toContain('.tmp-old');
    }
  });

  it('loses what is left of ingests that never began, and of labels', async () => {
    const storage = await open();
    const { digest } = await put(storage, 'blob', { a: 'b' });
    const rest = join(root, 'ingest', sha256('never begun'));
    const labels = join(root, 'metadata', 'content-labels', 'sha256');
    await mkdir(rest);
    await writeFile(join(rest, 'state'), '{}');
    await writeFile(join(labels, '.tmp-old'), 'half');
    const list = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const { ref } of storage.content.ingests()) found.push(ref);
      for await (const info of storage.content.walk()) found.push(info.digest);
      return found;
    };
    expect(await list()).toEqual([digest]);
    expect(await readdir(join(root, 'ingest'))).toHaveLength(1);
    const old = Date.now() / 1000 - 3601;
    for (const path of [rest, join(labels, '.tmp-old')]) await utimes(path, old, old);
    expect(await list()).toEqual([digest]);
    expect(await readdir(join(root, 'ingest'))).toEqual([]);
    expect(await readdir(labels)).toEqual([`${digest.slice('sha256:'.length)}.json`]);
  });

  it('syncs nothing for what need not outlive the machine', async () => {
    const syncs: string[] = [];
    const counting: FileSystem = {
      ...nodeFileSystem,
      open: async (path, mode) => {
        const file = await nodeFileSystem.open(path, mode);
        const sync = file.sync.bind(file);
        return Object.assign(file, {
          sync: () => {
            syncs.push(path);
            return sync();
          },
        });
      },
      syncDirectory: (path) => {
        syncs.push(path);
        return nodeFileSystem.syncDirectory(path);
      },
    };
    const storage = await openStorageOn(counting, root);
    const blobs = [await put(storage, 'one', { a: 'b' }), await put(storage, 'two')];
    await storage.metadata.set('leases', 'first', text('1'), { durable: false });
    syncs.length = 0;
    await storage.metadata.set('leases', 'second', text('2'), { durable: false });
    await storage.metadata.delete('leases', 'first', { durable: false });
    for (const { digest } of blobs) await storage.content.delete(digest, { durable: false });
    await (await storage.lock('index'))[Symbol.asyncDispose]();
    expect(syncs).toEqual([]);
    expect(await readdir(join(root, 'metadata', 'content-labels', 'sha256'))).toEqual([]);
    await storage.metadata.delete('leases', 'second');
    expect(syncs).toEqual([join(root, 'metadata', 'leases')]);
    await storage.close();
  });

  it('can be read where nothing can be written', async () => {
    const { digest } = await put(await open(), 'blob', { a: 'b' });
    const refuse = (): Promise<never> =>
      Promise.reject(new StowageError('STORAGE', 'EROFS: read-only file system', { reason: 'EROFS' }));
    const readOnly: FileSystem = {
      ...nodeFileSystem,
      open: (path, mode) => (mode === 'read' ? nodeFileSystem.open(path, mode) : refuse()),
      makeDirectory: refuse,
      link: refuse,
      rename: refuse,
      remove: refuse,
      removeDirectory: refuse,
      touch: refuse,
      syncDirectory: refuse,
    };
    const storage = await openStorageOn(readOnly, root);
    expect(await storage.content.info(digest)).toEqual({ digest, size: 4, labels: { a: 'b' } });
    expect(await storage.content.read(digest, { maxBytes: 10 })).toEqual(text('blob'));
    const failure = { code: 'STORAGE', reason: 'EROFS' };
    await expect(storage.content.ingest('layer')).rejects.toMatchObject(failure);
    await expect(storage.content.delete(digest)).rejects.toMatchObject(failure);
    await expect(storage.metadata.set('x', 'key', text('value'))).rejects.toMatchObject(failure);
    await expect(storage.lock('index')).rejects.toMatchObject(failure);
    await storage.close();
  });
});
