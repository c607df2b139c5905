import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { collect, digestBytes, scanTar } from '@stowage/core';
import type { TarHeader } from '@stowage/core';
import { findToc, openTocLayer } from '@stowage/layer-store';
import type { TocLayer } from '@stowage/layer-store';
import { MEDIA_TYPES, parseManifest } from '@stowage/types';
import type { Bytes, Descriptor, DiffID, LayerEntry } from '@stowage/types';
import { beforeAll, describe, expect, it } from 'vitest';
import { countingContent } from '../../packages/layer-store/src/test-support/counting-content.ts';
import { findProgram } from '../../tools/programs.mjs';
import { writeLayout } from '../bench/support/write-layout.ts';
import { buildImage, UNCOMPRESSED } from '../support/image-builder.ts';
import { seededRandom } from '../support/random.ts';
import { runCommand } from './support/run-command.ts';

// Layers that other programs wrote, of one tar: `test/fixtures/toc/README.md` tells which. What is read by ranges is what
// unpacking all of the tar gives.

function fixture(name: string): Bytes {
  return new Uint8Array(readFileSync(new URL(`../fixtures/toc/${name}`, import.meta.url)));
}

interface Peer {
  readonly name: string;
  readonly file: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ztoc?: Bytes;
}

const STARGZ = 'containerd.io/snapshot/stargz/toc.digest';
const CHUNKED = 'io.github.containers.zstd-chunked.manifest-';

const PEERS: readonly Peer[] = [
  {
    name: 'eStargz',
    file: 'layer.estargz',
    annotations: { [STARGZ]: 'sha256:e330295a645c70eceb68954bb3424b96ba1d4c32cc3e3d02983c427d3548e120' },
  },
  {
    name: 'eStargz with several files in a member',
    file: 'packed.estargz',
    annotations: { [STARGZ]: 'sha256:b2e5a0d59782289a10e01d309a1c3c67fe2f831455ed20afc1ae46ec0bd2bc16' },
  },
  {
    name: 'zstd:chunked',
    file: 'layer.zstd',
    annotations: {
      [`${CHUNKED}checksum`]: 'sha256:dcd80b63ca4381dfcf28f839fadaeeecc1d1441a64bf09bd762731041e647f9a',
      [`${CHUNKED}position`]: '27241:1142:3510:1',
    },
  },
  {
    name: 'a ztoc',
    file: 'layer.tar.gz',
    annotations: {},
    ztoc: new Uint8Array(gunzipSync(fixture('layer.ztoc.gz'))),
  },
];

const tar = new Uint8Array(gunzipSync(fixture('layer.tar.gz')));
const headers: TarHeader[] = [];
const scanner = scanTar({ onEntry: (header) => headers.push(header) });
scanner.write(tar);
scanner.end();

function contentOf(path: string): Bytes {
  const { offset = 0, size = 0 } = headers.find(({ name }) => name === path) ?? {};
  return tar.subarray(offset, offset + size);
}

async function listed(layer: TocLayer): Promise<LayerEntry[]> {
  const entries: LayerEntry[] = [];
  for await (const entry of layer.entries()) entries.push(entry);
  return entries;
}

