import { createMemoryStorage } from '@stowage/storage';
import { asDigest, digestKey } from '@stowage/types';
import type { DiffID, MetadataStore, Storage, V2Metadata, V2MetadataService } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { createV2MetadataService, forgetV2Metadata } from './v2-metadata-service.ts';
import { diffIdOf } from '../test-support/fake-layer-store.ts';

const A = diffIdOf('a');
const B = diffIdOf('b');

let storage: Storage;
let store: MetadataStore;
let service: V2MetadataService;

beforeEach(() => {
  storage = createMemoryStorage();
  store = storage.metadata;
  service = createV2MetadataService(store);
});

function seen(digit: string, sourceRepository = 'docker.io/library/app', hmac = ''): V2Metadata {
  return { digest: asDigest(`sha256:${digit.repeat(64)}`), sourceRepository, hmac };
}

async function fileOf(namespace: string, digest: string): Promise<string | undefined> {
  const bytes = await store.get(namespace, digestKey(digest));
  return bytes && new TextDecoder().decode(bytes);
}

function write(namespace: string, digest: string, text: string): Promise<void> {
  return store.set(namespace, digestKey(digest), new TextEncoder().encode(text));
}

describe('the files', () => {
  it("are in moby's format", async () => {
    const one = seen('1', 'docker.io/<library>/app', 'c0ffee');
    await service.add(A, one);
    await service.add(A, seen('2', ''));
    expect(await fileOf('v2metadata-by-diffid', A)).toBe(
      `[{"Digest":"${one.digest}","SourceRepository":"docker.io/\\u003clibrary\\u003e/app","HMAC":"c0ffee"},` +
        `{"Digest":"${seen('2').digest}","SourceRepository":"","HMAC":""}]`,
    );
    expect(await fileOf('diffid-by-digest', one.digest)).toBe(A);
    expect(await service.getMetadata(A)).toEqual([one, seen('2', '')]);
    expect(await service.getDiffId(one.digest)).toBe(A);
  });

  it('are read as Go reads them', async () => {
    const { digest } = seen('1');
    await write(
      'v2metadata-by-diffid',
      A,
      ` [ {"digest":"${digest}","SOURCEREPOSITORY":"x","hmac":null,"More":1}, {"Digest":"${digest}"} ]\n`,
    );
    expect(await service.getMetadata(A)).toEqual([seen('1', 'x'), seen('1', '')]);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '[{"Digest"'],
    ['null', 'null'],
    ['an object', '{"Digest":"x"}'],
    ['an entry that is none', '[null,1,"a",[]]'],
    ['row 1: a digest that is a path', '[{"Digest":"sha256:../../x","SourceRepository":"a","HMAC":""}]'],
    ['another type', `[{"Digest":"sha256:${'1'.repeat(64)}","SourceRepository":1}]`],
    ['too much', `[${' '.repeat(1024 * 1024)}]`],
  ])('are empty when they hold %s, and then written anew', async (_, text) => {
    await write('v2metadata-by-diffid', A, text);
    expect(await service.getMetadata(A)).toEqual([]);
    await service.add(A, seen('1'));
    expect(await service.getMetadata(A)).toEqual([seen('1')]);
  });

  it('name no layer when they are damaged', async () => {
    const { digest } = seen('1');
    for (const text of ['', 'nonsense', `${A}\n`, 'sha256:../../x']) {
      await write('diffid-by-digest', digest, text);
      expect(await service.getDiffId(digest)).toBeUndefined();
      await service.remove(seen('1'));
    }
  });
});

