import { all, digestOf, drain, failure, noise, put, reopened, text, withSubject } from './storage-subject.ts';
import type { StorageSetup, TestApi } from './storage-subject.ts';

/** Taking bytes in: hidden until the end, one at a time, resumed where it stopped. */
export function ingestTests({ describe, it, expect }: TestApi, setup: StorageSetup): void {
  const test = (name: string, body: Parameters<typeof withSubject>[1]): void => {
    it(name, withSubject(setup, body));
  };

  describe('ingest', () => {
    test('hides content until commit', async ({ storage }) => {
      const bytes = text('not yet');
      const digest = await digestOf(bytes);
      const ingest = await storage.content.ingest('layer-1', { digest, size: bytes.byteLength });
      await ingest.write(bytes);
      await failure('NOT_FOUND', storage.content.info(digest));
      await failure('NOT_FOUND', storage.content.open(digest));
      await failure('NOT_FOUND', storage.content.read(digest, { maxBytes: 100 }));
      expect(await all(storage.content.walk())).toEqual([]);
      await ingest.commit();
      expect((await storage.content.info(digest)).size).toBe(7);
      expect(await all(storage.content.walk())).toEqual([{ digest, size: 7, labels: {} }]);
    });

    test('counts accepted bytes', async ({ storage }) => {
      const ingest = await storage.content.ingest('layer-1');
      expect(ingest.ref).toBe('layer-1');
      expect(ingest.offset).toBe(0);
      await ingest.write(noise(3));
      await ingest.write(new Uint8Array(0));
      await ingest.write(noise(5));
      expect(ingest.offset).toBe(8);
      await ingest.close();
    });

    test('keeps order where writes are not awaited', async ({ storage }) => {
      const bytes = noise(5 * 1024 * 1024);
      const ingest = await storage.content.ingest('layer-1', { digest: await digestOf(bytes) });
      const writes = [];
      for (let at = 0; at < bytes.byteLength; at += 700_001)
        writes.push(ingest.write(bytes.slice(at, at + 700_001)));
      const commit = ingest.commit();
      await Promise.all(writes);
      expect((await commit).size).toBe(bytes.byteLength);
    });

    test('resumes by ref at the offset where it stopped', async (subject) => {
      const bytes = noise(300_000);
      const digest = await digestOf(bytes);
      const first = await subject.storage.content.ingest('layer-1', { digest });
      await first.write(bytes.subarray(0, 100_000));
      await first.close();
      const second = await subject.storage.content.ingest('layer-1', { digest });
      expect(second.offset).toBe(100_000);
      await second.write(bytes.subarray(100_000, 200_000));
      await second.close();
      const storage = await reopened(subject);
      const third = await storage.content.ingest('layer-1', { digest });
      expect(third.offset).toBe(200_000);
      await third.write(bytes.subarray(200_000));
      expect(await third.commit()).toEqual({ digest, size: 300_000, labels: {} });
      expect(await digestOf(await drain(await storage.content.open(digest)))).toBe(digest);
    });

    test('remembers what a resumed ingest expects', async (subject) => {
      const bytes = text('expected');
      const digest = await digestOf(bytes);
      const first = await subject.storage.content.ingest('layer-1', {
        digest,
        size: 8,
        labels: { from: 'first' },
      });
      await first.write(bytes.subarray(0, 4));
      await first.close();
      const storage = await reopened(subject);
      const second = await storage.content.ingest('layer-1');
      await failure('SIZE_MISMATCH', second.write(noise(5)));
      await second.write(noise(4));
      await failure('DIGEST_MISMATCH', second.commit());
      await second.truncate(4);
      await second.write(bytes.subarray(4));
      expect(await second.commit()).toEqual({ digest, size: 8, labels: { from: 'first' } });
    });

    test('prefers what a resumed ingest is told to what it remembers', async ({ storage }) => {
      const first = await storage.content.ingest('layer-1', { size: 3 });
      await first.write(text('abc'));
      await first.close();
      const second = await storage.content.ingest('layer-1', { size: 4 });
      await second.write(text('d'));
      expect((await second.commit()).digest).toBe(await digestOf(text('abcd')));
    });

    test('closes by disposal and keeps the bytes', async ({ storage }) => {
      {
        await using ingest = await storage.content.ingest('layer-1');
        await ingest.write(text('kept'));
      }
      const again = await storage.content.ingest('layer-1');
      expect(again.offset).toBe(4);
      await again.close();
      await again.close();
    });

    test('keeps the bytes of open ingests when the storage closes', async (subject) => {
      const ingest = await subject.storage.content.ingest('layer-1');
      await ingest.write(text('kept'));
      await subject.storage.close();
      await subject.storage.close();
      await failure('UNAVAILABLE', ingest.write(text('more')));
      await failure('UNAVAILABLE', subject.storage.content.ingest('layer-2'));
      if (subject.reopen === undefined) return;
      const storage = await subject.reopen();
      const again = await storage.content.ingest('layer-1');
      expect(again.offset).toBe(4);
      await again.close();
    });

    test('changes nothing once the storage is closed, and ends what it was at', async (subject) => {
      const { digest } = await put(subject.storage, text('here'));
      const { content } = subject.storage;
      const update = content.update(digest, { a: '1' });
      await subject.storage.close();
      expect((await update).labels).toEqual({ a: '1' });
      await failure('UNAVAILABLE', content.ingest('layer-1'));
      await failure('UNAVAILABLE', content.update(digest, { a: '2' }));
      await failure('UNAVAILABLE', content.delete(digest));
      if (subject.reopen === undefined) return;
      const storage = await subject.reopen();
      expect((await storage.content.info(digest)).labels).toEqual({ a: '1' });
    });

    test('refuses to go on with a closed ingest', async ({ storage }) => {
      const ingest = await storage.content.ingest('layer-1');
      await ingest.close();
      await failure('UNAVAILABLE', ingest.write(text('late')));
      await failure('UNAVAILABLE', ingest.truncate(0));
      await failure('UNAVAILABLE', ingest.commit());
    });

    test('lets one caller at a time have a ref', async ({ storage }) => {
      const first = await storage.content.ingest('layer-1');
      const busy = await failure('UNAVAILABLE', storage.content.ingest('layer-1'));
      expect(busy.retryable).toBe(true);
      const other = await storage.content.ingest('layer-2');
      await other.close();
      await first.close();
      const second = await storage.content.ingest('layer-1');
      await second.close();
    });

    test('opens a ref once however many ask at the same time', async ({ storage }) => {
      const results = await Promise.allSettled([1, 2, 3, 4].map(() => storage.content.ingest('layer-1')));
      expect(results.filter((result) => result.status === 'fulfilled').length).toBe(1);
    });

    test('truncates and goes on', async ({ storage }) => {
      const ingest = await storage.content.ingest('layer-1');
      await ingest.write(text('abcdef'));
      await ingest.truncate(6);
      await ingest.truncate(3);
      expect(ingest.offset).toBe(3);
      await ingest.write(text('DEF'));
      await ingest.truncate(5);
      expect((await ingest.commit()).digest).toBe(await digestOf(text('abcDE')));
    });

    test('truncates what was kept', async (subject) => {
      const first = await subject.storage.content.ingest('layer-1');
      await first.write(text('abcdef'));
      await first.close();
      const storage = await reopened(subject);
      const second = await storage.content.ingest('layer-1');
      await second.truncate(2);
      await second.close();
      const third = await storage.content.ingest('layer-1');
      expect(third.offset).toBe(2);
      await third.write(text('x'));
      expect((await third.commit()).digest).toBe(await digestOf(text('abx')));
    });

    test('refuses to truncate to anything but a size within', async ({ storage }) => {
      const ingest = await storage.content.ingest('layer-1');
      await ingest.write(text('abc'));
      for (const size of [4, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        await failure('INVALID_ARGUMENT', ingest.truncate(size));
      }
      expect(ingest.offset).toBe(3);
      await ingest.close();
    });

    test('says when the blob is there already', async ({ storage }) => {
      const { digest } = await put(storage, text('here'));
      await failure('ALREADY_EXISTS', storage.content.ingest('layer-1', { digest }));
      expect(await all(storage.content.ingests())).toEqual([]);
    });

    test('throws away a partial of a blob that came in elsewhere', async ({ storage }) => {
      const bytes = text('here');
      const digest = await digestOf(bytes);
      const partial = await storage.content.ingest('layer-1', { digest });
      await partial.write(bytes.subarray(0, 2));
      await partial.close();
      await put(storage, bytes);
      await failure('ALREADY_EXISTS', storage.content.ingest('layer-1', { digest }));
      expect(await all(storage.content.ingests())).toEqual([]);
    });
  });

  describe('ingests', () => {
    test('lists what was begun and not committed', async (subject) => {
      const before = Date.now();
      const open = await subject.storage.content.ingest('open', { size: 10 });
      await open.write(noise(4));
      const closed = await subject.storage.content.ingest('closed');
      await closed.write(noise(6));
      await closed.close();
      await put(subject.storage, text('done'));
      const list = async (): Promise<object[]> =>
        (await all(subject.storage.content.ingests()))
          .map(({ updatedAt, ...status }) => {
            // File systems keep time to the second at worst.
            expect(updatedAt).toBeGreaterThan(before - 2000);
            expect(updatedAt).toBeLessThan(Date.now() + 2000);
            return status;
          })
          .sort((left, right) => left.ref.localeCompare(right.ref));
      expect(await list()).toEqual([
        { ref: 'closed', offset: 6 },
        { ref: 'open', offset: 4, size: 10 },
      ]);
      await open.close();
      const storage = await reopened(subject);
      expect(
        (await all(storage.content.ingests())).map(({ ref, offset, size }) => [ref, offset, size]).sort(),
      ).toEqual([
        ['closed', 6, undefined],
        ['open', 4, 10],
      ]);
    });
  });

  describe('abort', () => {
    test('throws a closed ingest away', async ({ storage }) => {
      const ingest = await storage.content.ingest('layer-1', { size: 100 });
      await ingest.write(text('old'));
      await ingest.close();
      await storage.content.abort('layer-1');
      expect(await all(storage.content.ingests())).toEqual([]);
      const again = await storage.content.ingest('layer-1');
      expect(again.offset).toBe(0);
      await again.write(text('new'));
      expect((await again.commit()).size).toBe(3);
    });

    test('does nothing where there is none', async ({ storage }) => {
      await storage.content.abort('layer-1');
      await put(storage, text('done'));
      await storage.content.abort(`put-${await digestOf(text('done'))}`);
      expect((await all(storage.content.walk())).length).toBe(1);
    });

    test('refuses while the ingest is open', async ({ storage }) => {
      const ingest = await storage.content.ingest('layer-1');
      await ingest.write(text('mine'));
      const busy = await failure('UNAVAILABLE', storage.content.abort('layer-1'));
      expect(busy.retryable).toBe(true);
      expect((await ingest.commit()).size).toBe(4);
    });
  });
}
