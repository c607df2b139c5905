// Run in a process of its own with a small heap: copies an image from registry to registry, and prints what came of it
// and how much memory that took, as one line of JSON.
import process from 'node:process';
import { openStowage } from 'stowage';

const [source = '', target = ''] = process.argv.slice(2);
const most = { heap: 0, rss: 0 };
let steps = 0;
function look(): void {
  steps += 1;
  if (steps % 32 !== 0) return;
  const { heapUsed, external, rss } = process.memoryUsage();
  most.heap = Math.max(most.heap, heapUsed + external);
  most.rss = Math.max(most.rss, rss);
}

const stowage = await openStowage();
const begun = process.memoryUsage().rss;
const { digest, sentBytes } = await stowage.copy(source, target, { onProgress: look });
await stowage.close();
console.log(JSON.stringify({ digest, sentBytes, grown: most.rss - begun, ...most }));
