import { createMemoryStorage } from '@stowage/storage';
import { describe, expect, it } from 'vitest';
import { openReferenceStore } from './reference-store.ts';
import {
  ONE,
  TWO,
  DIGEST,
  TARGET,
  OTHER,
  named,
  setup,
  writeIndex,
  readIndex,
  namesOf,
} from '../test-support/reference-setup.ts';

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
