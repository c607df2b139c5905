import { collect, streamOf } from '@stowage/core';
import { MEDIA_TYPES } from '@stowage/types';
import type { Descriptor, Digest } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTwoRegistries } from '../test-support/two-registries.ts';
import type { TwoRegistries } from '../test-support/two-registries.ts';

const TYPE = 'application/vnd.example.sbom';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let two: TwoRegistries;
let image: Descriptor;
beforeEach(async () => {
  two = await createTwoRegistries();
  image = await two.source.push('app:v1', [{ a: '1' }]);
});
afterEach(async () => {
  await two.stowage.close();
});

async function all(list: AsyncIterable<Descriptor>): Promise<Descriptor[]> {
  const found: Descriptor[] = [];
  for await (const one of list) found.push(one);
  return found;
}

/** An SBOM of an image, and a signature of the SBOM. */
async function attach(subject: Digest) {
  const sbom = await two.stowage.pushArtifact('source.test/app', {
    artifactType: TYPE,
    files: [{ content: bytes('sbom'), title: 'sbom.json', mediaType: 'application/json' }],
    subject,
  });
  const signature = await two.stowage.pushArtifact('source.test/app', {
    artifactType: 'application/vnd.example.signature',
    annotations: { by: 'me' },
    subject: sbom.digest,
  });
  return { sbom, signature };
}

