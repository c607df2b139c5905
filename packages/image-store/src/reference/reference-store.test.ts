import { asDigest, MEDIA_TYPES, parseReference } from '@stowage/types';
import type { Descriptor, ImageID } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import {
  ONE,
  TWO,
  DIGEST,
  TARGET,
  OTHER,
  named,
  setup,
  readIndex,
  namesOf,
} from '../test-support/reference-setup.ts';

describe('addTag', () => {
  it('names an image', async () => {
    const { store } = await setup();
    await store.addTag(named('busybox:1.36'), ONE, false, { target: TARGET });
    expect(await store.get(named('busybox:1.36'))).toBe(ONE);
    expect(await store.find(named('docker.io/library/busybox:1.36'))).toEqual({
      reference: { domain: 'docker.io', path: 'library/busybox', tag: '1.36' },
      imageId: ONE,
      target: TARGET,
    });
    expect(await store.find(named('busybox:other'))).toBeUndefined();
  });

  it('means latest where no tag is named', async () => {
    const { store } = await setup();
    await store.addTag(named('busybox'), ONE, false, { target: TARGET });
    expect(await store.get(named('busybox:latest'))).toBe(ONE);
    expect(await store.get(parseReference('busybox'))).toBe(ONE);
  });

  it('writes what every tool can read', async () => {
    const { storage, store } = await setup();
    await store.addTag(named('busybox'), ONE, false, { target: TARGET });
    expect(await readIndex(storage)).toBe(
      `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[` +
        `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"${DIGEST}","size":10,"annotations":{` +
        `"org.opencontainers.image.ref.name":"docker.io/library/busybox:latest",` +
        `"io.containerd.image.name":"docker.io/library/busybox:latest","dev.stowage.image.id":"${ONE}"}}]}`,
    );
  });

  it('takes the same name for the same image again', async () => {
    const { storage, store } = await setup();
    await store.addTag(named('a/b:c'), ONE, false, { target: TARGET });
    const before = await readIndex(storage);
    await store.addTag(named('a/b:c'), ONE);
    await store.addTag(named('a/b:c'), ONE, false, { target: TARGET });
    expect(await readIndex(storage)).toBe(before);
  });

  it('notes that the image came by another manifest', async () => {
    const { store } = await setup();
    await store.addTag(named('a/b:c'), ONE, false, { target: TARGET });
    await store.addTag(named('a/b:c'), ONE, false, { target: OTHER });
    expect((await store.find(named('a/b:c')))?.target).toEqual(OTHER);
    expect(await store.all()).toHaveLength(1);
  });

  it('gives a name to another image by force only', async () => {
    const { store } = await setup();
    await store.addTag(named('a/b:c'), ONE, false, { target: TARGET });
    await expect(store.addTag(named('a/b:c'), TWO, false, { target: OTHER })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `Conflict: Tag a/b:c is already set to image ${ONE}, if you want to replace it, please use the force option`,
    });
    expect(await store.get(named('a/b:c'))).toBe(ONE);
    await store.addTag(named('a/b:c'), TWO, true, { target: OTHER });
    expect(await store.find(named('a/b:c'))).toMatchObject({ imageId: TWO, target: OTHER });
  });

  it('refuses digests, and names that read like one', async () => {
    const { store } = await setup();
    await expect(store.addTag(named(`a/b:c@${DIGEST}`), ONE)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'refusing to create a tag with a digest reference',
    });
    for (const add of [
      () => store.addTag(named('sha256:abc'), ONE, true, { target: TARGET }),
      () => store.addDigest(named(`sha256@${DIGEST}`), ONE, true, { target: TARGET }),
    ]) {
      await expect(add()).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: 'refusing to create an ambiguous tag using digest algorithm as name',
      });
    }
    await store.addTag(named('example.com/sha256:abc'), ONE, false, { target: TARGET });
    expect(await namesOf(store.all())).toEqual(['example.com/sha256:abc']);
  });

  it.each([
    ['row 1: an image ID that is a path', named('a'), 'sha256:../../x', TARGET, 'INVALID_DIGEST'],
    ['a target that is a path', named('a'), ONE, { ...TARGET, digest: 'sha256:../x' }, 'INVALID_DIGEST'],
    ['a target without a size', named('a'), ONE, { ...TARGET, size: -1 }, 'INVALID_ARGUMENT'],
    ['a target without a type', named('a'), ONE, { ...TARGET, mediaType: '' }, 'INVALID_ARGUMENT'],
    ['a reference made by hand', { domain: 'x.test', path: '../..' }, ONE, TARGET, 'INVALID_REFERENCE'],
    ['a reference without a name', {}, ONE, TARGET, 'INVALID_REFERENCE'],
    ['a path with a tag', { domain: 'x.test', path: 'a:b' }, ONE, TARGET, 'INVALID_REFERENCE'],
  ])('refuses %s', async (_, reference, id, target, code) => {
    const { storage, store } = await setup();
    const before = await readIndex(storage);
    const adding = store.addTag(reference, id as ImageID, false, { target: target as Descriptor });
    await expect(adding).rejects.toMatchObject({ code });
    expect(await readIndex(storage)).toBe(before);
  });
});

