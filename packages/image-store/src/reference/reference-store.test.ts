import { createMemoryStorage } from '@stowage/storage';
import { asDigest, formatReference, MEDIA_TYPES, parseNormalizedNamed, parseReference } from '@stowage/types';
import type { Descriptor, ImageID, Reference, ReferenceStore, Storage } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { openReferenceStore } from './reference-store.ts';

const ONE = asDigest(`sha256:${'1'.repeat(64)}`) as ImageID;
const TWO = asDigest(`sha256:${'2'.repeat(64)}`) as ImageID;
const DIGEST = `sha256:${'d'.repeat(64)}`;
const TARGET: Descriptor = { mediaType: MEDIA_TYPES.ociManifest, digest: asDigest(DIGEST), size: 10 };
const OTHER: Descriptor = { ...TARGET, digest: asDigest(`sha256:${'e'.repeat(64)}`) };

function named(text: string): Reference {
  return parseNormalizedNamed(text);
}

async function setup(text?: string): Promise<{ storage: Storage; store: ReferenceStore }> {
  const storage = createMemoryStorage();
  if (text !== undefined) await writeIndex(storage, text);
  return { storage, store: await openReferenceStore({ storage }) };
}

function writeIndex(storage: Storage, text: string): Promise<void> {
  return storage.metadata.set('layout', 'index.json', new TextEncoder().encode(text));
}

async function readIndex(storage: Storage): Promise<string> {
  return new TextDecoder().decode(await storage.metadata.get('layout', 'index.json'));
}

async function namesOf(list: ReturnType<ReferenceStore['all']>): Promise<string[]> {
  return (await list).map(({ reference }) => formatReference(reference));
}

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

describe('the file', () => {
  const FOREIGN = `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"${DIGEST}","size":5,"annotations":{"org.opencontainers.image.ref.name":"v1"},"extra":[1,null]}`;
  const ODD = `{"mediaType":"text/odd","digest":"${DIGEST}","size":1,"annotations":{"dev.stowage.image.id":"nonsense","org.opencontainers.image.ref.name":"docker.io/library/a:latest"}}`;

  it('keeps what other tools wrote, in order', async () => {
    const { storage, store } = await setup(
      `{"schemaVersion":2,"manifests":[${FOREIGN},${ODD}],"annotations":{"a":"b"},"more":null}`,
    );
    expect(await store.all()).toEqual([]);
    await store.addTag(named('a'), ONE, false, { target: TARGET });
    await store.addTag(named('b'), ONE);
    await store.addTag(named('a'), TWO, true, { target: OTHER });
    await store.delete(named('b'));
    const ours = `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"${OTHER.digest}","size":10,"annotations":{"org.opencontainers.image.ref.name":"docker.io/library/a:latest","io.containerd.image.name":"docker.io/library/a:latest","dev.stowage.image.id":"${TWO}"}}`;
    expect(await readIndex(storage)).toBe(
      `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[${FOREIGN},${ODD},${ours}],"annotations":{"a":"b"},"more":null}`,
    );
  });

  it('keeps numbers as they are written, and finds its members in any case', async () => {
    const { storage, store } = await setup(
      `{"schemaVersion":2,"Manifests":[${FOREIGN.replace('[1,null]', '[12345678901234567890,1.0]')}],"more":1e400}`,
    );
    await store.addTag(named('a'), ONE, false, { target: TARGET });
    expect(await readIndex(storage)).toContain('"extra":[12345678901234567890,1.0]},{');
    expect(await readIndex(storage)).toMatch(/\],"more":1e400\}$/);
  });

  it('is not written longer than it would be read', async () => {
    const { storage, store } = await setup();
    await store.addTag(named('a'), ONE, false, { target: TARGET });
    const before = await readIndex(storage);
    const target = { ...TARGET, annotations: { padding: 'x'.repeat(16 * 1024 * 1024) } };
    await expect(store.addTag(named('b'), ONE, false, { target })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: 'index.json would be longer than 16777216 bytes',
    });
    expect(await readIndex(storage)).toBe(before);
  });

  it('keeps the place of a name that gets another meaning', async () => {
    const { store, storage } = await setup();
    for (const name of ['a', 'b', 'c']) await store.addTag(named(name), ONE, false, { target: TARGET });
    await store.addTag(named('b'), TWO, true, { target: OTHER });
    const names = [...(await readIndex(storage)).matchAll(/ref\.name":"docker\.io\/library\/(.):/g)];
    expect(names.map(([, name]) => name)).toEqual(['a', 'b', 'c']);
  });

  it('gives one meaning to a name that it has twice', async () => {
    const { storage, store } = await setup();
    await store.addTag(named('a'), ONE, false, { target: TARGET });
    const twice = (await readIndex(storage)).replace(/\[(.*)\]/, (_, entry: string) => {
      return `[${entry},${entry.replaceAll(ONE, TWO)}]`;
    });
    await writeIndex(storage, twice);
    expect(await store.all()).toMatchObject([{ imageId: ONE }]);
    await store.delete(named('a'));
    expect(await store.all()).toEqual([]);
  });

  it.each([
    ['no JSON', '{"schemaVersion":2'],
    ['no object', '[]'],
    ['nothing', ''],
    ['no index', '{"schemaVersion":2,"layers":[],"config":{}}'],
    ['another version', '{"schemaVersion":1,"manifests":[]}'],
    ['an entry that is none', '{"schemaVersion":2,"manifests":[null]}'],
    ['a digest that is none', '{"schemaVersion":2,"manifests":[{"mediaType":"a","digest":"b","size":1}]}'],
  ])('is reported and left alone when it holds %s', async (_, text) => {
    const damaged = {
      code: 'DATA_LOSS',
      message: expect.stringMatching(/^index\.json is damaged: /) as string,
    };
    const storage = createMemoryStorage();
    const store = await openReferenceStore({ storage });
    await writeIndex(storage, text);
    await expect(openReferenceStore({ storage })).rejects.toMatchObject(damaged);
    await expect(store.all()).rejects.toMatchObject(damaged);
    await expect(store.addTag(named('a'), ONE, true, { target: TARGET })).rejects.toMatchObject(damaged);
    await expect(store.delete(named('a'))).rejects.toMatchObject(damaged);
    expect(await readIndex(storage)).toBe(text);
  });
});

