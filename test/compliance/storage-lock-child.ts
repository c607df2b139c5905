import { openFileStorage } from '@stowage/storage/node';
import { isStowageError } from '@stowage/types';

// What storage-lock.processes.test.ts runs in processes of its own: `count ROOT TIMES` or `hold ROOT REF`.

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Adds one to a number in the store, many times, each time under a lock. */
async function count(root: string, times: number): Promise<void> {
  const storage = await openFileStorage(root);
  for (let turn = 0; turn < times; turn += 1) {
    const lock = await storage.lock('counter');
    const value = Number(decoder.decode(await storage.metadata.get('numbers', 'counter')));
    await storage.metadata.set('numbers', 'counter', encoder.encode(String(value + 1)));
    await lock[Symbol.asyncDispose]();
  }
  const ingest = await storage.content.ingest('shared').catch((error: unknown) => {
    if (isStowageError(error, 'UNAVAILABLE')) return undefined;
    throw error;
  });
  await ingest?.write(encoder.encode('the same everywhere'));
  await ingest?.commit();
  await storage.close();
}

/** Holds a lock and an ingest, says so, and goes on until it is told to end or killed. */
async function hold(root: string, ref: string): Promise<void> {
  const storage = await openFileStorage(root);
  await storage.lock('held');
  const ingest = await storage.content.ingest(ref);
  await ingest.write(new Uint8Array(3 * 1024 * 1024).fill(7));
  process.stdin.once('data', () => {
    process.stdin.destroy();
    void storage.close();
  });
  process.stdout.write('ready\n');
}

const [, , command, root = '', argument = ''] = process.argv;
if (command === 'count') await count(root, Number(argument));
else await hold(root, argument);
