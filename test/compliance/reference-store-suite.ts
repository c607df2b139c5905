import { asDigest, formatReference, MEDIA_TYPES, parseIndex, parseNormalizedNamed } from '@stowage/types';
import type { Descriptor, ImageID, Reference, ReferenceStore, Storage } from '@stowage/types';
import { failure, put, rejection, reopened, text, withSubject } from './storage-subject.ts';
import type { StorageSetup, StorageSubject, TestApi } from './storage-subject.ts';

/** Opens the store under test over a storage, fresh or used before. */
export type OpenReferenceStore = (storage: Storage) => Promise<ReferenceStore>;

interface References {
  readonly references: ReferenceStore;
  readonly storage: Storage;
  readonly subject: StorageSubject;
}

const ONE = asDigest(`sha256:${'1'.repeat(64)}`) as ImageID;
const TWO = asDigest(`sha256:${'2'.repeat(64)}`) as ImageID;
const DIGEST = asDigest(`sha256:${'d'.repeat(64)}`);
const TARGET: Descriptor = { mediaType: MEDIA_TYPES.ociManifest, digest: DIGEST, size: 10 };
const OTHER: Descriptor = { ...TARGET, size: 11, annotations: { made: 'elsewhere' } };

const named = parseNormalizedNamed;

function namesOf(associations: readonly { readonly reference: Reference }[]): string[] {
  return associations.map(({ reference }) => formatReference(reference));
}

/**
 * What every `ReferenceStore` must do.
 *
 * @param api the test runner
 * @param setup makes a fresh storage for each test
 * @param open opens the store over it
 */
