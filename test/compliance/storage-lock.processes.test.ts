import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Readable, Writable } from 'node:stream';
import { openFileStorage } from '@stowage/storage/node';
import type { Storage } from '@stowage/types';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleScript } from '../support/bundle-script.ts';
import { all, failure, rejection } from './storage-subject.ts';

type Child = ChildProcessByStdio<Writable, Readable, null>;

const MiB = 1024 * 1024;

describe('a file storage that several processes use', () => {
  let scripts: string;
  let root: string;
  let storage: Storage;
  const children: Child[] = [];

  const start = (...args: readonly string[]): Child => {
    const child = spawn(process.execPath, [join(scripts, 'child.mjs'), ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    return child;
  };
  const holder = async (): Promise<Child> => {
    const child = start('hold', root, 'layer');
    await once(child.stdout, 'data');
    return child;
  };

  beforeAll(async () => {
    scripts = await mkdtemp(join(tmpdir(), 'stowage-scripts-'));
    await bundleScript(new URL('storage-lock-child.ts', import.meta.url), join(scripts, 'child.mjs'));
  });

  afterAll(() => rm(scripts, { recursive: true }));

  beforeEach(async () => {
    root = join(await mkdtemp(join(tmpdir(), 'stowage-processes-')), 'root');
    storage = await openFileStorage(root);
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await storage.close();
    await rm(join(root, '..'), { recursive: true });
  });

  it('loses no update made under a lock, whoever opens the store first', async () => {
    await storage.close();
    await rm(root, { recursive: true });
    const exits = [1, 2, 3, 4].map(() => once(start('count', root, '25'), 'exit'));
    expect((await Promise.all(exits)).map(([code]) => code as unknown)).toEqual([0, 0, 0, 0]);
    storage = await openFileStorage(root);
    const value = await storage.metadata.get('numbers', 'counter');
    expect(new TextDecoder().decode(value)).toBe('100');
    expect((await all(storage.content.walk())).map(({ size }) => size)).toEqual([19]);
    expect(await all(storage.content.ingests())).toEqual([]);
  });

  it('respects what another process holds, and gets it once that lets go', async () => {
    const child = await holder();
    expect((await failure('UNAVAILABLE', storage.content.ingest('layer'))).retryable).toBe(true);
    await failure('UNAVAILABLE', storage.content.abort('layer'));
    expect((await all(storage.content.ingests())).map(({ ref }) => ref)).toEqual(['layer']);
    const reason = new Error('enough');
    const controller = new AbortController();
    const waiting = rejection(storage.lock('held', { signal: controller.signal }));
    controller.abort(reason);
    expect(await waiting).toBe(reason);

    const lock = storage.lock('held');
    const exit = once(child, 'exit');
    child.stdin.write('end\n');
    await (await lock)[Symbol.asyncDispose]();
    await exit;
    const ingest = await storage.content.ingest('layer');
    expect(ingest.offset).toBe(3 * MiB);
    await ingest.close();
  });

  it('takes over from a process that was killed', async () => {
    const child = await holder();
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    await (await storage.lock('held'))[Symbol.asyncDispose]();
    const ingest = await storage.content.ingest('layer');
    // Of the three MiB the last two may have been in buffers still.
    expect(ingest.offset).toBeGreaterThanOrEqual(MiB);
    expect(ingest.offset).toBeLessThanOrEqual(3 * MiB);
    await ingest.write(new Uint8Array(3 * MiB - ingest.offset).fill(7));
    const { digest, size } = await ingest.commit();
    expect(size).toBe(3 * MiB);
    expect((await storage.content.read(digest, { maxBytes: size })).every((byte) => byte === 7)).toBe(true);
  });
});
