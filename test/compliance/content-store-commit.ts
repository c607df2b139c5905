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

const MiB = 1024 * 1024;

/** Verification and publication. */
export function commitTests({ describe, it, expect }: TestApi, setup: StorageSetup): void {
  const test = (name: string, body: Parameters<typeof withSubject>[1]): void => {
    it(name, withSubject(setup, body));
  };

  describe('commit', () => {
    test('computes the digest where none is expected', async ({ storage }) => {
      const ingest = await storage.content.ingest('any');
      await ingest.write(text('hello'));
      const info = await ingest.commit();
      expect(info).toEqual({ digest: await digestOf(text('hello')), size: 5, labels: {} });
      expect(await storage.content.info(info.digest)).toEqual(info);
    });

    test('refuses bytes beyond the expected size', async ({ storage }) => {
      const bytes = text('four');
      const ingest = await storage.content.ingest('layer-1', { size: 4, digest: await digestOf(bytes) });
      await ingest.write(text('fou'));
      await failure('SIZE_MISMATCH', ingest.write(text('rs')));
      expect(ingest.offset).toBe(3);
      await ingest.write(text('r'));
      await failure('SIZE_MISMATCH', ingest.write(text('s')));
      expect((await ingest.commit()).size).toBe(4);
    });

    test('tells short, long and wrong apart and publishes none of them', async (subject) => {
      const bytes = text('right bytes');
      const digest = await digestOf(bytes);
      const ingest = await subject.storage.content.ingest('layer-1', { digest, size: 11 });
      await ingest.write(bytes.subarray(0, 10));
      await failure('SIZE_MISMATCH', ingest.commit());
      expect(ingest.offset).toBe(10);
      await ingest.write(text('!'));
      await failure('DIGEST_MISMATCH', ingest.commit());
      await failure('DIGEST_MISMATCH', ingest.commit());
      await failure('SIZE_MISMATCH', ingest.commit({ size: 10 }));
      expect(ingest.offset).toBe(11);
      await failure('NOT_FOUND', subject.storage.content.info(digest));
      expect(await all(subject.storage.content.walk())).toEqual([]);
      await ingest.close();

      const storage = await reopened(subject);
      const again = await storage.content.ingest('layer-1', { digest, size: 11 });
      expect(again.offset).toBe(11);
      await failure('DIGEST_MISMATCH', again.commit());
      await again.truncate(0);
      await again.write(bytes);
      expect((await again.commit()).digest).toBe(digest);
    });

    test('verifies against what commit is given, over what ingest was given', async ({ storage }) => {
      const bytes = text('late knowledge');
      const ingest = await storage.content.ingest('layer-1', { size: 100 });
      await ingest.write(bytes);
      await failure('SIZE_MISMATCH', ingest.commit());
      await failure('DIGEST_MISMATCH', ingest.commit({ size: 14, digest: await digestOf(text('other')) }));
      const digest = await digestOf(bytes);
      expect((await ingest.commit({ size: 14, digest })).digest).toBe(digest);
    });

    test('leaves no ingest behind', async ({ storage }) => {
      const ingest = await storage.content.ingest('layer-1');
      await ingest.write(text('done'));
      await ingest.commit();
      await ingest.close();
      await failure('UNAVAILABLE', ingest.write(text('more')));
      await failure('UNAVAILABLE', ingest.commit());
      expect(await all(storage.content.ingests())).toEqual([]);
      const fresh = await storage.content.ingest('layer-1');
      expect(fresh.offset).toBe(0);
      await fresh.close();
    });

    test('is success when the blob is there already', async ({ storage }) => {
      const bytes = text('twice');
      const { digest } = await put(storage, bytes, { first: '1' });
      const ingest = await storage.content.ingest('again', { labels: { second: '2' } });
      await ingest.write(bytes);
      expect(await ingest.commit()).toEqual({ digest, size: 5, labels: { first: '1', second: '2' } });
      expect((await all(storage.content.walk())).length).toBe(1);
    });

    test('lets two ingests of one digest commit at the same time', async ({ storage }) => {
      const bytes = noise(100_000);
      const digest = await digestOf(bytes);
      const ingests = await Promise.all(
        ['a', 'b', 'c'].map((ref) => storage.content.ingest(ref, { digest, labels: { [ref]: ref } })),
      );
      await Promise.all(ingests.map((ingest) => ingest.write(bytes)));
      const infos = await Promise.all(ingests.map((ingest) => ingest.commit()));
      for (const info of infos) expect([info.digest, info.size]).toEqual([digest, 100_000]);
      expect(await storage.content.info(digest)).toEqual({
        digest,
        size: 100_000,
        labels: { a: 'a', b: 'b', c: 'c' },
      });
      expect(await all(storage.content.ingests())).toEqual([]);
      expect(await digestOf(await drain(await storage.content.open(digest)))).toBe(digest);
    });

    test('takes an empty blob', async ({ storage }) => {
      const digest = await digestOf(new Uint8Array(0));
      const ingest = await storage.content.ingest('empty', { digest, size: 0 });
      await failure('SIZE_MISMATCH', ingest.write(text('x')));
      expect(await ingest.commit()).toEqual({ digest, size: 0, labels: {} });
      expect((await drain(await storage.content.open(digest))).byteLength).toBe(0);
      expect((await storage.content.read(digest, { maxBytes: 0 })).byteLength).toBe(0);
    });

    test('takes a sha512 blob', async (subject) => {
      const bytes = noise(2 * MiB + 3);
      const digest = await digestOf(bytes, 'sha512');
      const first = await subject.storage.content.ingest('long', { digest });
      await first.write(bytes.subarray(0, MiB));
      await first.close();
      const storage = await reopened(subject);
      const ingest = await storage.content.ingest('long', { digest });
      await ingest.write(bytes.subarray(ingest.offset));
      expect((await ingest.commit()).digest).toBe(digest);
      expect((await all(storage.content.walk())).map((info) => info.digest)).toEqual([digest]);
      expect(sameBytes(await storage.content.read(digest, { maxBytes: 3 * MiB }), bytes)).toBe(true);
    });

    test('hashes anew when commit asks for another algorithm', async ({ storage }) => {
      const bytes = noise(MiB + 1);
      const ingest = await storage.content.ingest('late');
      await ingest.write(bytes);
      await failure('DIGEST_MISMATCH', ingest.commit({ digest: await digestOf(text('other'), 'sha512') }));
      const digest = await digestOf(bytes, 'sha512');
      expect((await ingest.commit({ digest })).digest).toBe(digest);
    });

    test('takes 10 MiB in odd pieces from a buffer that the caller reuses', async ({ storage }) => {
      const bytes = noise(10 * MiB);
      const digest = await digestOf(bytes);
      const ingest = await storage.content.ingest('big', { digest, size: bytes.byteLength });
      const buffer = new Uint8Array(2_500_000);
      const sizes = [1, 16_384, 65_537, 999_983, 3, 2_500_000, 16_384, 1_048_576, 7];
      for (let at = 0, turn = 0; at < bytes.byteLength; turn += 1) {
        const piece = bytes.subarray(at, at + (sizes[turn % sizes.length] ?? 1));
        buffer.set(piece);
        await ingest.write(buffer.subarray(0, piece.byteLength));
        buffer.fill(0xee);
        at += piece.byteLength;
        expect(ingest.offset).toBe(at);
      }
      expect((await ingest.commit()).size).toBe(10 * MiB);
      expect(sameBytes(await drain(await storage.content.open(digest)), bytes)).toBe(true);
    });

    test('survives opening the store again', async (subject) => {
      const { digest } = await put(subject.storage, text('durable'), { kept: 'yes' });
      const storage = await reopened(subject);
      expect(await storage.content.info(digest)).toEqual({ digest, size: 7, labels: { kept: 'yes' } });
      expect(await storage.content.read(digest, { maxBytes: 7 })).toEqual(text('durable'));
    });
  });
}
