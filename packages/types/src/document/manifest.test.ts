import { describe, expect, it } from 'vitest';
import vectors from '../../../../test/fixtures/detect-manifest-media-type.json' with { type: 'json' };
import documents from '../../../../test/fixtures/go-documents.json' with { type: 'json' };
import { detectManifestMediaType } from './detect-media-type.ts';
import { parseIndex, parseManifest } from './manifest.ts';
import { essenceOf, MEDIA_TYPES } from './media-types.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const config = { mediaType: MEDIA_TYPES.ociConfig, digest: DIGEST, size: 2 };
const layer = { mediaType: MEDIA_TYPES.ociLayerGzip, digest: DIGEST, size: 10, annotations: { k: 'v' } };

function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}

describe('detectManifestMediaType', () => {
  it.each(vectors.accept)('accepts: $name', ({ json, mediaType }) => {
    expect(detectManifestMediaType(bytes(json))).toBe(mediaType);
  });

  it.each(vectors.reject)('refuses: $name', ({ json, error }) => {
    // Go's own words about types are not ours.
    if (error !== '') expect(() => detectManifestMediaType(bytes(json))).toThrow(error);
  });

  it.each(documents.detect.flatMap((vector) => ('mediaType' in vector ? [vector] : [])))(
    'finds what moby finds: $json',
    ({ json, mediaType }) => {
      expect(detectManifestMediaType(bytes(json))).toBe(mediaType);
    },
  );

  it.each(documents.detect.flatMap((vector) => ('error' in vector ? [vector] : [])))(
    'refuses what moby refuses: $json',
    ({ json, error }) => {
      expect(() => detectManifestMediaType(bytes(json))).toThrow(
        expect.objectContaining({ code: 'INVALID_MANIFEST' }) as Error,
      );
      // Go's own words about types are not ours.
      if (error !== '') expect(() => detectManifestMediaType(bytes(json))).toThrow(error);
    },
  );

  it('is bounded', () => {
    expect(() => detectManifestMediaType(bytes('{"config":{}}'), { maxBytes: 5 })).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }) as Error,
    );
  });

  it('takes layers alone for a manifest', () => {
    expect(detectManifestMediaType(bytes('{"layers":[]}'))).toBe(MEDIA_TYPES.ociManifest);
  });
});

