import { gzipSync } from 'node:zlib';
import { collect, digestBytes, findCheckpoint } from '@stowage/core';
import { buildSeekIndex, decodeSeekIndex, openImageView, openSeekableLayer } from '@stowage/layer-store';
import { createRepository } from '@stowage/registry';
import { MEDIA_TYPES } from '@stowage/types';
import type { Descriptor, Fetch } from '@stowage/types';
import { beforeAll, describe, expect, it } from 'vitest';
import { largeTar, LAST } from './support/large-tar.ts';
import { useRegistries } from './support/use-registries.ts';

const NAME = 'library/large';

const registries = useRegistries();

describe('a large gzip layer in a docker-registry', () => {
  let descriptor: Descriptor;
  let origin: string;
  beforeAll(async () => {
    origin = `http://${(await registries.start()).host}`;
    const blob = new Uint8Array(gzipSync(largeTar(), { level: 1 }));
    descriptor = { mediaType: MEDIA_TYPES.ociLayerGzip, digest: await digestBytes(blob), size: blob.length };
    const begun = await fetch(`${origin}/v2/${NAME}/blobs/uploads/`, { method: 'POST' });
    const url = new URL(begun.headers.get('location') ?? '', origin);
    url.searchParams.set('digest', descriptor.digest);
    expect((await fetch(url, { method: 'PUT', body: blob })).status).toBe(201);
  });

  it('is looked into without being downloaded, once it has an index', async () => {
    let moved = 0;
    const ranges: (string | null)[] = [];
    const counting: Fetch = async (url, init) => {
      const response = await fetch(url, init);
      ranges.push(new Headers(init?.headers).get('range'));
      const body = response.body?.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform: (bytes, controller) => {
            moved += bytes.length;
            controller.enqueue(bytes);
          },
        }),
      );
      return new Response(body ?? null, response);
    };
    const endpoint = { url: origin, mirror: false, official: false, insecure: true };
    const { blobs: content } = createRepository({ endpoint, name: NAME, fetch: counting });
    const encoded = await buildSeekIndex({ content, descriptor, worker: false });
    expect(moved).toBeGreaterThanOrEqual(descriptor.size);
    expect(encoded.length).toBeLessThan(descriptor.size / 100);

    moved = 0;
    ranges.length = 0;
    const layer = await openSeekableLayer({ content, descriptor, index: encoded });
    const view = await openImageView([layer]);
    expect(view.list('usr/lib').length).toBe(32);
    expect(moved).toBe(0);
    const body = await view.readFile('etc/last');
    expect(await collect(body, { maxBytes: LAST.length })).toEqual(LAST);
    expect(ranges).toHaveLength(1);
    expect(ranges[0]).toMatch(/^bytes=\d+-\d+$/);
    expect(moved).toBeLessThan(2 << 20);
    const { checkpoints } = await decodeSeekIndex(encoded);
    const { offset, size } = view.stat('etc/last');
    expect(offset + size - (findCheckpoint(checkpoints, offset)?.out ?? 0)).toBeLessThan(5 << 20);
  });
});