describe('an artifact', () => {
  it('is pushed with its files and pulled again', async () => {
    const content = {
      size: 5,
      open: (offset: number) => Promise.resolve(streamOf(bytes('hello').subarray(offset))),
    };
    const told: string[] = [];
    const pushed = await two.stowage.pushArtifact('source.test/charts/app:1.0', {
      artifactType: TYPE,
      files: [{ content, title: 'a.txt', annotations: { x: 'y' } }, { content: bytes('{}') }],
      annotations: { note: 'n' },
      onProgress: ({ action, message }) => told.push(message ?? action ?? ''),
    });
    expect(pushed).toMatchObject({
      reference: 'source.test/charts/app:1.0',
      mediaType: MEDIA_TYPES.ociManifest,
    });
    // The second file is the empty configuration too.
    expect(pushed.blobs.map(({ size, status }) => [size, status])).toEqual([
      [2, 'sent'],
      [5, 'sent'],
    ]);
    expect(told.at(-1)).toBe(`Digest: ${pushed.digest}`);
    const pulled = await two.stowage.pullArtifact('source.test/charts/app:1.0');
    expect(pulled).toMatchObject({ digest: pushed.digest, artifactType: TYPE, annotations: { note: 'n' } });
    expect(pulled.subject).toBeUndefined();
    expect(pulled.files.map(({ title, size }) => [title, size])).toEqual([
      ['a.txt', 5],
      [undefined, 2],
    ]);
    const [file] = pulled.files;
    expect(file?.annotations).toEqual({ x: 'y', 'org.opencontainers.image.title': 'a.txt' });
    expect(new TextDecoder().decode(await collect((await file?.open()) ?? streamOf(), { maxBytes: 9 }))).toBe(
      'hello',
    );
    const again = await two.stowage.pushArtifact('source.test/charts/app', { artifactType: TYPE });
    expect(again.reference).toBe('source.test/charts/app:latest');
    expect(again.blobs.map(({ status }) => status)).toEqual(['existing']);
  });

  it('refers to a manifest, and is listed there', async () => {
    const { sbom, signature } = await attach(image.digest);
    expect(sbom).toMatchObject({ reference: `source.test/app@${sbom.digest}`, subject: image.digest });
    const listed = await all(two.stowage.referrers('source.test/app:v1'));
    expect(listed.map(({ digest, artifactType }) => [digest, artifactType])).toEqual([[sbom.digest, TYPE]]);
    expect(await all(two.stowage.referrers('source.test/app:v1', { artifactType: 'a/b' }))).toEqual([]);
    const beneath = await all(two.stowage.referrers(`source.test/app@${sbom.digest}`));
    expect(beneath.map(({ digest }) => digest)).toEqual([signature.digest]);
    expect((await two.stowage.pullArtifact(`source.test/app@${signature.digest}`)).subject).toBe(sbom.digest);
    const byTag = await two.stowage.pushArtifact('source.test/app:sig', {
      artifactType: TYPE,
      subject: 'v1',
    });
    expect(byTag.subject).toBe(image.digest);
  });

  it.each(['HEAD /v2/app/manifests/sha256:', 'GET /v2/app/referrers/'])(
    'is pushed again unless it is there and listed: %s',
    async (refused) => {
      const { sbom } = await attach(image.digest);
      const puts = (): number =>
        two.source.requests.splice(0).filter((line) => /^PUT .*manifests/.test(line)).length;
      puts();
      expect((await attach(image.digest)).sbom.digest).toBe(sbom.digest);
      expect(puts()).toBe(0);
      two.instead = (request) =>
        request.startsWith(refused) && request !== `HEAD /v2/app/manifests/${image.digest}`
          ? new Response(null, { status: 404 })
          : undefined;
      const again = await two.stowage.pushArtifact('source.test/app', {
        ...{ artifactType: TYPE, subject: image.digest },
        files: [{ content: bytes('sbom'), title: 'sbom.json', mediaType: 'application/json' }],
      });
      expect([again.digest, puts()]).toEqual([sbom.digest, 1]);
    },
  );

  it('is refused where something is wrong with it', async () => {
    const push = two.stowage.pushArtifact.bind(two.stowage);
    await expect(push('source.test/app:a', { artifactType: 'text' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(push(`source.test/app@${image.digest}`, { artifactType: TYPE })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(push('source.test/app', { artifactType: TYPE, subject: 'v9' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const content = { size: 6, open: () => Promise.resolve(streamOf(bytes('hello'))) };
    await expect(
      push('source.test/app:a', { artifactType: TYPE, files: [{ content, title: 't' }] }),
    ).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    await expect(two.stowage.pullArtifact('source.test/app:v1')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
    await expect(all(two.stowage.referrers('source.test/app:none'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('copy with referrers', () => {
  it('brings over what refers to a manifest, and what refers to that, before the tag', async () => {
    const { sbom, signature } = await attach(image.digest);
    const result = await two.stowage.copy('source.test/app:v1', 'target.test/copy:v1', { referrers: true });
    expect(result.manifests).toMatchObject([
      { digest: image.digest, status: 'sent' },
      { digest: sbom.digest, status: 'sent', subject: image.digest },
      { digest: signature.digest, status: 'sent', subject: sbom.digest },
    ]);
    expect((await all(two.stowage.referrers('target.test/copy:v1'))).map(({ digest }) => digest)).toEqual([
      sbom.digest,
    ]);
    const puts = two.requests.filter(
      (request) => request.startsWith('PUT') && request.includes('/manifests/'),
    );
    expect(puts.at(-1)).toBe('PUT /v2/copy/manifests/v1');
    two.requests.length = 0;
    const again = await two.stowage.copy('source.test/app:v1', 'target.test/copy:v1', { referrers: true });
    expect(again.manifests.map(({ status }) => status)).toEqual(['existing', 'existing', 'existing']);
    expect(two.requests.filter((request) => !/^(GET|HEAD)/.test(request))).toEqual([]);
  });

  it('does not bring them over unasked, and passes over what does not refer to it', async () => {
    const { sbom } = await attach(image.digest);
    const plain = await two.stowage.copy('source.test/app:v1', 'target.test/copy:v1');
    expect(plain.manifests).toHaveLength(1);
    // A registry that lists the image as a referrer of itself, and of what refers to it.
    two.instead = (request) =>
      request.startsWith('GET /v2/app/referrers/')
        ? Response.json(
            {
              schemaVersion: 2,
              mediaType: MEDIA_TYPES.ociIndex,
              manifests: [image, sbom].map(({ digest, mediaType, size }) => ({ digest, mediaType, size })),
            },
            { headers: { 'content-type': MEDIA_TYPES.ociIndex } },
          )
        : undefined;
    const copied = await two.stowage.copy('source.test/app:v1', 'target.test/circle:v1', { referrers: true });
    expect(copied.manifests.map(({ digest }) => digest)).toEqual([image.digest, sbom.digest]);
  });
});
