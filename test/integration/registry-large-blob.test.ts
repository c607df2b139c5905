import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noise } from '../support/noise.ts';
import { runCommand } from './support/run-command.ts';

const MIB = 1024 * 1024;
const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));
const CHILD = fileURLToPath(new URL('support/large-blob-child.ts', import.meta.url));
/** What blobs are made of, over and over. */
const PIECE = noise(MIB);

let directory: string;
let program: string;
beforeAll(async () => {
  // Within the workspace: the program finds the packages that it does not have in it.
  await mkdir(CACHE, { recursive: true });
  directory = await mkdtemp(join(CACHE, 'large-blob-'));
  program = join(directory, 'child.mjs');
  await build({
    entryPoints: [CHILD],
    outfile: program,
    conditions: ['@stowage/source'],
    external: ['undici', 'hash-wasm'],
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  });
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** The bytes of a blob from `first` up to `end`, made as they are read. */
function* bytesOf(first: number, end: number): Generator<Uint8Array> {
  for (let at = first; at < end;) {
    const from = at % MIB;
    const piece = PIECE.subarray(from, Math.min(MIB, from + end - at));
    at += piece.length;
    yield piece;
  }
}

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
  it.each([
    [4096, 1],
    [1024, 4],
  ])('%i MiB over %i connections, with a heap of 128 MiB', async (mebibytes, connections) => {
    const size = mebibytes * MIB;
    const hash = createHash('sha256');
    for (const piece of bytesOf(0, size)) hash.update(piece);
    const { server, url } = await serveBlob(size);
    try {
      const args = [url, `sha256:${hash.digest('hex')}`, String(size), String(connections)];
      const output = await runCommand(process.execPath, ['--max-old-space-size=128', program, ...args]);
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
