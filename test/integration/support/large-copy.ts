import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MEDIA_TYPES } from '@stowage/types';
import { bytesOf } from './large-bytes.ts';
import { bundleProgram, largeDigest } from './large-content.ts';
import { runCommand } from './run-command.ts';

/** What came of a copy by a process of its own. Sizes are in bytes. */
export interface LargeCopy {
  readonly digest: string;
  readonly sentBytes: number;
  /** The most that its heap had, content outside of it included. */
  readonly heap: number;
  /** The most memory that it had, and how much more that is than it began with. */
  readonly rss: number;
  readonly grown: number;
  /** How long it took, milliseconds. */
  readonly wall: number;
  /** The digests of what the target was given, sorted, and of what the image is made of. */
  readonly taken: readonly string[];
  readonly expected: readonly string[];
}

const CONFIG = '{}';
const sha256 = (bytes: string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** An image of one layer, whose bytes nobody has. */
interface LargeImage {
  readonly layer: string;
  readonly size: number;
  readonly manifest: string;
}

function largeImage(size: number): LargeImage {
  const layer = largeDigest(size);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: { mediaType: MEDIA_TYPES.ociConfig, digest: sha256(CONFIG), size: CONFIG.length },
    layers: [{ mediaType: MEDIA_TYPES.ociLayer, digest: layer, size }],
  });
  return { layer, size, manifest };
}

/**
 * Copies an image of so many bytes from registry to registry, by a process with a heap of 64 MiB and no folder for
 * temporary files. The layer is made as it is read, and hashed and forgotten as it is written.
 */
export async function copyLarge(size: number): Promise<LargeCopy> {
  const program = await bundleProgram(new URL('large-copy-child.ts', import.meta.url));
  const image = largeImage(size);
  const { server, taken, host } = await startRegistry(image);
  // Another name of the same machine is another registry: nothing is mounted.
  const target = `localhost:${host.split(':')[1] ?? ''}/target:v1`;
  try {
    const child = [process.execPath, '--max-old-space-size=64', program.path, `${host}/source:v1`, target];
    const begun = performance.now();
    const output = await runCommand('env', ['TMPDIR=/nowhere', ...child]);
    const wall = performance.now() - begun;
    const copied = JSON.parse(output) as Pick<LargeCopy, 'digest' | 'sentBytes' | 'heap' | 'rss' | 'grown'>;
    const expected = [image.layer, sha256(CONFIG), sha256(image.manifest)].sort();
    return { ...copied, wall, taken: [...taken].sort(), expected };
  } finally {
    server.closeAllConnections();
    server.close();
    await program.remove();
  }
}

/** A registry whose `source` has an image that is made as it is read, and that takes anything else and keeps nothing. */
async function startRegistry(image: LargeImage) {
  const taken: string[] = [];
  const server = createServer((request, response) => {
    answer(request, response, image, taken).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, taken, host: `127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { layer, size, manifest }: LargeImage,
  taken: string[],
): Promise<void> {
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
    response.writeHead(200, { 'content-length': String(size) });
    await pipeline(Readable.from(bytesOf(0, size)), response);
  } else response.writeHead(200, { 'content-length': String(CONFIG.length) }).end(CONFIG);
}
