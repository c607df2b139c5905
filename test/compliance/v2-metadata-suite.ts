import { asDigest } from '@stowage/types';
import type { DiffID, Storage, V2Metadata, V2MetadataService } from '@stowage/types';
import { failure, rejection, reopened, text, withSubject } from './storage-subject.ts';
import type { StorageSetup, StorageSubject, TestApi } from './storage-subject.ts';

/** Opens the service under test over a storage, fresh or used before. */
export type OpenV2Metadata = (storage: Storage) => V2MetadataService;

const LAYER = asDigest(`sha256:${'a'.repeat(64)}`) as DiffID;
const OTHER = asDigest(`sha512:${'b'.repeat(128)}`) as DiffID;
const KEY = `sha256:${'f'.repeat(64)}`;

function seen(number: number, sourceRepository = 'docker.io/library/app', hmac = ''): V2Metadata {
  return { digest: asDigest(`sha256:${String(number).padStart(64, '0')}`), sourceRepository, hmac };
}

/**
 * What every `V2MetadataService` must do.
 *
 * @param api the test runner
 * @param setup makes a fresh storage for each test
 * @param open opens the service over it
 */
export function v2MetadataSuite(api: TestApi, setup: StorageSetup, open: OpenV2Metadata): void {
  const { describe, it, expect } = api;
  interface Opened {
    readonly service: V2MetadataService;
    readonly subject: StorageSubject;
  }
  const test = (name: string, body: (opened: Opened) => Promise<void>): void => {
    it(
      name,
      withSubject(setup, (subject) => body({ service: open(subject.storage), subject })),
    );
  };

  describe('V2MetadataService', () => {
    test('knows nothing at first', async ({ service }) => {
      expect(await service.getMetadata(LAYER)).toEqual([]);
      expect(await service.getDiffId(seen(1).digest)).toBeUndefined();
      await service.remove(seen(1));
    });

    test('remembers both ways', async ({ service, subject }) => {
      await service.add(LAYER, seen(1));
      await service.add(OTHER, seen(2, 'example.com:5000/team/app', 'c0ffee'), { durable: false });
      const again = open(await reopened(subject));
      expect(await again.getMetadata(LAYER)).toEqual([seen(1)]);
      expect(await again.getMetadata(OTHER)).toEqual([seen(2, 'example.com:5000/team/app', 'c0ffee')]);
      expect(await again.getDiffId(seen(1).digest)).toBe(LAYER);
      expect(await again.getDiffId(seen(2).digest)).toBe(OTHER);
    });

    test('keeps the last fifty, each once', async ({ service }) => {
      for (let number = 1; number <= 52; number += 1) await service.add(LAYER, seen(number));
      await service.add(LAYER, seen(10));
      const numbers = (await service.getMetadata(LAYER)).map(({ digest }) => Number(digest.slice(-3)));
      expect([numbers.length, numbers[0], numbers.at(-2), numbers.at(-1)]).toEqual([50, 3, 52, 10]);
      expect(numbers.filter((number) => number === 10)).toHaveLength(1);
      expect(await service.getDiffId(seen(1).digest)).toBe(LAYER);
    });

    test('tags with the credentials', async ({ service }) => {
      const { hmac: _, ...place } = seen(1);
      await service.tagAndAdd(LAYER, KEY, place);
      await service.tagAndAdd(LAYER, undefined, place);
      const hmacs = (await service.getMetadata(LAYER)).map(({ hmac }) => hmac);
      expect(hmacs).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), '']);
    });

    test('forgets what is equal', async ({ service }) => {
      await service.add(LAYER, seen(1));
      await service.add(LAYER, seen(1, 'docker.io/library/other'));
      await service.remove(seen(1, 'docker.io/library/app', '00'));
      await service.remove(seen(1));
      expect(await service.getMetadata(LAYER)).toEqual([seen(1, 'docker.io/library/other')]);
      await service.remove(seen(1, 'docker.io/library/other'));
      expect(await service.getMetadata(LAYER)).toEqual([]);
      expect(await service.getDiffId(seen(1).digest)).toBe(LAYER);
    });

    test('takes damaged values for none', async ({ service, subject: { storage } }) => {
      const hex = 'a'.repeat(64);
      await service.add(LAYER, seen(1));
      for (const damaged of ['', '[{', '{}', '[{"Digest":"sha256:../../x"}]', 'null']) {
        await storage.metadata.set('v2metadata-by-diffid', `sha256/${hex}`, text(damaged));
        expect(await service.getMetadata(LAYER)).toEqual([]);
      }
      await service.add(LAYER, seen(2));
      expect(await service.getMetadata(LAYER)).toEqual([seen(2)]);
      await storage.metadata.set('diffid-by-digest', `sha256/${seen(2).digest.slice(7)}`, text('sha256:x'));
      expect(await service.getDiffId(seen(2).digest)).toBeUndefined();
    });

    test('makes no path of what is no digest', async ({ service }) => {
      const path = 'sha256:../../x' as DiffID;
      await failure('INVALID_DIGEST', service.getMetadata(path));
      await failure('INVALID_DIGEST', service.getDiffId(path));
      await failure('INVALID_DIGEST', service.add(path, seen(1)));
      await failure('INVALID_DIGEST', service.add(LAYER, { ...seen(1), digest: path }));
      await failure('INVALID_DIGEST', service.remove({ ...seen(1), digest: path }));
      expect(await service.getMetadata(LAYER)).toEqual([]);
    });

    test('loses nothing when several write at once, and stops when aborted', async ({ service }) => {
      await Promise.all(Array.from({ length: 20 }, (_, number) => service.add(LAYER, seen(number + 1))));
      expect(await service.getMetadata(LAYER)).toHaveLength(20);
      const reason = new Error('enough');
      const signal = AbortSignal.abort(reason);
      expect(await rejection(service.add(LAYER, seen(30), { signal }))).toBe(reason);
      expect(await service.getMetadata(LAYER)).toHaveLength(20);
    });
  });
}
