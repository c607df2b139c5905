import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf, MIB } from './support/large-bytes.ts';
import { bundleProgram, largeDigest } from './support/large-content.ts';
import type { LargeProgram } from './support/large-content.ts';
import { runCommand } from './support/run-command.ts';

/** A registry with one blob that is nowhere as a whole. */
async function serveBlob(size: number) {
  const server = createServer((request, response) => {
    const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const first = Number(match?.[1] ?? 0);
    const end = Math.min(match?.[2] ? Number(match[2]) + 1 : size, size);
    const range = { 'content-range': `bytes ${String(first)}-${String(end - 1)}/${String(size)}` };
    response.writeHead(match === null ? 200 : 206, {
      'content-length': end - first,
      ...(match === null ? {} : range),
    });
    Readable.from(bytesOf(first, end)).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

describe('a blob that is larger than the memory', () => {
  let program: LargeProgram;
  beforeAll(async () => {
    program = await bundleProgram(new URL('support/large-blob-child.ts', import.meta.url));
  });
  afterAll(() => program.remove());

  it.each([
    [4096, 1],
    [1024, 4],
  ])('%i MiB over %i connections, with a heap of 128 MiB', async (mebibytes, connections) => {
    const size = mebibytes * MIB;
    const { server, url } = await serveBlob(size);
    try {
      const args = [url, largeDigest(size), String(size), String(connections)];
      const output = await runCommand(process.execPath, ['--max-old-space-size=128', program.path, ...args]);
      const { length, heap, rss } = JSON.parse(output) as { length: number; heap: number; rss: number };
      expect(length).toBe(size);
      expect(heap).toBeLessThan(128 * MIB);
      // What Node itself takes is about a quarter of this.
      expect(rss).toBeLessThan(320 * MIB);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