describe('parseManifest', () => {
  it('reads an OCI manifest, keeps its bytes and what it does not know', () => {
    const raw = bytes({
      schemaVersion: 2,
      config,
      layers: [layer],
      annotations: { a: 'b' },
      future: { x: 1 },
    });
    const manifest = parseManifest(raw, `${MEDIA_TYPES.ociManifest}; charset=utf-8`);
    expect(manifest).toMatchObject({
      kind: 'manifest',
      mediaType: MEDIA_TYPES.ociManifest,
      config,
      layers: [layer],
    });
    expect(manifest.raw).toBe(raw);
    expect(manifest).toHaveProperty('future', { x: 1 });
    expect(manifest.annotations).toEqual({ a: 'b' });
  });

  it('reads docker schema 2 and lists', () => {
    const schema2 = parseManifest(
      bytes({ schemaVersion: 2, mediaType: MEDIA_TYPES.dockerManifest, config, layers: [] }),
    );
    expect(schema2).toMatchObject({ kind: 'manifest', mediaType: MEDIA_TYPES.dockerManifest });
    const platform = { os: 'linux', architecture: 'arm', variant: 'v7' };
    const list = parseManifest(
      bytes({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.dockerManifestList,
        manifests: [{ mediaType: MEDIA_TYPES.dockerManifest, digest: DIGEST, size: 5, platform }],
      }),
    );
    expect(list).toMatchObject({ kind: 'index', manifests: [{ platform }] });
  });

  it('finds members in any case', () => {
    const json =
      `{"SCHEMAVERSION":2,"MediaType":"${MEDIA_TYPES.ociManifest}",` +
      `"CONFIG":{"MEDIATYPE":"x","Digest":"${DIGEST}","SIZE":2},"Layerſ":[{"mediatype":"y","digest":"${DIGEST}","ſize":3}],` +
      '"ANNOTATIONS":{"A":null}}';
    expect(parseManifest(bytes(json), MEDIA_TYPES.ociManifest)).toMatchObject({
      config: { mediaType: 'x', digest: DIGEST, size: 2 },
      layers: [{ mediaType: 'y', size: 3 }],
      annotations: { A: '' },
    });
    expect(() =>
      parseManifest(bytes({ schemaVersion: 2, Manifests: [], config }), MEDIA_TYPES.ociManifest),
    ).toThrow('ocimanifest: expected manifest but found index');
    expect(() => parseManifest(bytes({ schemaVersion: 2, CONFIG: config }), MEDIA_TYPES.ociIndex)).toThrow(
      'index: expected index but found manifest',
    );
    expect(() =>
      parseManifest(bytes({ schemaVersion: 2, manifests: [], FSLAYERS: [] }), MEDIA_TYPES.ociIndex),
    ).toThrow('should not have "config", "layers", or "fsLayers"');
  });

  it('keeps what numbers it does not know are written as', () => {
    const json = `{"schemaVersion":2,"manifests":[],"future":12345678901234567890}`;
    expect(parseManifest(bytes(json))).toHaveProperty('future.text', '12345678901234567890');
  });

  it('is bounded', () => {
    const document = bytes({ schemaVersion: 2, manifests: [] });
    expect(parseManifest(document, undefined, { maxBytes: document.length }).kind).toBe('index');
    for (const parse of [
      () => parseManifest(document, MEDIA_TYPES.ociIndex, { maxBytes: document.length - 1 }),
      () => parseIndex(document, { maxBytes: document.length - 1 }),
    ]) {
      expect(parse).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }) as Error);
    }
  });

  it('counts null as absent, as Go does', () => {
    const manifest = parseManifest(
      bytes({ schemaVersion: 2, config, layers: null, annotations: null, subject: null }),
    );
    expect(manifest).toMatchObject({ kind: 'manifest', layers: [] });
    expect(manifest.subject).toBeUndefined();
  });

  it.each([
    ['no JSON', 'nonsense', undefined, 'is not JSON'],
    ['no object', '[]', undefined, 'is not a JSON object'],
    ['deep nesting', '['.repeat(200_000), undefined, 'is not JSON'],
    [
      'an index named a manifest',
      { schemaVersion: 2, manifests: [], config },
      MEDIA_TYPES.ociManifest,
      'but found index',
    ],
    [
      'a manifest named an index',
      { schemaVersion: 2, config, layers: [] },
      MEDIA_TYPES.ociIndex,
      'but found manifest',
    ],
    [
      'another type than its header',
      { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, config },
      MEDIA_TYPES.ociManifest,
      `if present, mediaType in manifest should be '${MEDIA_TYPES.ociManifest}' not '${MEDIA_TYPES.ociIndex}'`,
    ],
    [
      'docker schema 2 without its type',
      { schemaVersion: 2, config, layers: [] },
      MEDIA_TYPES.dockerManifest,
      `mediaType in manifest should be '${MEDIA_TYPES.dockerManifest}' not ''`,
    ],
    [
      'the layers of schema 1 beside its own',
      { schemaVersion: 2, config, layers: [], fsLayers: [] },
      MEDIA_TYPES.ociManifest,
      'should not have "manifests" or "fsLayers"',
    ],
    ['schema version 1', { schemaVersion: 1, config, layers: [] }, MEDIA_TYPES.ociManifest, 'schemaVersion'],
    ['no config', { schemaVersion: 2, layers: [] }, MEDIA_TYPES.ociManifest, 'at config'],
    [
      'a traversing digest',
      { schemaVersion: 2, config, layers: [{ ...layer, digest: 'sha256:../../x' }] },
      undefined,
      'at layers.0.digest: invalid digest',
    ],
    [
      'a negative size',
      { schemaVersion: 2, config: { ...config, size: -1 }, layers: [] },
      undefined,
      'at config.size',
    ],
    [
      'a size beyond counting',
      { schemaVersion: 2, config: { ...config, size: 2 ** 60 } },
      undefined,
      'at config.size',
    ],
    [
      'a size kept as text',
      '{"schemaVersion":2,"config":{"mediaType":"x","digest":"' + DIGEST + '","size":1e3}}',
      undefined,
      'at config.size',
    ],
    ['a layer that is null', { schemaVersion: 2, config, layers: [null] }, undefined, 'at layers.0'],
    [
      'a type that is no string',
      { schemaVersion: 2, mediaType: 5, config },
      undefined,
      'media-type: not a string',
    ],
    ['a broken size', { schemaVersion: 2, config: { ...config, size: 1.5 } }, undefined, 'at config.size'],
    [
      'annotations of numbers',
      { schemaVersion: 2, config, annotations: { a: 1 } },
      undefined,
      'at annotations.a',
    ],
  ])('refuses %s', (_what, document, mediaType, message) => {
    const parse = (): unknown => parseManifest(bytes(document), mediaType);
    expect(parse).toThrow(expect.objectContaining({ code: 'INVALID_MANIFEST' }) as Error);
    expect(parse).toThrow(message);
  });

  it('says UNSUPPORTED of types that it does not read', () => {
    expect(() => parseManifest(bytes('{}'), 'application/x-bananas')).toThrow(
      'unsupported media type application/x-bananas',
    );
    expect(() => parseManifest(bytes('{"fsLayers":[]}'))).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }) as Error,
    );
  });

  it('is not polluted by member names', () => {
    const manifest = parseManifest(bytes('{"schemaVersion":2,"manifests":[],"__proto__":{"polluted":true}}'));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(manifest.kind).toBe('index');
  });
});

describe('parseIndex', () => {
  it('takes an index only', () => {
    expect(parseIndex(bytes({ schemaVersion: 2, manifests: [config] })).manifests).toEqual([config]);
    expect(() => parseIndex(bytes({ schemaVersion: 2, config }))).toThrow(
      'index: expected index but found manifest',
    );
  });
});

describe('essenceOf', () => {
  it('compares media types without parameters and case', () => {
    expect(essenceOf(' Text/HTML ;charset="a;b"')).toBe('text/html');
  });
});