describe('the target', () => {
  it('is by default that of another name of the image', async () => {
    const { store } = await setup();
    await store.addTag(named('a'), ONE, false, { target: TARGET });
    await store.addTag(named('b'), ONE);
    expect((await store.find(named('b')))?.target).toEqual(TARGET);
  });

  it('is else the configuration of the image', async () => {
    const { storage, store } = await setup();
    const ingest = await storage.content.ingest('config');
    await ingest.write(new TextEncoder().encode('{}'));
    const { digest } = await ingest.commit();
    await store.addTag(named('a'), digest as ImageID);
    const target = { mediaType: MEDIA_TYPES.ociConfig, digest, size: 2 };
    expect((await store.find(named('a')))?.target).toEqual(target);
    await expect(store.addTag(named('b'), ONE)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('keeps its own annotations', async () => {
    const { storage, store } = await setup();
    const target = {
      ...TARGET,
      annotations: { made: 'by <hand>' },
      platform: { os: 'linux', architecture: 'arm' },
    };
    await store.addTag(named('a'), ONE, false, { target });
    expect((await store.find(named('a')))?.target).toEqual(target);
    expect(await readIndex(storage)).toContain('"made":"by \\u003chand\\u003e"');
  });
});

describe('addDigest', () => {
  it('names an image by digest and leaves a tag out', async () => {
    const { store } = await setup();
    await store.addDigest(named(`a/b:c@${DIGEST}`), ONE, false, { target: TARGET });
    expect(await store.get(named(`a/b@${DIGEST}`))).toBe(ONE);
    expect(await store.get(named(`a/b:other@${DIGEST}`))).toBe(ONE);
    expect(await namesOf(store.all())).toEqual([`docker.io/a/b@${DIGEST}`]);
    await expect(store.get(named('a/b:c'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('never names another image', async () => {
    const { store } = await setup();
    await store.addDigest(named(`a@${DIGEST}`), ONE, false, { target: TARGET });
    await store.addDigest(named(`a@${DIGEST}`), ONE);
    for (const force of [false, true]) {
      await expect(
        store.addDigest(named(`a@${DIGEST}`), TWO, force, { target: OTHER }),
      ).rejects.toMatchObject({
        code: 'CONFLICT',
        message: `Cannot overwrite digest ${DIGEST}`,
      });
    }
  });

  it('refuses a reference without a digest', async () => {
    const { store } = await setup();
    await expect(store.addDigest(named('a:b'), ONE)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('delete', () => {
  it('removes one name', async () => {
    const { store } = await setup();
    await store.addTag(named('a'), ONE, false, { target: TARGET });
    await store.addTag(named('a:b'), ONE);
    await store.addDigest(named(`a@${DIGEST}`), ONE);
    expect(await store.delete(named('a'))).toBe(true);
    expect(await store.delete(named(`a:ignored@${DIGEST}`))).toBe(true);
    expect(await namesOf(store.all())).toEqual(['docker.io/library/a:b']);
    for (const method of ['get', 'delete'] as const) {
      await expect(store[method](named('a'))).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: 'reference does not exist',
      });
    }
  });
});

describe('listing', () => {
  it('is sorted, by image, by name and whole', async () => {
    const { store } = await setup();
    for (const [name, id] of [
      ['b/c:2', ONE],
      ['b/c:10', TWO],
      ['b/c', ONE],
      ['example.com/a', ONE],
      ['b/cc', ONE],
    ] as const) {
      await store.addTag(named(name), id, false, { target: TARGET });
    }
    await store.addDigest(named(`b/c@${DIGEST}`), ONE);
    expect(await namesOf(store.references(ONE))).toEqual([
      'docker.io/b/c:2',
      'docker.io/b/c:latest',
      `docker.io/b/c@${DIGEST}`,
      'docker.io/b/cc:latest',
      'example.com/a:latest',
    ]);
    expect(await namesOf(store.referencesByName(named('b/c:whatever')))).toEqual([
      'docker.io/b/c:10',
      'docker.io/b/c:2',
      'docker.io/b/c:latest',
      `docker.io/b/c@${DIGEST}`,
    ]);
    expect(await store.all()).toHaveLength(6);
    expect(await store.references(asDigest(DIGEST) as ImageID)).toEqual([]);
    expect(await store.referencesByName(named('unknown'))).toEqual([]);
  });
});
