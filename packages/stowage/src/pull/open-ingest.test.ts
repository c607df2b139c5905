import { digestBytes } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import type { Clock, Storage } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { fetchOnce } from './open-ingest.ts';

const bytes = new TextEncoder().encode('{"small":"content"}');
const digest = await digestBytes(bytes);
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const clock: Clock = { now: () => 0, sleep: turn };

async function refs({ content }: Storage): Promise<string[]> {
  const list: string[] = [];
  for await (const { ref } of content.ingests()) list.push(ref);
  return list;
}

describe('fetchOnce', () => {
  it('fetches for one of those who ask, and the others find the content', async () => {
    const storage = createMemoryStorage();
    let fetches = 0;
    const fetch = async (): Promise<Uint8Array> => {
      fetches += 1;
      await turn();
      return bytes;
    };
    const results = await Promise.all(
      [1, 2, 3].map(() => fetchOnce(storage.content, 'config', { digest, labels: { a: '1' } }, fetch, clock)),
    );
    expect(fetches).toBe(1);
    expect(results.filter((result) => result !== undefined)).toEqual([bytes]);
    expect(await storage.content.info(digest)).toEqual({ digest, size: bytes.length, labels: { a: '1' } });
  });

  it('begins anew where something is left of another try', async () => {
    const storage = createMemoryStorage();
    const earlier = await storage.content.ingest('config', { digest });
    await earlier.write(new Uint8Array(7));
    await earlier.close();
    await fetchOnce(storage.content, 'config', { digest }, () => Promise.resolve(bytes), clock);
    expect(await storage.content.read(digest, { maxBytes: 100 })).toEqual(bytes);
  });

  it('leaves nothing of what it could not fetch, or what is something else', async () => {
    const storage = createMemoryStorage();
    const error = new Error('no network');
    await expect(
      fetchOnce(storage.content, 'config', { digest }, () => Promise.reject(error), clock),
    ).rejects.toBe(error);
    const wrong = new Uint8Array(3);
    await expect(
      fetchOnce(storage.content, 'config', { digest }, () => Promise.resolve(wrong), clock),
    ).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await refs(storage)).toEqual([]);
  });
});