describe.each(PEERS)('a layer with a table of contents: $name', ({ file, annotations, ztoc }) => {
  const blob = fixture(file);
  const content = countingContent(blob);
  let descriptor: Descriptor;
  let layer: TocLayer;
  let opening: { readonly requests: number; readonly bytes: number };

  beforeAll(async () => {
    const digest = await digestBytes(blob);
    descriptor = { mediaType: MEDIA_TYPES.ociLayer, digest, size: blob.length, annotations };
    layer = await openTocLayer({ content, descriptor, diffId: digest as DiffID, ztoc });
    opening = { requests: content.requests, bytes: content.bytes };
  });

  it('lists what its tar has', async () => {
    const entries = (await listed(layer)).map(({ offset: _, ...entry }) => entry);
    expect(entries).toEqual(
      headers.map(({ name, offset: _, uname: _u, gname: _g, ...header }) => ({
        path: name.replace(/\/$/, ''),
        ...header,
      })),
    );
    expect(layer.verified).toBe(true);
    expect(layer.kind).toBe((await findToc(content, descriptor))?.kind ?? 'ztoc');
  });

  it('reads each file as the tar has it', async () => {
    for (const { path, type, size } of await listed(layer)) {
      if (type !== 'file') continue;
      const bytes = await collect(await layer.readFile(path), { maxBytes: size });
      expect([path, Buffer.compare(bytes, contentOf(path))]).toEqual([path, 0]);
    }
  });

  it('reads any part of a file', async () => {
    const random = seededRandom(11);
    const files = (await listed(layer)).filter(({ type, size }) => type === 'file' && size > 0);
    for (let i = 0; i < 60; i++) {
      const { path, size, offset } = files[Math.floor(random() ** 0.3 * files.length)] as LayerEntry;
      const from = Math.floor(random() * size);
      const length = Math.floor(random() * (size - from + 1));
      const bytes = await collect(await layer.readRange(offset + from, length), { maxBytes: length });
      const expected = contentOf(path).subarray(from, from + length);
      expect([path, from, Buffer.compare(bytes, expected)]).toEqual([path, from, 0]);
    }
  });

  it('moves little: one request for a file at its end', async () => {
    expect(opening.requests).toBe(ztoc === undefined ? (file === 'layer.zstd' ? 1 : 2) : 0);
    const before = { requests: content.requests, bytes: content.bytes };
    await collect(await layer.readFile('usr/tail'), { maxBytes: 7 });
    expect(content.requests - before.requests).toBe(1);
    expect(content.bytes - before.bytes).toBeLessThan(blob.length / 3);
  });
});

const WRITERS = findProgram('skopeo') === undefined ? [] : ['skopeo'];

describe.each(WRITERS)('a layer that %s made zstd:chunked', (program) => {
  it('is read by ranges from what its manifest says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stowage-toc-'));
    try {
      // It fails on files with holes, as the layers above have.
      const text = Array.from({ length: 40_000 }, (_, at) => String((at * at) % 1009)).join(' ');
      const files = { 'etc/motd': 'hello', 'usr/big': text, 'usr/tail': 'the end' };
      const entries = Object.entries(files).map(([name, content]) => ({ name, content }));
      const image = buildImage([[...entries, { name: 'usr/link', type: 'symlink', linkname: 'big' }]], {
        compression: UNCOMPRESSED,
      });
      await writeLayout(join(folder, 'from'), image, 'v1');
      const places = ['from', 'to'].map((name) => `oci:${join(folder, name)}:v1`);
      await runCommand(program, [
        ...['--insecure-policy', 'copy', '--quiet', '--dest-compress-format', 'zstd:chunked'],
        ...places,
      ]);
      const blobOf = (digest: string): Bytes =>
        new Uint8Array(readFileSync(join(folder, 'to', 'blobs', ...digest.split(':'))));
      const index = JSON.parse(readFileSync(join(folder, 'to', 'index.json'), 'utf8')) as {
        manifests: readonly Descriptor[];
      };
      const manifest = parseManifest(blobOf(index.manifests[0]?.digest ?? ''));
      const [descriptor] = 'layers' in manifest ? manifest.layers : [];
      if (descriptor === undefined) throw new Error('no layer');
      const content = countingContent(blobOf(descriptor.digest));
      const layer = await openTocLayer({ content, descriptor, diffId: descriptor.digest as DiffID });
      expect([layer.kind, layer.verified]).toEqual(['zstd-chunked', true]);
      expect((await listed(layer)).map(({ path }) => path)).toEqual([...Object.keys(files), 'usr/link']);
      for (const [path, expected] of Object.entries(files)) {
        const bytes = await collect(await layer.readFile(path), { maxBytes: 1 << 20 });
        expect(new TextDecoder().decode(bytes) === expected).toBe(true);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
