import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MEDIA_TYPES } from '@stowage/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf, MIB } from './support/large-bytes.ts';
import { bundleProgram, largeDigest } from './support/large-content.ts';
import type { LargeProgram } from './support/large-content.ts';
import { runCommand } from './support/run-command.ts';

const SIZE = 256 * MIB;
const sha256 = (bytes: string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const config = '{}';
const layer = largeDigest(SIZE);
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociManifest,
  config: { mediaType: MEDIA_TYPES.ociConfig, digest: sha256(config), size: config.length },
  layers: [{ mediaType: MEDIA_TYPES.ociLayer, digest: layer, size: SIZE }],
});

/** A registry whose `source` has an image that is made as it is read, and that takes anything else and keeps nothing. */
async function startRegistry() {
  const taken: string[] = [];
  const server = createServer((request, response) => {
    answer(request, response, taken).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, taken, host: `127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

async function answer(request: IncomingMessage, response: ServerResponse, taken: string[]): Promise<void> {
  const { method = '', url = '' } = request;
  if (url === '/v2/') response.end('{}');
  else if (method === 'POST') response.writeHead(202, { location: '/v2/target/blobs/uploads/one' }).end();
  else if (method === 'PUT') {
    const hash = createHash('sha256');
    for await (const piece of request as AsyncIterable<Buffer>) hash.update(piece);
    taken.push(`sha256:${hash.digest('hex')}`);
    response.writeHead(201).end();
  } else if (method !== 'GET' || !url.startsWith('/v2/source/')) response.writeHead(404).end();
  else if (url.includes('/manifests/')) {
    response.writeHead(200, { 'content-type': MEDIA_TYPES.ociManifest }).end(manifest);
  } else if (url.endsWith(layer)) {
    response.writeHead(200, { 'content-length': String(SIZE) });
    await pipeline(Readable.from(bytesOf(0, SIZE)), response);
  } else response.writeHead(200, { 'content-length': String(config.length) }).end(config);
}

describe('a copy that is larger than the memory', () => {
  let program: LargeProgram;
  beforeAll(async () => {
    program = await bundleProgram(new URL('support/large-copy-child.ts', import.meta.url));
  });
  afterAll(() => program.remove());

  it('passes through: 256 MiB with a heap of 64 MiB', async () => {
    const { server, taken, host } = await startRegistry();
    // Another name of the same machine is another registry: nothing is mounted.
    const target = `localhost:${host.split(':')[1] ?? ''}/target:v1`;
    try {
      const args = ['--max-old-space-size=64', program.path, `${host}/source:v1`, target];
      const copied = JSON.parse(await runCommand(process.execPath, args)) as Record<string, number>;
      expect(copied).toMatchObject({ digest: sha256(manifest), sentBytes: SIZE + config.length });
      expect([...taken].sort()).toEqual([layer, sha256(config), sha256(manifest)].sort());
      expect(copied['heap']).toBeGreaterThan(0);
      expect(copied['heap']).toBeLessThan(96 * MIB);
      expect(copied['grown']).toBeLessThan(128 * MIB);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
