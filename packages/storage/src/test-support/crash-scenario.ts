import { digestBytes } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import type { Bytes, Storage } from '@stowage/types';
import { expect } from 'vitest';

const text = (value: string): Bytes => new TextEncoder().encode(value);
/** What an ingest has before it is closed the first time. */
export const HALF: Bytes = text('first half, ');
const WHOLE = text('first half, second half');

/** Everything a storage does that must not be torn; the steps that ended are noted in `done`. */
export async function scenario(storage: Storage, done: string[]): Promise<void> {
  const digest = await digestBytes(WHOLE);
  const step = async (name: string, run: () => Promise<unknown>): Promise<void> => {
    await run();
    done.push(name);
  };
  await step('set one', () => storage.metadata.set('x', 'key', text('one')));
  await step('keep half', async () => {
    const ingest = await storage.content.ingest('layer', { digest, size: WHOLE.byteLength });
    await ingest.write(HALF);
    await ingest.close();
  });
  await step('set two', async () => {
    const lock = await storage.lock('index');
    await storage.metadata.set('x', 'key', text('two'));
    await lock[Symbol.asyncDispose]();
  });
  await step('commit', async () => {
    const ingest = await storage.content.ingest('layer', { labels: { a: '1' } });
    await ingest.write(WHOLE.subarray(ingest.offset));
    await ingest.commit();
  });
  await step('label', () => storage.content.update(digest, { b: '2' }));
  await step('small', async () => {
    const ingest = await storage.content.ingest('small');
    await ingest.write(text('small'));
    await ingest.commit();
  });
  await step('delete', async () => {
    await storage.content.delete(await digestBytes(text('small')));
  });
  await step('abort', async () => {
    const ingest = await storage.content.ingest('other');
    await ingest.write(HALF);
    await ingest.close();
    await storage.content.abort('other');
  });
}

/** What must hold after a crash, whenever it came. */
export async function inspect(storage: Storage, done: readonly string[]): Promise<void> {
  const digest = await digestBytes(WHOLE);
  const value = new TextDecoder().decode(await storage.metadata.get('x', 'key'));
  if (done.includes('set two')) expect(value).toBe('two');
  else if (done.includes('set one')) expect(['one', 'two']).toContain(value);
  const found = new Map<string, Readonly<Record<string, string>>>();
  for await (const info of storage.content.walk()) {
    found.set(info.digest, info.labels);
    // Whatever is visible is whole and right.
    const bytes = await storage.content.read(info.digest, { maxBytes: 1000 });
    expect(await digestBytes(bytes)).toBe(info.digest);
  }
  if (done.includes('commit') || found.has(digest)) expect(found.get(digest)).toMatchObject({ a: '1' });
  if (done.includes('label')) expect(found.get(digest)).toEqual({ a: '1', b: '2' });
  if (done.includes('delete')) expect([...found.keys()]).toEqual([digest]);
  if (done.includes('keep half') && !found.has(digest)) {
    const ingest = await storage.content.ingest('layer');
    expect(ingest.offset).toBeGreaterThanOrEqual(HALF.byteLength);
    await ingest.close();
  }
}

/** Goes on with what was to be done: nothing of the past stands in the way. */
export async function finish(storage: Storage): Promise<void> {
  const digest = await digestBytes(WHOLE);
  try {
    const ingest = await storage.content.ingest('layer', {
      digest,
      size: WHOLE.byteLength,
      labels: { a: '1' },
    });
    // A crash of the machine may leave bytes that are none of ours.
    const bytes = WHOLE.subarray(ingest.offset);
    await ingest.write(bytes);
    await ingest.commit().catch(async (error: unknown) => {
      if (!isStowageError(error, 'DIGEST_MISMATCH')) throw error;
      await ingest.truncate(0);
      await ingest.write(WHOLE);
      await ingest.commit();
    });
  } catch (error) {
    if (!isStowageError(error, 'ALREADY_EXISTS')) throw error;
  }
  expect(await storage.content.read(digest, { maxBytes: 100 })).toEqual(WHOLE);
  expect((await storage.content.update(digest, { b: '2' })).labels).toEqual({ a: '1', b: '2' });
  await (await storage.lock('index'))[Symbol.asyncDispose]();
  for (const ref of ['layer', 'small', 'other']) await storage.content.abort(ref);
  for await (const status of storage.content.ingests()) expect(status).toBeUndefined();
}