describe('update', () => {
  it('writes several changes at once', async () => {
    const { storage, store } = await setup();
    await store.addTag(named('old'), ONE, false, { target: TARGET });
    const { metadata } = storage;
    let writes = 0;
    const counting = new Proxy(metadata, {
      get: (target, key): unknown => {
        if (key === 'set') writes += 1;
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const counted = await openReferenceStore({
      storage: {
        content: storage.content,
        metadata: counting,
        lock: storage.lock.bind(storage),
        close: () => Promise.resolve(),
      },
    });
    const answer = await counted.update(async (changes) => {
      await changes.addDigest(named(`a@${DIGEST}`), TWO, false, { target: OTHER });
      await changes.addTag(named('a'), TWO, true);
      expect(await changes.find(named('a'))).toMatchObject({ imageId: TWO, target: OTHER });
      expect(await changes.find(named('b'))).toBeUndefined();
      return changes.delete(named('old'));
    });
    expect([answer, writes]).toEqual([true, 1]);
    expect(await namesOf(store.all())).toEqual([
      `docker.io/library/a:latest`,
      `docker.io/library/a@${DIGEST}`,
    ]);
    await counted.update((changes) => changes.find(named('a')));
    expect(writes).toBe(1);
  });

  it('writes nothing where the work fails, and goes on past a change that was refused', async () => {
    const { storage, store } = await setup();
    await store.addTag(named('a'), ONE, false, { target: TARGET });
    const before = await readIndex(storage);
    const reason = new Error('thought better of it');
    const failing = store.update(async (changes) => {
      await changes.delete(named('a'));
      throw reason;
    });
    await expect(failing).rejects.toBe(reason);
    expect(await readIndex(storage)).toBe(before);
    await store.update(async (changes) => {
      await expect(changes.addTag(named('a'), TWO, false, { target: OTHER })).rejects.toMatchObject({
        code: 'CONFLICT',
      });
      await changes.addTag(named('b'), TWO, false, { target: OTHER });
    });
    expect(await namesOf(store.all())).toEqual(['docker.io/library/a:latest', 'docker.io/library/b:latest']);
    expect(await store.get(named('a'))).toBe(ONE);
  });
});

describe('several writers', () => {
  it('lose nothing and see at once what they wrote', async () => {
    const storage = createMemoryStorage();
    const stores = await Promise.all([1, 2, 3].map(() => openReferenceStore({ storage })));
    await Promise.all(
      Array.from({ length: 30 }, async (_, number) => {
        const store = stores[number % 3];
        const reference = named(`app:${String(number)}`);
        await store?.addTag(reference, ONE, false, { target: TARGET });
        expect(await store?.get(reference)).toBe(ONE);
        if (number % 2 === 0) await store?.delete(reference);
      }),
    );
    expect(await stores[0]?.all()).toHaveLength(15);
  });

  it('give up waiting when they are aborted', async () => {
    const { storage, store } = await setup();
    const lock = await storage.lock('index');
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const adding = store.addTag(named('a'), ONE, false, { target: TARGET, signal: controller.signal });
    controller.abort(reason);
    await expect(adding).rejects.toBe(reason);
    await lock[Symbol.asyncDispose]();
    expect(await store.all()).toEqual([]);
  });
});
