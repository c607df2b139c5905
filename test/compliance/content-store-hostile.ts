import type { Digest } from '@stowage/types';
import {
  all,
  digestOf,
  drain,
  failure,
  noise,
  put,
  rejection,
  reopened,
  text,
  withSubject,
} from './storage-subject.ts';
import type { StorageSetup, TestApi } from './storage-subject.ts';

const ZEROS = '0'.repeat(64);

/** Refs that look like paths and more: all of them legal, none of them a path. */
const ODD_REFS = [
  '../../x',
  '/etc/passwd',
  '..',
  '.',
  'C:\\windows',
  'nul\u0000byte',
  'line\nbreak',
  '%2e%2e%2f',
  'CON',
  '\u{1f6a2}',
  'x'.repeat(1024),
];

const BAD_REFS = ['', 'x'.repeat(1025), 'lone \ud800 surrogate', 7 as never, undefined as never];

const BAD_DIGESTS = [
  '',
  'sha256',
  'sha256:',
  'sha256:../..',
  `sha256:${'../'.repeat(21)}x`,
  `sha256:${ZEROS}/../x`,
  `sha256:${ZEROS}\u0000`,
  `sha256:${'A'.repeat(64)}`,
  `sha256:${'0'.repeat(63)}`,
  `sha512:${ZEROS}`,
  `../blobs/sha256:${ZEROS}`,
  `md5:${'0'.repeat(32)}`,
  `__proto__:${ZEROS}`,
];

/** What comes from outside and means no good, and callers that go away. */
export function hostileTests({ describe, it, expect }: TestApi, setup: StorageSetup): void {
  const test = (name: string, body: Parameters<typeof withSubject>[1]): void => {
    it(name, withSubject(setup, body));
  };

  describe('hostile input', () => {
    test('takes any ref for a name and none for a path', async (subject) => {
      for (const ref of ODD_REFS) {
        const ingest = await subject.storage.content.ingest(ref);
        await ingest.write(text(ref));
        await ingest.close();
      }
      const storage = await reopened(subject);
      expect((await all(storage.content.ingests())).map(({ ref }) => ref).sort()).toEqual(
        [...ODD_REFS].sort(),
      );
      for (const [index, ref] of ODD_REFS.entries()) {
        if (index % 2 === 0) {
          await storage.content.abort(ref);
          continue;
        }
        const ingest = await storage.content.ingest(ref);
        expect((await ingest.commit()).digest).toBe(await digestOf(text(ref)));
      }
      expect(await all(storage.content.ingests())).toEqual([]);
    });

    test('refuses refs that are none', async ({ storage }) => {
      for (const ref of BAD_REFS) {
        await failure('INVALID_ARGUMENT', storage.content.ingest(ref));
        await failure('INVALID_ARGUMENT', storage.content.abort(ref));
      }
      expect(await all(storage.content.ingests())).toEqual([]);
    });

    test('refuses digests that are none', async ({ storage }) => {
      const ingest = await storage.content.ingest('good');
      for (const bad of BAD_DIGESTS as Digest[]) {
        await failure('INVALID_DIGEST', storage.content.info(bad));
        await failure('INVALID_DIGEST', storage.content.open(bad));
        await failure('INVALID_DIGEST', storage.content.read(bad, { maxBytes: 1 }));
        await failure('INVALID_DIGEST', storage.content.update(bad, { a: 'b' }));
        await failure('INVALID_DIGEST', storage.content.delete(bad));
        await failure('INVALID_DIGEST', storage.content.ingest('other', { digest: bad }));
        await failure('INVALID_DIGEST', ingest.commit({ digest: bad }));
      }
      await ingest.close();
      expect((await all(storage.content.ingests())).map(({ ref }) => ref)).toEqual(['good']);
    });

    test('refuses sizes that are none', async ({ storage }) => {
      const ingest = await storage.content.ingest('good');
      for (const size of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
        await failure('INVALID_ARGUMENT', storage.content.ingest('other', { size }));
        await failure('INVALID_ARGUMENT', ingest.commit({ size }));
      }
      await ingest.close();
    });

    test('sets no memory aside for a size that is only promised', async ({ storage }) => {
      const ingest = await storage.content.ingest('boast', { size: Number.MAX_SAFE_INTEGER });
      await ingest.write(text('little'));
      await failure('SIZE_MISMATCH', ingest.commit());
      await ingest.close();
    });
  });

  describe('abort signals', () => {
    test('reject with their own reason', async ({ storage }) => {
      const reason = new Error('enough');
      const signal = AbortSignal.abort(reason);
      const { digest } = await put(storage, text('here'));
      const other = await digestOf(text('other'));
      const ingest = await storage.content.ingest('open');
      await ingest.write(text('kept'));
      const { content } = storage;
      const calls = [
        () => content.info(digest, { signal }),
        () => content.open(digest, { signal }),
        () => content.read(digest, { signal, maxBytes: 10 }),
        () => content.ingest('new', { signal, digest: other }),
        () => all(content.ingests({ signal })),
        () => content.abort('none', { signal }),
        () => content.update(digest, { a: 'b' }, { signal }),
        () => content.delete(digest, { signal }),
        () => all(content.walk({ signal })),
        () => ingest.write(text('more'), { signal }),
        () => ingest.truncate(0, { signal }),
        () => ingest.commit({ signal }),
      ];
      for (const call of calls) expect(await rejection(call())).toBe(reason);
      expect(ingest.offset).toBe(4);
      expect((await content.info(digest)).labels).toEqual({});
      expect((await all(content.ingests())).map(({ ref }) => ref)).toEqual(['open']);
      expect((await ingest.commit()).size).toBe(4);
    });

    test('end a stream that is being read', async ({ storage }) => {
      const { digest } = await put(storage, noise(4_000_000));
      const controller = new AbortController();
      const stream = await storage.content.open(digest, { signal: controller.signal });
      const reader = stream.getReader();
      expect((await reader.read()).done).toBe(false);
      const reason = new Error('enough');
      controller.abort(reason);
      const drained = (async () => {
        while (!(await reader.read()).done);
      })();
      expect(await rejection(drained)).toBe(reason);
    });

    test('do no harm once the call has ended', async ({ storage }) => {
      const controller = new AbortController();
      const ingest = await storage.content.ingest('layer-1', { signal: controller.signal });
      controller.abort(new Error('too late'));
      await ingest.write(text('fine'));
      const { digest } = await ingest.commit();
      expect(await drain(await storage.content.open(digest))).toEqual(text('fine'));
    });
  });
}
