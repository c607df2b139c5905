import { digestBytes } from '@stowage/core';
import type { Clock, Storage } from '@stowage/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryStorage } from './memory-storage.ts';
import { openStorage } from './open-storage.ts';

/** `size` bytes that differ from their neighbours. */
function bytesOf(size: number, seed: number): Uint8Array {
  return new Uint8Array(size).map((_, index) => (index * 7 + seed) % 256);
}

async function putEmpty(storage: Storage): Promise<string> {
  return (await (await storage.content.ingest('empty')).commit()).digest;
}

describe('createMemoryStorage', () => {
  it('keeps any sequence of writes and truncations', async () => {
    const step = fc.oneof(
      fc.record({ write: fc.integer({ min: 0, max: 150_000 }) }),
      fc.record({ keep: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const storage = createMemoryStorage();
        let model = new Uint8Array(0);
        let ingest = await storage.content.ingest('ref');
        for (const [index, action] of steps.entries()) {
          if ('write' in action) {
            const bytes = bytesOf(action.write, index);
            const grown = new Uint8Array(model.byteLength + bytes.byteLength);
            grown.set(model);
            grown.set(bytes, model.byteLength);
            model = grown;
            await ingest.write(bytes);
            bytes.fill(0);
          } else {
            model = model.slice(0, Math.floor(model.byteLength * action.keep));
            await ingest.truncate(model.byteLength);
          }
          expect(ingest.offset).toBe(model.byteLength);
          if (index % 5 === 4) {
            await ingest.close();
            ingest = await storage.content.ingest('ref');
          }
        }
        expect((await ingest.commit()).digest).toBe(await digestBytes(model));
      }),
      { numRuns: 40 },
    );
  });

  it('tells the time of its clock', async () => {
    let now = 1000;
    const clock: Clock = { now: () => now, sleep: () => Promise.resolve() };
    const storage = createMemoryStorage({ clock });
    const ingest = await storage.content.ingest('ref');
    const times = async (): Promise<number[]> => {
      const list: number[] = [];
      for await (const { updatedAt } of storage.content.ingests()) list.push(updatedAt);
      return list;
    };
    expect(await times()).toEqual([1000]);
    now = 2000;
    await ingest.write(new Uint8Array(1));
    now = 3000;
    await ingest.close();
    expect(await times()).toEqual([2000]);
  });

  it('can be read once it is closed', async () => {
    const storage = createMemoryStorage();
    const digest = await putEmpty(storage);
    await storage.close();
    for await (const info of storage.content.walk()) expect(info).toEqual({ digest, size: 0, labels: {} });
    expect(await storage.metadata.get('layout', 'oci-layout')).toBeDefined();
  });

  it('locks across its callers', async () => {
    const storage = createMemoryStorage();
    const first = await storage.lock('index');
    const controller = new AbortController();
    const second = storage.lock('index', { signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    const third = storage.lock('index');
    await first[Symbol.asyncDispose]();
    await (await third)[Symbol.asyncDispose]();
  });
});

describe('openStorage', () => {
  it('keeps everything in memory where no root is given', async () => {
    const storage = await openStorage();
    await putEmpty(storage);
    await storage.close();
    expect(await openStorage({ root: undefined })).not.toBe(storage);
  });
});