export function referenceStoreSuite(api: TestApi, setup: StorageSetup, open: OpenReferenceStore): void {
  const { describe, it, expect } = api;
  const test = (name: string, body: (references: References) => Promise<void>): void => {
    it(
      name,
      withSubject(setup, async (subject) => {
        const { storage } = subject;
        await body({ references: await open(storage), storage, subject });
      }),
    );
  };

  describe('ReferenceStore', () => {
    test('is empty at first', async ({ references }) => {
      expect(await references.all()).toEqual([]);
      expect(await references.find(named('a'))).toBeUndefined();
      expect((await failure('NOT_FOUND', references.get(named('a')))).message).toBe(
        'reference does not exist',
      );
      await failure('NOT_FOUND', references.delete(named('a')));
    });

    test('keeps tags and digests', async ({ references, subject }) => {
      await references.addTag(named('busybox'), ONE, false, { target: TARGET });
      await references.addDigest(named(`busybox:1.36@${DIGEST}`), ONE, false, { target: TARGET });
      await references.addTag(named('example.com:5000/team/app:v1'), TWO, false, { target: OTHER });
      const again = await open(await reopened(subject));
      expect(await again.get(named('busybox:latest'))).toBe(ONE);
      expect(await again.get(named(`busybox:ignored@${DIGEST}`))).toBe(ONE);
      expect(await again.find(named('example.com:5000/team/app:v1'))).toEqual({
        reference: { domain: 'example.com:5000', path: 'team/app', tag: 'v1' },
        imageId: TWO,
        target: OTHER,
      });
      expect(namesOf(await again.all())).toEqual([
        'docker.io/library/busybox:latest',
        `docker.io/library/busybox@${DIGEST}`,
        'example.com:5000/team/app:v1',
      ]);
      expect(namesOf(await again.references(TWO))).toEqual(['example.com:5000/team/app:v1']);
      expect(await again.referencesByName(named('busybox'))).toHaveLength(2);
    });

    test('gives a tag to another image by force only, a digest never', async ({ references }) => {
      await references.addTag(named('a:b'), ONE, false, { target: TARGET });
      await references.addTag(named('a:b'), ONE);
      const conflict = await failure(
        'CONFLICT',
        references.addTag(named('a:b'), TWO, false, { target: OTHER }),
      );
      expect(conflict.message).toBe(
        `Conflict: Tag a:b is already set to image ${ONE}, if you want to replace it, please use the force option`,
      );
      await references.addTag(named('a:b'), TWO, true, { target: OTHER });
      expect(await references.get(named('a:b'))).toBe(TWO);
      await references.addDigest(named(`a@${DIGEST}`), ONE, false, { target: TARGET });
      const digest = await failure('CONFLICT', references.addDigest(named(`a@${DIGEST}`), TWO, true));
      expect(digest.message).toBe(`Cannot overwrite digest ${DIGEST}`);
      expect(await references.get(named(`a@${DIGEST}`))).toBe(ONE);
    });

    test('refuses tags of digests and names that read like digests', async ({ references }) => {
      await failure(
        'INVALID_ARGUMENT',
        references.addTag(named(`a@${DIGEST}`), ONE, true, { target: TARGET }),
      );
      await failure('INVALID_ARGUMENT', references.addTag(named('sha256:a'), ONE, true, { target: TARGET }));
      expect(await references.all()).toEqual([]);
    });

    test('deletes one name at a time', async ({ references }) => {
      await references.addTag(named('a'), ONE, false, { target: TARGET });
      await references.addTag(named('a:b'), ONE);
      expect(await references.delete(named('a'))).toBe(true);
      expect(namesOf(await references.all())).toEqual(['docker.io/library/a:b']);
      await failure('NOT_FOUND', references.delete(named('a:latest')));
    });

    test('finds out the target that is not told', async ({ references, storage }) => {
      const { digest, size } = await put(storage, text('{"rootfs":{}}'));
      const id = digest as ImageID;
      await references.addTag(named('a'), id);
      expect((await references.find(named('a')))?.target).toMatchObject({ digest, size });
      await references.addTag(named('a'), id, false, { target: TARGET });
      await references.addTag(named('b'), id);
      expect((await references.find(named('b')))?.target).toEqual(TARGET);
    });

    test('is an OCI index that keeps what others write', async ({ references, storage }) => {
      await references.addTag(named('a'), ONE, false, { target: TARGET });
      const read = async (): Promise<string> =>
        new TextDecoder().decode(await storage.metadata.get('layout', 'index.json'));
      const ours = parseIndex(text(await read()));
      expect(ours.mediaType).toBe(MEDIA_TYPES.ociIndex);
      expect(ours.manifests[0]).toMatchObject({
        ...TARGET,
        annotations: {
          'org.opencontainers.image.ref.name': 'docker.io/library/a:latest',
          'io.containerd.image.name': 'docker.io/library/a:latest',
          'dev.stowage.image.id': ONE,
        },
      });
      const foreign = `{"mediaType":"application/x","digest":"${DIGEST}","size":1,"custom":{"a":null}}`;
      await storage.metadata.set(
        'layout',
        'index.json',
        text((await read()).replace('"manifests":[', `"manifests":[${foreign},`)),
      );
      await references.addTag(named('b'), ONE);
      await references.delete(named('a'));
      expect(await read()).toContain(`"manifests":[${foreign},{`);
      expect(namesOf(await references.all())).toEqual(['docker.io/library/b:latest']);
    });

    test('reports a damaged index and leaves it alone', async ({ references, storage }) => {
      const damaged = text('{"schemaVersion":2,"manifests":[{');
      await storage.metadata.set('layout', 'index.json', damaged);
      for (const attempt of [
        () => open(storage),
        () => references.all(),
        () => references.addTag(named('a'), ONE, true, { target: TARGET }),
      ]) {
        expect((await failure('DATA_LOSS', attempt())).message).toContain('index.json');
      }
      expect(await storage.metadata.get('layout', 'index.json')).toEqual(damaged);
    });

    test('loses nothing when several write at once', async ({ storage }) => {
      const stores = await Promise.all([open(storage), open(storage)]);
      await Promise.all(
        Array.from({ length: 20 }, async (_, number) => {
          const [mine, other] = number % 2 === 0 ? stores : [...stores].reverse();
          const reference = named(`app:${String(number)}`);
          await mine?.addTag(reference, ONE, false, { target: TARGET });
          expect(await other?.get(reference)).toBe(ONE);
          if (number % 4 === 0) await other?.delete(reference);
        }),
      );
      expect(await stores[0].all()).toHaveLength(15);
    });

    test('makes several changes in one step, or none', async ({ storage }) => {
      const stores = await Promise.all([open(storage), open(storage)]);
      // Each takes the number that it finds one further: none may be lost.
      const count = async (store: ReferenceStore): Promise<void> => {
        await store.update(async (changes) => {
          const size = (await changes.find(named('counter')))?.target.size ?? 0;
          await changes.addTag(named('counter'), ONE, true, { target: { ...TARGET, size: size + 1 } });
        });
      };
      await Promise.all(Array.from({ length: 12 }, (_, number) => count(stores[number % 2] ?? stores[0])));
      expect((await stores[0].find(named('counter')))?.target.size).toBe(12);
      const reason = new Error('enough');
      const failing = stores[0].update(async (changes) => {
        await changes.delete(named('counter'));
        throw reason;
      });
      expect(await rejection(failing)).toBe(reason);
      expect(namesOf(await stores[1].all())).toEqual(['docker.io/library/counter:latest']);
    });

    test('stops waiting when it is aborted', async ({ references, storage }) => {
      const lock = await storage.lock('index');
      const controller = new AbortController();
      const reason = new Error('enough');
      const adding = rejection(
        references.addTag(named('a'), ONE, false, { target: TARGET, signal: controller.signal }),
      );
      controller.abort(reason);
      expect(await adding).toBe(reason);
      await lock[Symbol.asyncDispose]();
      expect(await references.all()).toEqual([]);
    });
  });
}