describe('add', () => {
  it('makes what is there already the latest', async () => {
    for (const one of [seen('1'), seen('2'), seen('1', 'other'), seen('1')]) await service.add(A, one);
    expect(await service.getMetadata(A)).toEqual([seen('2'), seen('1', 'other'), seen('1')]);
  });

  it('keeps the last fifty', async () => {
    const all = Array.from({ length: 53 }, (_, number) => seen('1', `docker.io/app/${number}`));
    for (const one of all) await service.add(A, one);
    expect(await service.getMetadata(A)).toEqual(all.slice(3));
  });

  it('loses nothing when several add at once, by different services', async () => {
    const other = createV2MetadataService(store);
    const all = Array.from({ length: 20 }, (_, number) => seen('1', `docker.io/app/${number}`));
    await Promise.all(all.map((one, number) => (number % 2 === 0 ? service : other).add(A, one)));
    expect(await service.getMetadata(A)).toHaveLength(20);
  });

  it('goes on after one that failed', async () => {
    const reason = new Error('enough');
    await expect(service.add(A, seen('1'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const path = { ...seen('1'), digest: 'sha256:../../x' as V2Metadata['digest'] };
    await expect(service.add(A, path)).rejects.toMatchObject({ code: 'INVALID_DIGEST' });
    await expect(service.add('../x' as DiffID, seen('1'))).rejects.toMatchObject({ code: 'INVALID_DIGEST' });
    expect(await service.getMetadata(A)).toEqual([]);
    await service.add(A, seen('1'));
    expect(await service.getMetadata(A)).toHaveLength(1);
  });

  it('gives a blob the layer that it was seen with last', async () => {
    await service.add(A, seen('1'));
    await service.add(B, seen('1'));
    expect(await service.getDiffId(seen('1').digest)).toBe(B);
    expect(await service.getMetadata(A)).toEqual([seen('1')]);
  });
});

describe('tagAndAdd', () => {
  it('notes with whose credentials', async () => {
    const { hmac: _, ...place } = seen('1');
    await service.tagAndAdd(A, 'a key', place);
    await service.tagAndAdd(A, undefined, place);
    const [tagged, untagged] = await service.getMetadata(A);
    expect(tagged?.hmac).toMatch(/^[0-9a-f]{64}$/);
    expect(untagged).toEqual(seen('1'));
  });
});

describe('remove', () => {
  it('forgets what is equal in every member', async () => {
    for (const one of [seen('1'), seen('1', 'other'), seen('2')]) await service.add(A, one);
    await service.remove(seen('1', 'docker.io/library/app', 'another'));
    expect(await service.getMetadata(A)).toHaveLength(3);
    await service.remove(seen('1'));
    expect(await service.getMetadata(A)).toEqual([seen('1', 'other'), seen('2')]);
  });

  it('removes the list with its last entry, and leaves the layer of the blob', async () => {
    await service.add(A, seen('1'));
    await service.remove(seen('1'));
    expect(await fileOf('v2metadata-by-diffid', A)).toBeUndefined();
    expect(await service.getDiffId(seen('1').digest)).toBe(A);
    await service.remove(seen('2'));
  });
});

describe('without a store', () => {
  it('notes nothing and refuses to be asked', async () => {
    const none = createV2MetadataService(undefined);
    await none.add(A, seen('1'));
    await none.tagAndAdd(A, 'key', seen('1'));
    await none.remove(seen('1'));
    for (const asking of [none.getMetadata(A), none.getDiffId(seen('1').digest)]) {
      await expect(asking).rejects.toMatchObject({ code: 'UNSUPPORTED', message: 'no metadata storage' });
    }
  });
});

describe('forgetV2Metadata', () => {
  it('keeps what is known of layers and blobs that are there', async () => {
    const ingest = await storage.content.ingest('blob');
    await ingest.write(new Uint8Array([1]));
    const { digest: here } = await ingest.commit();
    await service.add(A, seen('1'));
    await service.add(B, seen('2'));
    await service.add(B, { ...seen('2'), digest: here });
    await store.set('v2metadata-by-diffid', 'of-somebody-else', new Uint8Array());
    await store.set('diffid-by-digest', 'of-somebody-else', new Uint8Array());
    await write('diffid-by-digest', seen('3').digest, 'damaged');
    await forgetV2Metadata(storage, new Set([A]));
    expect(await service.getMetadata(A)).toEqual([seen('1')]);
    expect(await service.getMetadata(B)).toEqual([]);
    expect(await service.getDiffId(seen('1').digest)).toBe(A);
    expect(await service.getDiffId(seen('2').digest)).toBeUndefined();
    expect(await service.getDiffId(here)).toBe(B);
    expect(await fileOf('diffid-by-digest', seen('3').digest)).toBeUndefined();
    expect(await store.get('v2metadata-by-diffid', 'of-somebody-else')).toBeDefined();
    expect(await store.get('diffid-by-digest', 'of-somebody-else')).toBeDefined();
  });

  it('reports a store that fails', async () => {
    await service.add(A, seen('1'));
    const failure = new Error('disk on fire');
    const content = { ...storage.content, info: () => Promise.reject(failure) } as Storage['content'];
    await expect(forgetV2Metadata({ content, metadata: store }, new Set())).rejects.toBe(failure);
  });
});
