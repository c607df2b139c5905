import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import { gzip } from 'pako';
import { afterAll, describe, expect, it } from 'vitest';
import { digestBytes } from '../digest/digest-bytes.ts';
import { scanTar } from '../tar/scan-tar.ts';
import type { TarHeader } from '../tar/tar-header.ts';
import { createTarWriter } from '../tar/tar-writer.ts';
import { LocalWorker } from '../test-support/local-worker.ts';
import { closeWorkers, createWorkerPool } from '../workers/worker-pool.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import { ENTRIES_AT_ONCE, MAX_IN_FLIGHT } from '../workers/worker-protocol.ts';
import type { FromWorker, ToWorker } from '../workers/worker-protocol.ts';
import { createLayerStage } from './layer-stage.ts';
import type { LayerStage, LayerStageInit } from './layer-stage.ts';

/** An archive of some entries with everything that a header can have, and of many plain ones. */
function archive(files: number): Bytes {
  const writer = createTarWriter();
  const parts = [
    ...writer.entry({ name: 'etc', type: 'dir', mode: 0o1777, uid: 1, gid: 2, uname: 'a', gname: 'b' }),
    ...writer.entry({ name: 'caf\udce9', xattrs: { 'user.mime': 'text/plain' } }),
    ...writer.entry({ name: 'tty', type: 'char', devmajor: 5, devminor: 1 }),
    ...writer.entry({ name: 'link', type: 'symlink', linkname: '../etc', mtime: 1.5 }),
  ];
  for (let at = 0; at < files; at += 1) parts.push(...writer.entry({ name: `f${String(at)}` }, PAGE));
  parts.push(writer.end());
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const PAGE = new Uint8Array(700).fill(7);
const FILES = 3 * ENTRIES_AT_ONCE;
const TAR = archive(FILES);
const BLOB = gzip(TAR);

function scanned(tar: Bytes): TarHeader[] {
  const entries: TarHeader[] = [];
  const scanner = scanTar({ onEntry: (entry) => entries.push(entry) });
  scanner.write(tar);
  scanner.end();
  return entries;
}

async function feed(stage: LayerStage, blob: Uint8Array): Promise<string> {
  for (let at = 0; at < blob.length; at += 999) await stage.write(blob.subarray(at, at + 999));
  return String((await stage.end()).diffId);
}

const local: WorkerPool = createWorkerPool({ create: () => new LocalWorker(), size: 1 });
afterAll(() => Promise.all([local.close(), closeWorkers()]));

describe.each([
  ['thread', false],
  ['worker', true],
  ['local worker', local],
] as const)('the entries of a layer, %s', (_place, worker) => {
  const create = (init: LayerStageInit): Promise<LayerStage> => createLayerStage({ ...init, worker });

  it('are all told by the end, in order, as the scanner tells them', async () => {
    const entries: TarHeader[] = [];
    const stage = await create({ onEntry: (entry) => void entries.push(entry) });
    expect(await feed(stage, BLOB)).toBe(await digestBytes(TAR));
    expect(entries).toHaveLength(FILES + 4);
    expect(entries).toEqual(scanned(TAR));
  });

  it('are told where the plain bytes are asked for, too', async () => {
    let [count, size] = [0, 0];
    const stage = await create({
      onEntry: () => (count += 1),
      async onOutput(bytes) {
        await Promise.resolve();
        size += bytes.length;
      },
    });
    expect(await feed(stage, BLOB)).toBe(await digestBytes(TAR));
    expect([count, size]).toEqual([FILES + 4, TAR.length]);
  });

  it.each<[string, Uint8Array, LayerStageInit, string]>([
    ['an archive that is cut short', TAR.subarray(0, 5000), {}, 'INVALID_ARCHIVE'],
    ['what is no archive', new Uint8Array(1024).fill(65), {}, 'INVALID_ARCHIVE'],
    ['more entries than its limit', TAR, { tarLimits: { maxEntries: 200 } }, 'LIMIT_EXCEEDED'],
  ])('refuse %s', async (_what, tar, init, code) => {
    const stage = await create({ ...init, onEntry: () => undefined });
    await expect(feed(stage, gzip(tar))).rejects.toMatchObject({ code });
    await expect(stage.end()).rejects.toMatchObject({ code });
  });

  it('end the stage when the one who is told throws', async () => {
    const reason = new StowageError('CONFLICT', 'no more');
    const stage = await create({
      onEntry: ({ name }) => {
        if (name === 'f0') throw reason;
      },
    });
    await expect(feed(stage, BLOB)).rejects.toBe(reason);
  });

  it('are nobody’s business where nobody asks for them', async () => {
    const stage = await create({});
    expect(await feed(stage, gzip(PAGE))).toBe(await digestBytes(PAGE));
  });
});

it('entries that nobody takes hold up the worker', async () => {
  let [told, most, taken] = [0, 0, 0];
  class Watched extends LocalWorker {
    override postMessage(message: ToWorker, transfer: ArrayBuffer[]): void {
      if (message.type === 'release' && message.buffer === undefined) taken += 1;
      super.postMessage(message, transfer);
    }
    override dispatchEvent(event: Event & { data?: FromWorker }): boolean {
      if (event.data?.type === 'entries') told += 1;
      most = Math.max(most, told - taken);
      return super.dispatchEvent(event);
    }
  }
  const pool = createWorkerPool({ create: () => new Watched(), size: 1 });
  const stage = await createLayerStage({ worker: pool, onEntry: () => undefined });
  const tar = archive(20 * ENTRIES_AT_ONCE);
  expect(await feed(stage, gzip(tar))).toBe(await digestBytes(tar));
  expect(told).toBe(21);
  expect(taken).toBe(21);
  expect(most).toBeLessThanOrEqual(MAX_IN_FLIGHT);
  await pool.close();
});
