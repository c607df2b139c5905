import { mkdir, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Storage } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFileSandbox, put, sha256, text } from './test-support/file-sandbox.ts';
import type { FileSandbox } from './test-support/file-sandbox.ts';

let sandbox: FileSandbox;
let root: string;
const open = (clock?: Clock): Promise<Storage> => sandbox.open(clock);

beforeEach(async () => {
  sandbox = await makeFileSandbox();
  ({ root } = sandbox);
});

afterEach(() => sandbox.remove());

describe('a damaged file storage', () => {
  it('begins anew what has bytes and no name', async () => {
    const storage = await open();
    const directory = join(root, 'ingest', sha256('layer'));
    for (const ref of [undefined, '', 'another', '\uFFFD']) {
      await mkdir(directory);
      await writeFile(join(directory, 'data'), 'leftover');
      await writeFile(join(directory, 'state'), '{"size":3}');
      await writeFile(join(directory, 'junk'), 'junk');
      await mkdir(join(directory, 'folder'));
      await writeFile(join(directory, 'folder', 'junk'), 'junk');
      if (ref !== undefined) await writeFile(join(directory, 'ref'), ref);
      for await (const status of storage.content.ingests()) expect(status).toBeUndefined();
      const ingest = await storage.content.ingest('layer');
      expect(ingest.offset).toBe(0);
      await ingest.write(text('longer than 3'));
      expect((await ingest.commit()).size).toBe(13);
      expect(await readdir(join(root, 'ingest'))).toEqual([]);
    }
  });

  it('forgets what an ingest expected where its state cannot be read', async () => {
    const storage = await open();
    const states = [
      '',
      'null',
      '7',
      '{"size":-1,"digest":"x","startedAt":"now"}',
      '{"labels":{"a":1}}',
      '[]',
    ];
    for (const state of states) {
      const first = await storage.content.ingest('layer', { size: 3 });
      await first.write(text('abc'));
      await first.close();
      await writeFile(join(root, 'ingest', sha256('layer'), 'state'), state);
      for await (const status of storage.content.ingests()) {
        expect(status).toMatchObject({ ref: 'layer', offset: 3 });
        expect(status).not.toHaveProperty('size');
      }
      const second = await storage.content.ingest('layer');
      await second.write(text('defg'));
      expect((await second.commit()).labels).toEqual({});
    }
  });

  it('says so when labels cannot be read', async () => {
    const storage = await open();
    const { digest } = await put(storage, 'blob', { a: 'b' });
    const file = join(root, 'metadata', 'content-labels', 'sha256', `${digest.slice(7)}.json`);
    for (const content of ['', '{"a":', '{"a":1}', 'null']) {
      await writeFile(file, content);
      await expect(storage.content.info(digest)).rejects.toMatchObject({ code: 'DATA_LOSS' });
    }
    expect((await storage.content.read(digest, { maxBytes: 10 })).byteLength).toBe(4);
  });

  it('gives a blob none of the labels that one before it left behind', async () => {
    const storage = await open();
    const { digest } = await put(storage, 'blob', { old: 'yes' });
    const blob = join(root, 'blobs', 'sha256', digest.slice(7));
    await rm(blob);
    expect((await put(storage, 'blob')).labels).toEqual({});
    expect((await storage.content.info(digest)).labels).toEqual({});
  });

  it('repairs a blob of the wrong size by taking it in again', async () => {
    const storage = await open();
    const { digest } = await put(storage, 'blob');
    await truncate(join(root, 'blobs', 'sha256', digest.slice(7)), 2);
    expect((await storage.content.info(digest)).size).toBe(2);
    expect((await put(storage, 'blob')).size).toBe(4);
    expect(await storage.content.read(digest, { maxBytes: 10 })).toEqual(text('blob'));
  });

  it('fails a stream whose blob ends early', async () => {
    const storage = await open();
    const { digest } = await put(storage, 'x'.repeat(1_000_000));
    const reader = (await storage.content.open(digest)).getReader();
    await reader.read();
    await truncate(join(root, 'blobs', 'sha256', digest.slice(7)), 300_000);
    const rest = (async () => {
      while (!(await reader.read()).done);
    })();
    await expect(rest).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });

  it('fails a resumed ingest whose bytes are gone', async () => {
    const storage = await open();
    const first = await storage.content.ingest('layer');
    await first.write(text('abc'));
    await first.close();
    const second = await storage.content.ingest('layer');
    await truncate(join(root, 'ingest', sha256('layer'), 'data'), 1);
    await expect(second.write(text('d'))).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await second.truncate(0);
    await second.write(text('anew'));
    expect((await second.commit()).size).toBe(4);
  });

  it('keeps values where they are too large to be read', async () => {
    const storage = await open();
    await storage.metadata.set('x', 'key', text('small'));
    await truncate(join(root, 'metadata', 'x', 'key'), 2 ** 28 + 1);
    await expect(storage.metadata.get('x', 'key')).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect((await stat(join(root, 'metadata', 'x', 'key'))).size).toBe(2 ** 28 + 1);
  });
});

describe('a file storage that loses a lock', () => {
  it('writes no more of an ingest and publishes nothing', async () => {
    let time = Date.now();
    const clock: Clock = { now: () => time, sleep: () => Promise.reject(new Error('not here')) };
    const storage = await open(clock);
    const ingest = await storage.content.ingest('layer');
    await ingest.write(text('mine'));
    const lock = join(root, 'ingest', sha256('layer'), 'lock');
    await rm(lock, { recursive: true });
    time += 60_000;
    await expect(ingest.commit()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect(ingest.offset).toBe(0);
    await expect(ingest.write(new Uint8Array(3_000_000))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(ingest.truncate(0)).resolves.toBeUndefined();
    expect(await readdir(join(root, 'blobs', 'sha256'))).toEqual([]);
    await ingest.close().catch(() => undefined);
    const again = await storage.content.ingest('layer');
    expect(again.offset).toBe(0);
  });

  it('looks once more before it publishes', async () => {
    const storage = await open();
    const ingest = await storage.content.ingest('layer');
    await ingest.write(text('mine'));
    await rm(join(root, 'ingest', sha256('layer'), 'lock'), { recursive: true });
    await expect(ingest.commit()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect(await readdir(join(root, 'blobs', 'sha256'))).toEqual([]);
    await expect(ingest.close()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  });
});
