import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIB } from './support/large-bytes.ts';
import { bundleProgram, largeDigest } from './support/large-content.ts';
import type { LargeProgram } from './support/large-content.ts';
import { runCommand } from './support/run-command.ts';

/** A registry that takes one blob, keeps none of it, and knows its digest at the end. */
async function takeBlob() {
  const hash = createHash('sha256');
  const taken = { size: 0, digest: '', methods: new Map<string, number>() };
  const server = createServer((request, response) => {
    const { method = '' } = request;
    taken.methods.set(method, (taken.methods.get(method) ?? 0) + 1);
    void hashBody(request, hash).then((count) => {
      taken.size += count;
      const range = `0-${String(Math.max(0, taken.size - 1))}`;
      if (method === 'PUT') taken.digest = `sha256:${hash.digest('hex')}`;
      const status = method === 'PUT' ? 201 : 202;
      response.writeHead(status, { location: '/v2/team/large/blobs/uploads/one', range }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, taken, url: `http://127.0.0.1:${String(port)}` };
}

async function hashBody(request: IncomingMessage, hash: Hash): Promise<number> {
  let count = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    hash.update(piece);
    count += piece.length;
  }
  return count;
}

describe('an upload that is larger than the memory', () => {
  let program: LargeProgram;
  beforeAll(async () => {
    program = await bundleProgram(new URL('support/large-upload-child.ts', import.meta.url));
  });
  afterAll(() => program.remove());

  it.each([
    [4096, 'whole', 0],
    [1024, 'chunks', 64],
    [1024, 'stream', 64],
  ])('%i MiB, %s, with a heap of 128 MiB', async (mebibytes, way, patches) => {
    const size = mebibytes * MIB;
    const digest = largeDigest(size);
    const { server, taken, url } = await takeBlob();
    try {
      const args = ['--max-old-space-size=128', program.path, url, digest, String(size), way];
      const output = await runCommand(process.execPath, args);
      const uploaded = JSON.parse(output) as { digest: string; size: number; heap: number; rss: number };
      expect(uploaded).toMatchObject({ digest, size });
      expect([taken.digest, taken.size]).toEqual([digest, size]);
      expect([taken.methods.get('PATCH') ?? 0, taken.methods.get('PUT')]).toEqual([patches, 1]);
      expect(uploaded.heap).toBeGreaterThan(0);
      expect(uploaded.heap).toBeLessThan(128 * MIB);
      // What Node itself takes is about a quarter of this.
      expect(uploaded.rss).toBeLessThan(320 * MIB);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
