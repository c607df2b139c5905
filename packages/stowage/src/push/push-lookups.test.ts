import { createTarWriter, streamOf } from '@stowage/core';
import { createV2MetadataService } from '@stowage/image-store';
import { asDigest, encodeGoJson, parseNormalizedNamed } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { PushRegistry } from '../test-support/push-subject.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const HEADER = 512;
const END = 1024;

/** A tar of so many bytes. */
function tarOfSize(size: number): Uint8Array {
  const writer = createTarWriter();
  const parts = [...writer.entry({ name: 'a' }, new Uint8Array(size - HEADER - END)), writer.end()];
  const tar = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    tar.set(part, at);
    at += part.length;
  }
  return tar;
}

/** Pushes a layer of so many bytes that was seen in many places and is in none; answers what was asked. */
async function push(size: number): Promise<readonly string[]> {
  const registry = new PushRegistry();
  await using stowage = await registry.open();
  const { diffId } = await stowage.layers.register(streamOf(tarOfSize(size)), undefined);
  const rootfs = { type: 'layers', diff_ids: [diffId] };
  const imageId = await stowage.imageStore.create(
    encodeGoJson({ architecture: 'amd64', os: 'linux', history: [], rootfs }),
  );
  await stowage.references.addTag(parseNormalizedNamed('there.test/team/app:v1'), imageId);
  const seen = createV2MetadataService(stowage.metadata);
  const repositories = ['a/a', 'b/b', 'c/c', 'd/d', 'e/e', 'team/app', 'team/app', 'team/app'];
  for (const [at, path] of repositories.entries()) {
    const metadata = { digest: asDigest(`sha256:${String(at).repeat(64)}`), hmac: '' };
    await seen.add(diffId, { ...metadata, sourceRepository: `there.test/${path}` });
  }
  await stowage.push('there.test/team/app:v1');
  return registry.asked();
}

describe('what a registry is asked of a layer that it does not have', () => {
  it.each([
    ['a small one', 100 * KIB, { heads: 1, mounts: 1 }],
    ['a middle one', 100 * KIB + 512, { heads: 1, mounts: 3 }],
    ['the largest middle one', 10 * MIB, { heads: 1, mounts: 3 }],
    ['a large one', 10 * MIB + 512, { heads: 3, mounts: 4 }],
  ])('%s', async (_, size, { heads, mounts }) => {
    const asked = await push(size);
    const beginning = (start: string): string[] => asked.filter((line) => line.startsWith(start));
    // The configuration is asked for too.
    expect(beginning('HEAD /v2/team/app/blobs/')).toHaveLength(1 + heads);
    expect(beginning('POST').filter((line) => line.includes('?from='))).toHaveLength(mounts);
    // All sessions but one that came in place of a mount are given back; the layer goes by that one.
    expect(beginning('DELETE')).toHaveLength(mounts - 1);
    expect(beginning('POST').filter((line) => !line.includes('?from='))).toHaveLength(1);
    expect(beginning('GET')).toEqual([]);
    expect(asked.at(-1)).toBe('PUT /v2/team/app/manifests/v1');
  });
});
