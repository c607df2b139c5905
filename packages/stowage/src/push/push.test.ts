import { digestBytes } from '@stowage/core';
import { isStowageError, MEDIA_TYPES, parseNormalizedNamed, shortId } from '@stowage/types';
import type { Descriptor } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Stowage } from '../stowage.ts';
import { AMD64 } from '../test-support/pull-subject.ts';
import { PushRegistry, toldPush } from '../test-support/push-subject.ts';
import { createTestRegistry } from '../test-support/test-registry.ts';
import type { TestRegistry } from '../test-support/test-registry.ts';
import type { PushResult } from './push-result.ts';

let source: TestRegistry;
let target: PushRegistry;
let stowage: Stowage;
let pushed: Descriptor;

beforeEach(async () => {
  source = createTestRegistry();
  target = new PushRegistry();
  pushed = await source.push('team/app:v1', [{ base: 'base' }, { top: 'top' }]);
  stowage = await target.open({
    fetch: (url, init) => (url.includes('//localhost/') ? source.fetch(url, init) : target.fetch(url, init)),
    insecureRegistries: ['localhost', 'there.test'],
  });
  await stowage.pull('localhost/team/app:v1', { platform: AMD64 });
  await stowage.tag('localhost/team/app:v1', 'there.test/team/app:v1');
  target.asked();
});

describe('a pulled image', () => {
  it('goes as it came, and says what docker says', async () => {
    const { lines, aux, outcome } = await toldPush(stowage, 'there.test/team/app:v1');
    const { layers, digest, size } = outcome as PushResult;
    expect([digest, size]).toEqual([pushed.digest, pushed.size]);
    const [base = '', top = ''] = layers.map(({ diffId }) => shortId(diffId));
    expect(lines[0]).toBe(': The push refers to repository [there.test/team/app]');
    expect(lines.slice(1, 3)).toEqual([`${top}: Preparing`, `${base}: Preparing`]);
    expect(lines).toContain(`${base}: Pushed`);
    expect(lines.at(-1)).toBe(`: v1: digest: ${digest} size: ${String(size)}`);
    expect(aux).toEqual([{ Tag: 'v1', Digest: digest, Size: size }]);
    const asked = target.asked();
    expect(asked.at(-1)).toBe('PUT /v2/team/app/manifests/v1');
  });

  it('is not sent a second time', async () => {
    await stowage.push('there.test/team/app:v1');
    target.asked();
    const { lines } = await toldPush(stowage, 'there.test/team/app:v1');
    expect(lines.filter((line) => line.endsWith(': Layer already exists'))).toHaveLength(2);
    const asked = target.asked();
    expect(asked.filter((line) => !line.startsWith('HEAD'))).toEqual(['PUT /v2/team/app/manifests/v1']);
    expect(asked.filter((line) => line.startsWith('HEAD'))).toHaveLength(3);
  });

  it('is mounted from a sibling', async () => {
    await stowage.push('there.test/team/app:v1');
    target.asked();
    await stowage.tag('there.test/team/app:v1', 'there.test/team/other:v1');
    const { lines, outcome } = await toldPush(stowage, 'there.test/team/other:v1');
    expect(isStowageError(outcome)).toBe(false);
    expect(lines.filter((line) => line.endsWith(': Mounted from team/app'))).toHaveLength(2);
    const asked = target.asked();
    expect(asked.filter((line) => line === 'POST /v2/team/other/blobs/uploads/?from=team/app')).toHaveLength(
      2,
    );
    expect(asked.filter((line) => line.startsWith('PATCH'))).toEqual([]);
  });

  it('is noted by its digest', async () => {
    await stowage.push('there.test/team/app:v1');
    const name = parseNormalizedNamed(`there.test/team/app@${pushed.digest}`);
    expect((await stowage.references.find(name))?.target).toEqual(pushed);
    expect((await stowage.check()).problems).toEqual([]);
  });
});

describe('zstd', () => {
  it('makes another manifest of the same image', async () => {
    const { imageId, layers, mediaType } = await stowage.push('there.test/team/app:v1', {
      compression: 'zstd',
    });
    expect(mediaType).toBe(MEDIA_TYPES.ociManifest);
    expect(layers.map((layer) => layer.mediaType)).toEqual([
      MEDIA_TYPES.ociLayerZstd,
      MEDIA_TYPES.ociLayerZstd,
    ]);
    target.asked();
    await stowage.push('there.test/team/app:v1', { compression: 'zstd' });
    expect(target.asked().filter((line) => /^(?:POST|PATCH)/.test(line))).toEqual([]);
    const other = await target.open({ insecureRegistries: ['there.test'] });
    expect((await other.pull('there.test/team/app:v1', { platform: AMD64 })).imageId).toBe(imageId);
  });

  it('is forgotten of layers that are gone', async () => {
    const noted = async (): Promise<string[]> => {
      const keys: string[] = [];
      for await (const key of stowage.metadata.keys('layer-type-by-digest')) keys.push(key);
      return keys.sort();
    };
    const { layers } = await stowage.push('there.test/team/app:v1', { compression: 'zstd' });
    const keys = layers.map(({ digest }) => digest.replace(':', '/')).sort();
    await stowage.metadata.set('layer-type-by-digest', 'of-somebody-else', new Uint8Array());
    await stowage.gc();
    expect(await noted()).toEqual(['of-somebody-else', ...keys]);
    for (const name of ['localhost/team/app:v1', 'there.test/team/app:v1']) await stowage.remove(name);
    await stowage.gc();
    expect(await noted()).toEqual(['of-somebody-else']);
  });
});

describe('refusals', () => {
  it.each([
    ['there.test/none', 'An image does not exist locally with the tag: there.test/none'],
    ['there.test/team/app:v2', 'tag does not exist: there.test/team/app:v2'],
    [`there.test/team/app@sha256:${'a'.repeat(64)}`, 'cannot push a digest reference'],
  ])('%s', async (name, message) => {
    await expect(stowage.push(name)).rejects.toThrow(message);
  });

  it('all tags of a name with digests alone', async () => {
    const { digest } = await stowage.push('there.test/team/app:v1');
    await stowage.references.delete(parseNormalizedNamed('there.test/team/app:v1'));
    expect(await digestBytes(new Uint8Array())).not.toBe(digest);
    await expect(stowage.push('there.test/team/app', { allTags: true })).rejects.toThrow(
      'no tags to push for there.test/team/app',
    );
  });
});
