import { all, failure, noise, rejection, reopened, sameBytes, text, withSubject } from './storage-subject.ts';
import type { StorageSetup, TestApi } from './storage-subject.ts';

const HEX = '0'.repeat(64);

/** Namespaces that drivers may keep in places of their own, and some that they do not. */
const NAMESPACES = ['layers', 'images', 'seek', 'v2metadata-by-diffid', 'blobs', 'ingest', 'x'];

const BAD_NAMESPACES = ['', 'Layers', 'a_b', '-a', 'a-', 'a--b', '..', 'a/b', '../x', 'a\u0000', 'a\n', '.'];

const BAD_KEYS = [
  '',
  '.',
  '..',
  '../x',
  'a/../b',
  'a//b',
  '/a',
  'a/',
  '.hidden',
  'a/.tmp-x',
  'a\\b',
  'a\u0000b',
  'a\nb',
  'a/b/c/d/e',
  'x'.repeat(193),
  '%2e%2e',
  'C:x',
];

/**
 * What every driver's `MetadataStore` must do.
 *
 * @param api the test runner
 * @param setup makes a fresh storage for each test
 */
export function metadataStoreSuite({ describe, it, expect }: TestApi, setup: StorageSetup): void {
  const test = (name: string, body: Parameters<typeof withSubject>[1]): void => {
    it(name, withSubject(setup, body));
  };

  describe('MetadataStore', () => {
    test('keeps a value for each namespace and key', async (subject) => {
      for (const namespace of NAMESPACES) {
        expect(await subject.storage.metadata.get(namespace, 'key')).toBeUndefined();
        await subject.storage.metadata.set(namespace, 'key', text(`${namespace} one`));
        await subject.storage.metadata.set(namespace, `sha256/${HEX}.json`, text(`${namespace} two`));
      }
      const { metadata } = await reopened(subject);
      for (const namespace of NAMESPACES) {
        expect(await metadata.get(namespace, 'key')).toEqual(text(`${namespace} one`));
        expect(await metadata.get(namespace, `sha256/${HEX}.json`)).toEqual(text(`${namespace} two`));
        expect(await metadata.get(namespace, 'other')).toBeUndefined();
        expect(await metadata.get(namespace, 'sha256')).toBeUndefined();
        expect(await metadata.get(namespace, 'key/below')).toBeUndefined();
      }
    });

    test('replaces the whole value', async ({ storage: { metadata } }) => {
      const long = noise(100_000);
      await metadata.set('x', 'key', long);
      expect(sameBytes((await metadata.get('x', 'key')) ?? new Uint8Array(0), long)).toBe(true);
      await metadata.set('x', 'key', text('short'));
      expect(await metadata.get('x', 'key')).toEqual(text('short'));
      await metadata.set('x', 'key', new Uint8Array(0));
      expect(await metadata.get('x', 'key')).toEqual(new Uint8Array(0));
      expect(await all(metadata.keys('x'))).toEqual(['key']);
    });

    test('shows one value or another, never a mixture, whoever writes', async ({ storage: { metadata } }) => {
      const values = [1, 2, 3, 4, 5, 6].map((seed) => new Uint8Array(50_000).fill(seed));
      await metadata.set('x', 'key', values[0] ?? new Uint8Array(0));
      const writes = values.map((value) => metadata.set('x', 'key', value));
      const reads = await Promise.all(values.map(() => metadata.get('x', 'key')));
      await Promise.all(writes);
      for (const value of [...reads, await metadata.get('x', 'key')]) {
        expect(value?.byteLength).toBe(50_000);
        expect(new Set(value).size).toBe(1);
      }
    });

    test('keeps its values to itself', async ({ storage: { metadata } }) => {
      const given = text('value');
      await metadata.set('x', 'key', given);
      given.fill(0);
      (await metadata.get('x', 'key'))?.fill(0);
      expect(await metadata.get('x', 'key')).toEqual(text('value'));
    });

    test('deletes, and does nothing where there is nothing', async (subject) => {
      const { metadata } = subject.storage;
      await metadata.delete('x', 'key');
      await metadata.set('x', 'key', text('value'));
      await metadata.set('x', 'folder/key', text('value'));
      await metadata.delete('x', 'folder');
      await metadata.delete('x', 'key/below');
      await metadata.delete('y', 'key');
      expect((await all(metadata.keys('x'))).sort()).toEqual(['folder/key', 'key']);
      await metadata.delete('x', 'key');
      await metadata.delete('x', 'folder/key');
      expect(await metadata.get('x', 'key')).toBeUndefined();
      expect(await all((await reopened(subject)).metadata.keys('x'))).toEqual([]);
    });

    test('lists the keys of one namespace', async (subject) => {
      const keys = [
        'a',
        'a.b',
        'A',
        'sha256/00.json',
        'sha256/01.json',
        'one/two/three/four',
        'x'.repeat(192),
      ];
      for (const key of keys) await subject.storage.metadata.set('images', key, text(key));
      await subject.storage.metadata.set('images-more', 'other', text('other'));
      await subject.storage.metadata.set('layers', 'other', text('other'));
      const { metadata } = await reopened(subject);
      expect((await all(metadata.keys('images'))).sort()).toEqual([...keys].sort());
      expect(await all(metadata.keys('images-more'))).toEqual(['other']);
      expect(await all(metadata.keys('nothing'))).toEqual([]);
    });

    test('bears deletion while keys are listed', async ({ storage: { metadata } }) => {
      for (const key of ['a', 'b', 'c/d', 'e/f']) await metadata.set('x', key, text(key));
      const seen: string[] = [];
      for await (const key of metadata.keys('x')) {
        seen.push(key);
        await metadata.delete('x', key);
      }
      expect(seen.sort()).toEqual(['a', 'b', 'c/d', 'e/f']);
      expect(await all(metadata.keys('x'))).toEqual([]);
    });

    test('holds the files of the layout itself and no others there', async (subject) => {
      const read = async (key: string): Promise<unknown> => {
        const bytes = await subject.storage.metadata.get('layout', key);
        return bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes));
      };
      expect(await read('oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' });
      expect(await read('index.json')).toEqual({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: [],
      });
      expect((await all(subject.storage.metadata.keys('layout'))).sort()).toEqual([
        'index.json',
        'oci-layout',
      ]);
      await subject.storage.metadata.set('layout', 'index.json', text('{"changed":true}'));
      const { metadata } = await reopened(subject);
      expect(await metadata.get('layout', 'index.json')).toEqual(text('{"changed":true}'));
      await metadata.delete('layout', 'index.json');
      expect(await all(metadata.keys('layout'))).toEqual(['oci-layout']);
      for (const key of ['index.json.json', 'Index.json', 'blobs', 'blobs/sha256/00', 'ingest', 'x']) {
        await failure('INVALID_ARGUMENT', metadata.set('layout', key, text('no')));
        await failure('INVALID_ARGUMENT', metadata.get('layout', key));
        await failure('INVALID_ARGUMENT', metadata.delete('layout', key));
      }
    });

    test('refuses namespaces and keys that are none, and those of the store itself', async ({ storage }) => {
      const { metadata } = storage;
      const bad = [
        ...BAD_NAMESPACES.map((namespace) => [namespace, 'key'] as const),
        ...BAD_KEYS.map((key) => ['x', key] as const),
        ['locks', 'name'] as const,
        ['content-labels', `sha256/${HEX}.json`] as const,
      ];
      for (const [namespace, key] of bad) {
        await failure('INVALID_ARGUMENT', metadata.get(namespace, key));
        await failure('INVALID_ARGUMENT', metadata.set(namespace, key, text('no')));
        await failure('INVALID_ARGUMENT', metadata.delete(namespace, key));
      }
      for (const namespace of [...BAD_NAMESPACES, 'locks', 'content-labels']) {
        await failure('INVALID_ARGUMENT', all(metadata.keys(namespace)));
      }
    });

    test('refuses a value that is not small', async ({ storage: { metadata } }) => {
      await failure('LIMIT_EXCEEDED', metadata.set('x', 'key', new Uint8Array(256 * 1024 * 1024 + 1)));
      expect(await metadata.get('x', 'key')).toBeUndefined();
    });

    test('rejects with the reason of the signal', async ({ storage: { metadata } }) => {
      await metadata.set('x', 'key', text('value'));
      const reason = new Error('enough');
      const signal = AbortSignal.abort(reason);
      const calls = [
        () => metadata.get('x', 'key', { signal }),
        () => metadata.set('x', 'key', text('other'), { signal }),
        () => metadata.delete('x', 'key', { signal }),
        () => all(metadata.keys('x', { signal })),
      ];
      for (const call of calls) expect(await rejection(call())).toBe(reason);
      expect(await metadata.get('x', 'key')).toEqual(text('value'));
    });
  });
}
