// `npm run bench:registry`: the client against undici alone, as ratios of one interleaved run: requests per second for
// manifests, and the throughput of one large blob, down and up. The registry runs in a process of its own on this machine, which is the
// hardest case: on a network the client waits for most of the time.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeStream } from 'node:stream/web';
import { digestBytes } from '@stowage/core';
import { createRepository } from '@stowage/registry';
import { MEDIA_TYPES, parseManifest } from '@stowage/types';
import type { ByteStream, Digest } from '@stowage/types';
import { Agent, fetch, request } from 'undici';
import { compare, report } from './support/compare.ts';
import type { Contender } from './support/compare.ts';
import { startChildRegistry } from './support/registry-child.ts';

const GOAL = 0.9;
const REQUESTS = 1_000;
/** How many requests are under way at a time. */
const WORKERS = 4;
const BLOB_SIZE = 256 * 1024 * 1024;
const PIECE = 64 * 1024;
const BLOB: Digest = `sha256:${'0'.repeat(64)}` as Digest;

/** Runs the benches; answers the exit code. */
export async function main(): Promise<number> {
  const manifest = JSON.stringify(exampleManifest());
  const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
  const mediaType = MEDIA_TYPES.ociManifest;
  const server = await startChildRegistry({ manifest, mediaType, digest, blobSize: BLOB_SIZE });
  const dispatcher = new Agent();
  try {
    const { manifests, blobs } = createRepository({
      endpoint: { url: server.url, mirror: false, official: false, insecure: true },
      name: 'bench/app',
    });
    const tag = `${server.url}/v2/bench/app/manifests/v1`;
    const blob = `${server.url}/v2/bench/app/blobs/${BLOB}`;
    const verify = async (body: ArrayBuffer): Promise<void> => {
      const bytes = new Uint8Array(body);
      if ((await digestBytes(bytes)) !== digest) throw new Error('wrong digest');
      parseManifest(bytes, mediaType);
    };
    console.log(
      `manifest of ${String(manifest.length)} bytes, ${String(REQUESTS)} requests, ${String(WORKERS)} at a time; ` +
        `blob of ${String(BLOB_SIZE / 2 ** 20)} MiB\n`,
    );

    // What closes thousands of connections comes last: the collector has to clear up after it.
    const ours = whole('stowage', async () => await blobs.open(BLOB, { verify: false }));
    const byRequest = whole('request', async () => (await request(blob, { dispatcher })).body);
    const byFetch = whole('fetch', async () => (await fetch(blob, { dispatcher })).body);
    report('GET blob / undici.request', await compare(ours, byRequest, 15), GOAL);
    report('GET blob / undici.fetch', await compare(ours, byFetch, 15), GOAL);

    const content = new Uint8Array(PIECE).fill(7);
    const upload = {
      name: 'stowage',
      run: async () => {
        const open = (offset: number): Promise<ByteStream> => Promise.resolve(piecesFrom(content, offset));
        await blobs.upload({ digest: BLOB, size: BLOB_SIZE, open });
      },
    };
    const uploads = `${server.url}/v2/bench/app/blobs/uploads/`;
    const byUndici = {
      name: 'request',
      run: async () => {
        await (await request(uploads, { method: 'POST', dispatcher })).body.dump();
        const headers = { 'content-length': String(BLOB_SIZE), 'content-type': 'application/octet-stream' };
        const body = Readable.fromWeb(piecesFrom(content, 0) as NodeStream);
        await (await request(`${uploads}1`, { method: 'PUT', headers, body, dispatcher })).body.dump();
      },
    };
    report('PUT blob / undici.request', await compare(upload, byUndici, 15), GOAL);

    const gets = requests('stowage', async () => {
      await manifests.get('v1');
    });
    const requestGets = requests('request', async () => {
      await verify(await (await request(tag, { dispatcher })).body.arrayBuffer());
    });
    const fetchGets = requests('fetch', async () => {
      await verify(await (await fetch(tag, { dispatcher })).arrayBuffer());
    });
    report('GET manifest / undici.request and the same checks', await compare(gets, requestGets), GOAL);
    report('GET manifest / undici.fetch and the same checks', await compare(gets, fetchGets), GOAL);

    const heads = requests('stowage', async () => {
      await manifests.head('v1');
    });
    const requestHeads = requests('request', async () => {
      await (await request(tag, { method: 'HEAD', dispatcher })).body.dump();
    });
    const fetchHeads = requests('fetch', async () => {
      await (await fetch(tag, { method: 'HEAD', dispatcher })).arrayBuffer();
    });
    report('HEAD manifest / undici.request', await compare(heads, requestHeads), GOAL);
    report('HEAD manifest / undici.fetch', await compare(heads, fetchHeads), GOAL);
    return 0;
  } finally {
    await dispatcher.close();
    server.stop();
  }
}

/** Many small requests, some at a time. */
function requests(name: string, send: () => Promise<void>): Contender {
  return {
    name,
    run: async () => {
      let left = REQUESTS;
      const work = async (): Promise<void> => {
        while (left-- > 0) await send();
      };
      await Promise.all(Array.from({ length: WORKERS }, work));
    },
  };
}

/** One large body, read to its end. */
function whole(name: string, open: () => Promise<AsyncIterable<Uint8Array> | null>): Contender {
  return {
    name,
    run: async () => {
      let size = 0;
      for await (const chunk of (await open()) ?? []) size += chunk.byteLength;
      if (size !== BLOB_SIZE) throw new Error(`${String(size)} bytes instead of ${String(BLOB_SIZE)}`);
    },
  };
}

/** The rest of a blob, each piece the same. */
function piecesFrom(piece: Uint8Array, offset: number): ByteStream {
  let left = BLOB_SIZE - offset;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => {
      if (left === 0) {
        controller.close();
        return;
      }
      const size = Math.min(left, piece.byteLength);
      left -= size;
      controller.enqueue(piece.subarray(0, size) as Uint8Array<ArrayBuffer>);
    },
  });
}

function exampleManifest(): unknown {
  const descriptor = (mediaType: string, index: number): unknown => ({
    mediaType,
    digest: `sha256:${String(index).padStart(64, '0')}`,
    size: 1_000_000 + index,
  });
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: descriptor(MEDIA_TYPES.ociConfig, 0),
    layers: Array.from({ length: 10 }, (_, index) => descriptor(MEDIA_TYPES.ociLayerGzip, index + 1)),
  };
}
