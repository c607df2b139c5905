import { describe, expect, it } from 'vitest';
import vectors from '../../../../test/fixtures/go-documents.json' with { type: 'json' };
import {
  buildManifestList,
  buildOciIndex,
  buildOciManifest,
  buildSchema2Manifest,
} from './build-manifest.ts';
import { buildSchema1Payload, EMPTY_LAYER_DIGEST, emptyLayer } from './build-schema1.ts';
import type { Schema1Payload } from './build-schema1.ts';
import type { Descriptor } from './descriptor.ts';
import { asDigest } from '../digest/digest.ts';
import type { Digest } from '../digest/digest.ts';
import { parseManifest } from './manifest.ts';
import { MEDIA_TYPES } from './media-types.ts';
import { parseSignedManifest } from './signed-manifest.ts';

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function letters(letter: string): Digest {
  return asDigest(`sha256:${letter.repeat(64)}`);
}

async function sha256(bytes: Uint8Array): Promise<Digest> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)));
  return asDigest(`sha256:${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);
}

const { builders } = vectors;
const platform = { os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '1', 'os.features': ['f'] };
const annotations = { b: '<1>', a: '2', 10: 'x', 9: 'y' };
const urls = ['https://h/?a=1&b=2'];

describe('docker documents', () => {
  const config = { mediaType: MEDIA_TYPES.dockerConfig, digest: letters('a'), size: 7023 };

  it('are those of distribution: schema 2', () => {
    const layer = { mediaType: MEDIA_TYPES.dockerForeignLayerGzip, digest: letters('b'), size: 32654 };
    const nothing = { mediaType: MEDIA_TYPES.dockerLayerGzip, digest: letters('c'), size: 0 };
    const layers = [{ ...layer, platform, annotations, urls, data: 'aGk=', artifactType: 'none' }, nothing];
    expect(textOf(buildSchema2Manifest({ config, layers }))).toBe(builders.schema2);
  });

  it('are those of distribution: a list', () => {
    const amd64 = { os: 'linux', architecture: 'amd64', features: ['sse4'] };
    const manifests: Descriptor[] = [
      { mediaType: MEDIA_TYPES.dockerManifest, size: 985, digest: letters('a'), platform: amd64 },
      { mediaType: MEDIA_TYPES.dockerManifest, size: 2392, digest: letters('b'), platform },
    ];
    expect(textOf(buildManifestList(manifests))).toBe(builders.list);
    const parsed = parseManifest(buildManifestList(manifests));
    expect(parsed).toMatchObject({ kind: 'index', mediaType: MEDIA_TYPES.dockerManifestList, manifests });
  });

  it('always say what a list is for', () => {
    const bytes = buildManifestList([{ ...config, size: 1 }], { indent: '' });
    expect(textOf(bytes)).toContain('"platform":{"architecture":"","os":""}');
  });
});

describe('OCI documents', () => {
  const config = { mediaType: MEDIA_TYPES.ociConfig, digest: letters('a'), size: 0 };
  const layer: Descriptor = {
    artifactType: 'application/x',
    platform,
    data: 'aGk=',
    annotations,
    urls,
    size: 32654,
    digest: letters('b'),
    mediaType: MEDIA_TYPES.ociLayerGzip,
  };
  const more = { artifactType: 'application/x', subject: config, annotations };

  it('are those of image-spec: a manifest', () => {
    expect(textOf(buildOciManifest({ ...more, config, layers: [layer] }))).toBe(builders.ociManifest);
    expect(textOf(buildOciManifest({ config, layers: [] }))).toBe(builders.ociManifestBare);
  });

  it('are those of image-spec: an index', () => {
    const parts = { ...more, manifests: [layer, config] };
    expect(textOf(buildOciIndex(parts))).toBe(builders.ociIndex);
    expect(textOf(buildOciIndex(parts, { indent: '' }))).toBe(builders.ociIndexCompact);
    expect(parseManifest(buildOciIndex(parts))).toMatchObject({ ...parts, kind: 'index' });
  });
});

describe('buildSchema1Payload', () => {
  async function build(config: string, layers: readonly string[]): Promise<Schema1Payload> {
    const parts = {
      name: 'library/app',
      tag: 'v1',
      config: new TextEncoder().encode(config),
      layers: layers.map(asDigest),
    };
    return buildSchema1Payload(parts, sha256);
  }

  it.each(vectors.schema1.flatMap((vector) => ('payload' in vector ? [vector] : [])))(
    'is what distribution signs: $config',
    async ({ config, layers, payload, signed }) => {
      const built = await build(config, layers);
      expect(textOf(built.payload)).toBe(payload);
      expect(built.usesEmptyLayer).toBe(config.includes('empty_layer'));
      expect(textOf(built.payload.subarray(built.formatLength))).toBe(textOf(built.formatTail));
      expect(parseSignedManifest(new TextEncoder().encode(signed)).canonical).toEqual(built.payload);
    },
  );

  it.each(vectors.schema1.flatMap((vector) => ('error' in vector ? [vector] : [])))(
    'refuses what distribution refuses: $config',
    async ({ config, layers, error }) => {
      await expect(build(config, layers)).rejects.toThrow(error);
    },
  );

  it.each([
    [
      `{"history":[{}],"rootfs":{"type":"layers","base_layer":"x","diff_ids":["${letters('a')}"]}}`,
      'UNSUPPORTED',
    ],
    ['{"history":[{}]}', 'INVALID_MANIFEST'],
    ['{', 'INVALID_MANIFEST'],
    ['{"history":[{}],"rootfs":{"type":"layers","diff_ids":[]}}', 'INVALID_ARGUMENT'],
  ])('refuses %s', async (config, code) => {
    await expect(build(config, [letters('d')])).rejects.toThrow(expect.objectContaining({ code }) as Error);
  });

  it('knows the empty layer', async () => {
    expect(await sha256(emptyLayer())).toBe(EMPTY_LAYER_DIGEST);
  });
});
