// Run in a process of its own with a small heap: reads a blob, verified, and prints how much of it came and how much
// memory that took, as one line of JSON.
import { createRepository } from '@stowage/registry';
import type { Digest } from '@stowage/types';

const [url = '', digest = '', size = '', connections = ''] = process.argv.slice(2);
const repository = createRepository({
  endpoint: { url, mirror: false, official: false, insecure: false },
  name: 'team/large',
});
const options = { size: Number(size), connections: Number(connections) };
const reader = (await repository.blobs.open(digest as Digest, options)).getReader();
let length = 0;
let pieces = 0;
const most = { heap: 0, rss: 0 };
for (;;) {
  const { value } = await reader.read();
  if (value === undefined) break;
  length += value.byteLength;
  pieces += 1;
  if (pieces % 256 !== 0) continue;
  const { heapUsed, external, rss } = process.memoryUsage();
  most.heap = Math.max(most.heap, heapUsed + external);
  most.rss = Math.max(most.rss, rss);
}
console.log(JSON.stringify({ length, ...most }));
