import {
  all,
  digestOf,
  drain,
  failure,
  noise,
  put,
  reopened,
  sameBytes,
  text,
  withSubject,
} from './storage-subject.ts';
import type { StorageSetup, TestApi } from './storage-subject.ts';

/** Reading, labels, deletion and listing. */
export function readingTests({ describe, it, expect }: TestApi, setup: StorageSetup): void {
  const test = (name: string, body: Parameters<typeof withSubject>[1]): void => {
    it(name, withSubject(setup, body));
  };

  describe('open', () => {
    test('streams a blob, whole and in part', async ({ storage }) => {
      const { digest } = await put(storage, text('0123456789'));
      const range = async (offset?: number, length?: number): Promise<string> =>
        new TextDecoder().decode(await drain(await storage.content.open(digest, { offset, length })));
      expect(await range()).toBe('0123456789');
      expect(await range(0)).toBe('0123456789');
      expect(await range(3)).toBe('3456789');
      expect(await range(3, 4)).toBe('3456');
      expect(await range(undefined, 2)).toBe('01');
      expect(await range(9, 1)).toBe('9');
      expect(await range(8, 100)).toBe('89');
      expect(await range(4, 0)).toBe('');
      expect(await range(10)).toBe('');
      expect(await range(10, 5)).toBe('');
    });

    test('refuses a range that is none', async ({ storage }) => {
      const { digest } = await put(storage, text('0123456789'));
      for (const offset of [11, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
        await failure('INVALID_ARGUMENT', storage.content.open(digest, { offset }));
      }
      for (const length of [-1, 0.5, Number.NaN]) {
        await failure('INVALID_ARGUMENT', storage.content.open(digest, { length }));
      }
    });

    test('streams a large blob, whole and in part', async ({ storage }) => {
      const bytes = noise(3_000_001);
      const { digest } = await put(storage, bytes);
      expect(sameBytes(await drain(await storage.content.open(digest)), bytes)).toBe(true);
      const part = await storage.content.open(digest, { offset: 262_143, length: 2_000_000 });
      expect(sameBytes(await drain(part), bytes.subarray(262_143, 2_262_143))).toBe(true);
    });

    test('can be cancelled before, amid and after reading', async ({ storage }) => {
      const { digest } = await put(storage, noise(2_000_000));
      await (await storage.content.open(digest)).cancel();
      const stream = await storage.content.open(digest);
      const reader = stream.getReader();
      expect((await reader.read()).done).toBe(false);
      await reader.cancel('enough');
      expect((await reader.read()).done).toBe(true);
      const whole = await storage.content.open(digest);
      await drain(whole);
      expect((await drain(await storage.content.open(digest))).byteLength).toBe(2_000_000);
    });

    test('gives bytes that the reader may change', async ({ storage }) => {
      const { digest } = await put(storage, text('unchanged'));
      for await (const chunk of await storage.content.open(digest)) chunk.fill(0);
      (await storage.content.read(digest, { maxBytes: 100 })).fill(0);
      expect(await storage.content.read(digest, { maxBytes: 100 })).toEqual(text('unchanged'));
    });

    test('serves many readers at once', async ({ storage }) => {
      const bytes = noise(600_000);
      const { digest } = await put(storage, bytes);
      const streams = await Promise.all([1, 2, 3, 4, 5].map(() => storage.content.open(digest)));
      for (const copy of await Promise.all(streams.map(drain))) expect(sameBytes(copy, bytes)).toBe(true);
    });
  });

  describe('read', () => {
    test('reads no more than it is allowed', async ({ storage }) => {
      const { digest } = await put(storage, text('0123456789'));
      expect(await storage.content.read(digest, { maxBytes: 10 })).toEqual(text('0123456789'));
      expect(await storage.content.read(digest, { maxBytes: Number.POSITIVE_INFINITY })).toEqual(
        text('0123456789'),
      );
      await failure('LIMIT_EXCEEDED', storage.content.read(digest, { maxBytes: 9 }));
      await failure('LIMIT_EXCEEDED', storage.content.read(digest, { maxBytes: 0 }));
      for (const maxBytes of [-1, Number.NaN]) {
        await failure('INVALID_ARGUMENT', storage.content.read(digest, { maxBytes }));
      }
    });
  });

  test('says when there is no such blob', async ({ storage }) => {
    const digest = await digestOf(text('never put'));
    await failure('NOT_FOUND', storage.content.info(digest));
    await failure('NOT_FOUND', storage.content.open(digest));
    await failure('NOT_FOUND', storage.content.read(digest, { maxBytes: 1 }));
    await failure('NOT_FOUND', storage.content.update(digest, { a: 'b' }));
    await failure('NOT_FOUND', storage.content.delete(digest));
  });

  describe('update', () => {
    test('merges labels and removes those with an empty value', async (subject) => {
      const { digest } = await put(subject.storage, text('labelled'), { a: '1', b: '2', none: '' });
      const { content } = subject.storage;
      expect((await content.info(digest)).labels).toEqual({ a: '1', b: '2' });
      expect((await content.update(digest, { b: '', c: '3' })).labels).toEqual({ a: '1', c: '3' });
      expect((await content.update(digest, { absent: '' })).labels).toEqual({ a: '1', c: '3' });
      const storage = await reopened(subject);
      expect(await storage.content.info(digest)).toEqual({ digest, size: 8, labels: { a: '1', c: '3' } });
      expect((await all(storage.content.walk()))[0]?.labels).toEqual({ a: '1', c: '3' });
      expect((await storage.content.update(digest, { a: '', c: '' })).labels).toEqual({});
    });

    test('loses none of many updates at once', async ({ storage }) => {
      const { digest } = await put(storage, text('labelled'));
      const names = Array.from({ length: 20 }, (_, index) => `label-${index}`);
      await Promise.all(names.map((name) => storage.content.update(digest, { [name]: 'x' })));
      expect(Object.keys((await storage.content.info(digest)).labels).sort()).toEqual(names.sort());
    });

    test('takes any string as a label', async (subject) => {
      const labels = {
        'containerd.io/distribution.source.docker.io': 'library/busybox,other/"quoted"',
        ['__proto__']: 'not special',
        constructor: 'nor this',
        'ключ\n': '値 \u0000 \u{1f6a2}',
      };
      const { digest } = await put(subject.storage, text('labelled'), labels);
      const storage = await reopened(subject);
      const found = (await storage.content.info(digest)).labels;
      expect(Object.entries(found).sort()).toEqual(Object.entries(labels).sort());
      expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
    });

    test('refuses labels that are none', async ({ storage }) => {
      const { digest } = await put(storage, text('labelled'), { a: '1' });
      for (const labels of [{ '': 'x' }, { a: 1 as never }, { a: undefined as never }]) {
        await failure('INVALID_ARGUMENT', storage.content.update(digest, labels));
        await failure('INVALID_ARGUMENT', storage.content.ingest('layer-1', { labels }));
      }
      await failure('LIMIT_EXCEEDED', storage.content.update(digest, { big: 'x'.repeat(2 ** 20) }));
      expect((await storage.content.info(digest)).labels).toEqual({ a: '1' });
    });

    test('hands out labels that are a copy', async ({ storage }) => {
      const given = { a: '1' };
      const info = await put(storage, text('labelled'), given);
      given.a = 'changed';
      expect((await storage.content.info(info.digest)).labels).toEqual({ a: '1' });
    });
  });

  describe('delete', () => {
    test('removes a blob with its labels', async (subject) => {
      const bytes = text('short-lived');
      const { digest } = await put(subject.storage, bytes, { old: 'yes' });
      await subject.storage.content.delete(digest);
      await failure('NOT_FOUND', subject.storage.content.info(digest));
      await failure('NOT_FOUND', subject.storage.content.open(digest));
      await failure('NOT_FOUND', subject.storage.content.delete(digest));
      expect(await all(subject.storage.content.walk())).toEqual([]);
      const storage = await reopened(subject);
      await failure('NOT_FOUND', storage.content.info(digest));
      expect((await put(storage, bytes)).labels).toEqual({});
    });

    test('lets streams already open read on to their end', async ({ storage }) => {
      const bytes = noise(2_000_000);
      const { digest } = await put(storage, bytes);
      const untouched = await storage.content.open(digest, { offset: 1_000_000 });
      const begun = await storage.content.open(digest);
      const reader = begun.getReader();
      const first = (await reader.read()).value ?? new Uint8Array(0);
      reader.releaseLock();
      await storage.content.delete(digest);
      expect(sameBytes(await drain(untouched), bytes.subarray(1_000_000))).toBe(true);
      expect(first.byteLength).toBeGreaterThan(0);
      expect(sameBytes(await drain(begun), bytes.subarray(first.byteLength))).toBe(true);
    });
  });

  describe('walk', () => {
    test('finds every blob once', async ({ storage }) => {
      const infos = await Promise.all(
        [1, 2, 3, 4, 5, 6, 7].map((seed) => put(storage, noise(seed * 10, seed))),
      );
      const found = await all(storage.content.walk());
      const byDigest = (left: { digest: string }, right: { digest: string }): number =>
        left.digest.localeCompare(right.digest);
      expect(found.sort(byDigest)).toEqual(infos.sort(byDigest));
    });

    test('bears deletion while it goes on', async ({ storage }) => {
      for (const seed of [1, 2, 3, 4, 5]) await put(storage, noise(10, seed));
      let count = 0;
      for await (const { digest } of storage.content.walk()) {
        await storage.content.delete(digest);
        count += 1;
      }
      expect(count).toBe(5);
      expect(await all(storage.content.walk())).toEqual([]);
    });
  });
}
