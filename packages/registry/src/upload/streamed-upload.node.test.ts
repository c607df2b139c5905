import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestBytes } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import type { Repository } from '@stowage/types';
import { afterEach, describe, expect, it } from 'vitest';
import { createRepository } from '../repository/repository.ts';
import { endpointOf, rejection } from '../test-support/fixtures.ts';
import { TestClock } from '../test-support/scripted-fetch.ts';
import { joined } from '../test-support/upload-registry.ts';
import { contentOf, noise, oneShot, sessionLog } from '../test-support/uploads.ts';

const BYTES = noise(3_000_000);
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** What a registry over a socket got. */
interface Seen {
  readonly requests: { readonly method: string; readonly length: string | undefined; size: number }[];
  held: Uint8Array;
  blob: Uint8Array | undefined;
}

/** Answers in place of the registry, or does nothing and answers `false`. */
type Trouble = (request: IncomingMessage, response: ServerResponse, index: number, seen: Seen) => boolean;

/** A registry with one upload, over real sockets: what arrives stays there when a connection breaks. */
async function serve(trouble: Trouble = () => false): Promise<{ seen: Seen; repository: Repository }> {
  const seen: Seen = { requests: [], held: new Uint8Array(), blob: undefined };
  const server = createServer((request, response) => {
    const { method = '', headers } = request;
    const entry = { method, length: headers['content-length'], size: 0 };
    const index = seen.requests.push(entry) - 1;
    if (trouble(request, response, index, seen)) return;
    if (request.url?.includes('/blobs/sha256') === true) {
      response.writeHead(seen.blob === undefined ? 404 : 200, { 'content-length': seen.blob?.length ?? 0 });
      response.end();
      return;
    }
    request.on('data', (chunk: Buffer) => {
      entry.size += chunk.byteLength;
      if (method !== 'GET') seen.held = joined(seen.held, chunk);
    });
    request.on('end', () => {
      if (method === 'PUT') seen.blob = seen.held;
      const status = { POST: 202, PATCH: 202, PUT: 201, GET: 204, DELETE: 204 }[method] ?? 405;
      const range = `0-${String(Math.max(0, seen.held.byteLength - 1))}`;
      response.writeHead(status, method === 'PUT' ? {} : { location: '/v2/up/1?x=%2F', range });
      response.end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const repository = createRepository({
    endpoint: endpointOf(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`),
    name: 'team/app',
    clock: new TestClock(),
  });
  return { seen, repository };
}

/** Breaks the connection of one request when so many bytes of it have arrived. */
function cutAfter(at: number, count: number): Trouble {
  return (request, _response, index, seen) => {
    if (index !== at) return false;
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      if (size >= count) return;
      size += chunk.byteLength;
      seen.held = joined(seen.held, chunk);
      if (size >= count) request.socket.destroy();
    });
    return true;
  };
}

describe('an upload that is sent while it is read', () => {
  it('tells its length, is sent in one request, and shows how it goes', async () => {
    const { seen, repository } = await serve();
    const { content, digest } = await contentOf(BYTES);
    const steps: number[] = [];
    const done = await repository.blobs.upload({
      ...content,
      onProgress: ({ current }) => steps.push(current),
    });
    expect(done.digest).toBe(digest);
    expect(seen.requests.map(({ method, length }) => `${method} ${String(length)}`)).toEqual([
      'POST 0',
      'PUT 3000000',
    ]);
    expect(await digestBytes(seen.blob ?? new Uint8Array())).toBe(digest);
    expect(steps.length).toBeGreaterThan(10);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  it('goes on in the middle after its connection broke', async () => {
    const { seen, repository } = await serve(cutAfter(1, 1_000_000));
    const { content, digest, opened } = await contentOf(BYTES);
    await repository.blobs.upload(content);
    expect(await digestBytes(seen.blob ?? new Uint8Array())).toBe(digest);
    expect(seen.requests.map(({ method }) => method).filter((method) => method === 'PATCH').length).toBe(1);
    expect(opened[0]).toBe(0);
    expect(opened[1]).toBeGreaterThanOrEqual(1_000_000);
  });

  it('fails with DIGEST_INVALID at once: undici sends nothing twice by itself', async () => {
    const { seen, repository } = await serve((request, response) => {
      if (request.method !== 'PUT') return false;
      request.resume().once('end', () => {
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ errors: [{ code: 'DIGEST_INVALID', message: 'not it' }] }));
      });
      return true;
    });
    const { content } = await contentOf(BYTES);
    expect(isStowageError(await rejection(repository.blobs.upload(content)), 'REGISTRY')).toBe(true);
    expect(seen.requests.filter(({ method }) => method === 'PUT' || method === 'HEAD').length).toBe(1);
  });

  it('goes on in another process', async () => {
    let dead = true;
    const { seen, repository } = await serve((request, response, index, state) => {
      if (index === 1) return cutAfter(1, 1_000_000)(request, response, index, state);
      if (index > 1 && dead) request.socket.destroy();
      return index > 1 && dead;
    });
    const { content, digest } = await contentOf(BYTES);
    const { sessions, onSession } = sessionLog();
    await rejection(repository.blobs.upload({ ...content, onSession }));
    dead = false;
    const { content: again, opened } = await contentOf(BYTES);
    await repository.blobs.upload({ ...again, session: sessions.at(-1) });
    expect(await digestBytes(seen.blob ?? new Uint8Array())).toBe(digest);
    expect(opened[0]).toBeGreaterThanOrEqual(1_000_000);
  });

  it('sends chunks piece by piece too', async () => {
    const { seen, repository } = await serve(cutAfter(2, 300_000));
    const done = await repository.blobs.upload({ stream: oneShot(BYTES), chunkSize: 1_000_000 });
    expect(done.digest).toBe(await digestBytes(BYTES));
    expect(await digestBytes(seen.blob ?? new Uint8Array())).toBe(done.digest);
  });

  it('fails as its source does, whatever undici makes of it', async () => {
    const { repository } = await serve();
    const failure = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    let given = 0;
    const open = (): Promise<ReadableStream<Uint8Array>> =>
      Promise.resolve(
        new ReadableStream({
          pull: (controller) => {
            if (given++ < 3) controller.enqueue(new Uint8Array(1000));
            else controller.error(failure);
          },
        }),
      );
    const { content } = await contentOf(BYTES);
    expect(await rejection(repository.blobs.upload({ ...content, open }))).toBe(failure);
    const short = await contentOf(BYTES.subarray(1));
    const error = await rejection(repository.blobs.upload({ ...short.content, size: 3_000_000 }));
    expect(isStowageError(error, 'SIZE_MISMATCH')).toBe(true);
  });
});
