import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { collect, decompress, scanTar, streamOf } from '@stowage/core';
import type { TarHeader } from '@stowage/core';
import { createRegistryServer, toFetch } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { asDigest, MEDIA_TYPES } from '@stowage/types';
import type { Bytes, Descriptor, Digest, DiffID, Fetch } from '@stowage/types';
import { openStowage } from 'stowage';
import { beforeAll, describe, expect, it } from 'vitest';
import { assembleImage, pushImage, pushManifest } from '../support/image-builder.ts';

// Layers that other programs wrote, in a registry: `test/fixtures/toc/README.md` tells which.

const SERVER = 'http://localhost';
const SOCI_INDEX = 'application/vnd.amazon.soci.index.v1+json';
const STARGZ = 'containerd.io/snapshot/stargz/toc.digest';
const CHUNKED = 'io.github.containers.zstd-chunked.manifest-';
const MAX = { maxBytes: 1 << 20 };

function fixture(name: string): Bytes {
  return new Uint8Array(readFileSync(new URL(`../fixtures/toc/${name}`, import.meta.url)));
}

function digestOf(bytes: Uint8Array): Digest {
  return asDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
}

/** How a layer comes to be read, and whether it is read as a whole for that. */
const LAYERS: readonly {
  readonly tag: string;
  readonly file: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly soci?: boolean;
  readonly whole: boolean;
  /** Files that are seen where the table is not used. */
  readonly more?: readonly string[];
}[] = [
  {
    tag: 'estargz',
    file: 'layer.estargz',
    annotations: { [STARGZ]: 'sha256:e330295a645c70eceb68954bb3424b96ba1d4c32cc3e3d02983c427d3548e120' },
    whole: false,
  },
  // Nobody vouches for its table, which is then a file like any other.
  {
    tag: 'estargz-alone',
    file: 'layer.estargz',
    whole: true,
    more: ['.no.prefetch.landmark', 'stargz.index.json'],
  },
  {
    tag: 'zstd-chunked',
    file: 'layer.zstd',
    annotations: {
      [`${CHUNKED}checksum`]: 'sha256:dcd80b63ca4381dfcf28f839fadaeeecc1d1441a64bf09bd762731041e647f9a',
      [`${CHUNKED}position`]: '27241:1142:3510:1',
    },
    whole: false,
  },
  { tag: 'soci', file: 'layer.tar.gz', soci: true, whole: false },
  { tag: 'plain', file: 'layer.tar.gz', whole: true },
];

const tar = new Uint8Array(gunzipSync(fixture('layer.tar.gz')));
const files: TarHeader[] = [];
const scanner = scanTar({
  onEntry: (header) => {
    if (header.type === 'file' && !header.name.includes('.wh.')) files.push(header);
  },
});
scanner.write(tar);
scanner.end();

/** A registry in this process, and the ranges of blobs that it was asked for. */
class RangedRegistry {
  readonly ranges: string[] = [];
  readonly #serve = toFetch(createRegistryServer({ storage: createMemoryStorage() }));

  readonly fetch: Fetch = (text, init) => {
    const { pathname } = new URL(text);
    if ((init?.method ?? 'GET') === 'GET' && pathname.includes('/blobs/')) {
      this.ranges.push(`${pathname.slice(-6)} ${new Headers(init?.headers).get('range') ?? 'whole'}`);
    }
    return this.#serve(text, init);
  };
}

describe.each(LAYERS)('a layer in a registry: $tag', ({ tag, file, annotations, soci, whole, more = [] }) => {
  const registry = new RangedRegistry();
  const bytes = fixture(file);
  const layer: Descriptor = {
    mediaType: file.endsWith('.zstd') ? MEDIA_TYPES.ociLayerZstd : MEDIA_TYPES.ociLayerGzip,
    digest: digestOf(bytes),
    size: bytes.length,
    ...(annotations === undefined ? {} : { annotations }),
  };

  beforeAll(async () => {
    const plain = await collect(streamOf(bytes).pipeThrough(decompress()), MAX);
    const image = assembleImage([{ descriptor: layer, diffId: digestOf(plain) as string as DiffID, bytes }]);
    await pushImage(registry.fetch, SERVER, 'team/app', tag, image);
    if (soci === true) await pushZtoc(image.descriptor);
  });

  /** Pushes an index of SOCI's, as its tool does: a manifest that refers to the image, and has a ztoc for each layer. */
  async function pushZtoc(subject: Descriptor): Promise<void> {
    const ztoc = new Uint8Array(gunzipSync(fixture('layer.ztoc.gz')));
    const blob = (mediaType: string, content: Bytes, more = {}): Descriptor => ({
      ...{ mediaType, digest: digestOf(content), size: content.length, ...more },
    });
    const config = new TextEncoder().encode('{}');
    const configDescriptor = blob(SOCI_INDEX, config);
    const ztocDescriptor = blob(MEDIA_TYPES.octetStream, ztoc, {
      annotations: { 'com.amazon.soci.image-layer-digest': layer.digest },
    });
    const manifest = new TextEncoder().encode(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, subject },
        ...{ config: configDescriptor, layers: [ztocDescriptor] },
      }),
    );
    for (const [{ digest }, content] of [
      [configDescriptor, config],
      [ztocDescriptor, ztoc],
    ] as const) {
      const url = `${SERVER}/v2/team/app/blobs/uploads/?digest=${digest}`;
      const response = await registry.fetch(url, { method: 'POST', body: new Uint8Array(content) });
      expect(response.status).toBe(201);
    }
    const descriptor = blob(MEDIA_TYPES.ociManifest, manifest);
    await pushManifest(registry.fetch, SERVER, 'team/app', descriptor.digest, { descriptor, manifest });
  }

  it('is seen as it would be unpacked, and moves what is read', async () => {
    await using stowage = await openStowage({ fetch: registry.fetch });
    registry.ranges.length = 0;
    const platform = 'linux/amd64';
    const view = await stowage.viewRemote(`localhost/team/app:${tag}`, { platform });
    const seen = [...view.walk()].filter(({ type }) => type === 'file').map(({ path }) => path);
    expect(seen).toEqual([...files.map(({ name }) => name), ...more].sort());
    const ofLayer = (): string[] =>
      registry.ranges.filter((line) => line.startsWith(layer.digest.slice(-6))).map((line) => line.slice(7));
    expect(ofLayer().includes('whole')).toBe(whole);

    for (const { name, offset, size } of files) {
      const content = await collect(await view.readFile(name), MAX);
      expect(Buffer.compare(content, tar.subarray(offset, offset + size)), name).toBe(0);
    }
    expect(ofLayer().filter((range) => range === 'whole').length).toBe(whole ? 1 : 0);

    const matches = new Set<string>();
    const needle = new TextDecoder().decode(tar.subarray(files[0]?.offset, (files[0]?.offset ?? 0) + 3));
    for await (const { entry } of view.search(needle, { contents: true })) matches.add(entry.path);
    expect([...matches]).toContain(files[0]?.name);
  });
});
