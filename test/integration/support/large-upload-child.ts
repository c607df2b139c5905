// Run in a process of its own with a small heap: uploads a blob that is made as it is read, and prints how much memory
// that took, as one line of JSON.
import { createRepository } from '@stowage/registry';
import type { Digest } from '@stowage/types';
import { bytesOf } from './large-bytes.ts';

const [url = '', digest = '', length = '', way = ''] = process.argv.slice(2);
const size = Number(length);
const { blobs } = createRepository({
  endpoint: { url, mirror: false, official: false, insecure: false },
  name: 'team/large',
  actions: ['pull', 'push'],
});

const most = { heap: 0, rss: 0 };
let pieces = 0;
function look(): void {
  pieces += 1;
  if (pieces % 64 !== 0) return;
  const { heapUsed, external, rss } = process.memoryUsage();
  most.heap = Math.max(most.heap, heapUsed + external);
  most.rss = Math.max(most.rss, rss);
}

function open(offset: number): ReadableStream<Uint8Array> {
  const bytes = bytesOf(offset, size);
  return new ReadableStream(
    {
      pull(controller): void {
        look();
        const { value } = bytes.next();
        if (value === undefined) controller.close();
        else controller.enqueue(value);
      },
    },
    { highWaterMark: 0 },
  );
}

const uploaded =
  way === 'stream'
    ? await blobs.upload({ stream: open(0) })
    : await blobs.upload({
        digest: digest as Digest,
        size,
        open: (offset) => Promise.resolve(open(offset)),
        ...(way === 'chunks' ? { chunkSize: 16 * 1024 * 1024 } : {}),
      });
console.log(JSON.stringify({ digest: uploaded.digest, size: uploaded.size, ...most }));
