import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fixManifestLayers, readSignedManifest, verifySignedManifest } from './signed-manifest-verify.ts';
import { parseSignedManifest } from './signed-manifest.ts';
import type { SignedManifest } from './signed-manifest.ts';
import { makeConfigFromV1Config } from './v1-config.ts';

const DIGEST = 'sha256:02fee8c3220ba806531f606525eceb83f4feb654f62b207191b1c9209188dedd';
const BASE = 'sha256:03f4658f8b782e12230c1783426bd3bacce651ce582a4ffb6fbbfa2079428ecb';

function read(name: string): SignedManifest {
  const url = new URL(`../../../../test/fixtures/schema1/${name}.json`, import.meta.url);
  return parseSignedManifest(new Uint8Array(readFileSync(url)));
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

describe('recorded manifests of schema 1', () => {
  it.each(['good', 'extra_data'])('%s hashes to what was signed', (name) => {
    const manifest = read(name);
    expect(digestOf(manifest.canonical)).toBe(DIGEST);
    expect(manifest).toMatchObject({
      kind: 'signed',
      schemaVersion: 1,
      name: 'library/hello-world',
      tag: 'latest',
    });
    // Not those that somebody put in behind.
    expect(manifest.fsLayers[1]?.blobSum).toBe(BASE);
    verifySignedManifest(manifest, 'hello-world:latest');
  });

  it('bad is refused, whatever it hashes to', () => {
    const manifest = read('bad');
    expect(digestOf(manifest.canonical)).not.toBe(DIGEST);
    expect(() => {
      verifySignedManifest(manifest, 'hello-world:latest');
    }).toThrow('unsupported schema version 2 for "hello-world:latest"');
  });

  it('good becomes an image', () => {
    const manifest = fixManifestLayers(read('good'));
    const { layers, history } = readSignedManifest(manifest);
    expect(layers).toEqual([BASE, manifest.fsLayers[0]?.blobSum]);
    expect(history.map((step) => step.created_by)).toEqual([
      '/bin/sh -c #(nop) COPY file:4abd3bff60458ca3b079d7b131ce26b2719055a030dfa96ff827da2b7c7038a7 in /',
      '/bin/sh -c #(nop) CMD ["/hello"]',
    ]);
    const config = makeConfigFromV1Config(
      manifest.history[0]?.v1Compatibility ?? '',
      { type: 'layers', diff_ids: [] },
      history,
    );
    const text = new TextDecoder().decode(config);
    expect(
      text.startsWith('{"architecture":"amd64","config":{"Hostname":"9aeb0006ffa7","Domainname":""'),
    ).toBe(true);
    expect(text).not.toContain('PortSpecs');
  });
});
