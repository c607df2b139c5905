import { collect, digestBytes, streamOf } from '@stowage/core';
import { createRegistryServer, toFetch } from '@stowage/registry-server';
import type { RegistryLimits } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { isStowageError, MEDIA_TYPES } from '@stowage/types';
import type { ContentUpload, Descriptor, Fetch, Repository, UploadSession } from '@stowage/types';
import { failure, rejection, text } from './storage-subject.ts';
import type { TestApi } from './storage-subject.ts';

/** Opens the repository `name` of the registry behind `fetch`, to read and to write. */
export type OpenWritable = (name: string, fetch: Fetch) => Repository;

const TYPE = MEDIA_TYPES.ociManifest;
const BYTES = Uint8Array.from({ length: 1000 }, (_, index) => (index * 31 + (index >> 3)) & 0xff);

/** A registry of our own in this process. */
function registry(limits: Partial<RegistryLimits> = {}): Fetch {
  return toFetch(createRegistryServer({ storage: createMemoryStorage(), limits }));
}

/** Breaks the connection of the request with this number, before the registry sees it or after. */
function breaking(fetch: Fetch, at: number, arrives: boolean): Fetch {
  let count = 0;
  return async (url, init) => {
    if (count++ !== at) return await fetch(url, init);
    if (arrives) await fetch(url, init);
    throw new TypeError('fetch failed', {
      cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
    });
  };
}

async function content(bytes: Uint8Array = BYTES): Promise<ContentUpload> {
  return {
    digest: await digestBytes(bytes),
    size: bytes.byteLength,
    open: (offset) => Promise.resolve(streamOf(bytes.slice(offset))),
  };
}

async function read(repository: Repository, { digest }: Pick<Descriptor, 'digest'>): Promise<Uint8Array> {
  return await collect(await repository.blobs.open(digest), { maxBytes: 10_000 });
}

/**
 * What every writable `Repository` must do, at a registry server of ours.
 *
 * @param api the test runner
 * @param open opens the repository under test
 */
export function registryWriterSuite({ describe, it, expect }: TestApi, open: OpenWritable): void {
  const image = async (repository: Repository, more: object = {}): Promise<Uint8Array> => {
    const config = await repository.blobs.upload({ stream: streamOf(text('{}')) });
    const layer = await repository.blobs.upload(await content());
    const document = {
      schemaVersion: 2,
      mediaType: TYPE,
      config: { ...config, mediaType: MEDIA_TYPES.ociConfig },
      layers: [{ ...layer, mediaType: MEDIA_TYPES.ociLayer }],
      ...more,
    };
    return text(JSON.stringify(document, undefined, 2));
  };

  describe('BlobWriter', () => {
    it('uploads content and streams, of any size', async () => {
      const repository = open('team/app', registry());
      for (const size of [0, 1, 999, 1000]) {
        const bytes = BYTES.slice(0, size);
        for (const chunkSize of [undefined, 100, 333]) {
          const known = await repository.blobs.upload({ ...(await content(bytes)), chunkSize });
          expect(await read(repository, known)).toEqual(bytes);
          const found = await repository.blobs.upload({ stream: streamOf(bytes), chunkSize });
          expect([found.digest, found.size]).toEqual([known.digest, size]);
        }
      }
    });

    it('uploads by sha512', async () => {
      const repository = open('team/app', registry());
      const { digest } = await repository.blobs.upload({ stream: streamOf(BYTES), algorithm: 'sha512' });
      expect(digest).toBe(await digestBytes(BYTES, 'sha512'));
      expect(await read(repository, { digest })).toEqual(BYTES);
    });

    it('heeds the sizes that the registry wants', async () => {
      const bytes = Uint8Array.from({ length: 900_000 }, (_, index) => index & 0xff);
      const repository = open('team/app', registry({ maxChunkBytes: 300_000 }));
      await repository.blobs.upload(await content(bytes));
      await repository.blobs.upload({ stream: streamOf(bytes) });
      const least = open('team/app', registry({ minChunkBytes: 500 }));
      await least.blobs.upload({ ...(await content()), chunkSize: 10 });
    });

    for (const arrives of [false, true]) {
      for (const [way, requests] of [
        ['content', 2],
        ['content in chunks', 6],
        ['a stream', 6],
      ] as const) {
        const make = async (): Promise<Parameters<Repository['blobs']['upload']>[0]> =>
          way === 'a stream'
            ? { stream: streamOf(BYTES), chunkSize: 300 }
            : { ...(await content()), ...(way === 'content' ? {} : { chunkSize: 300 }) };

        it(`goes on with ${way} wherever its connection breaks (the request arrives: ${String(arrives)})`, async () => {
          for (let at = 0; at < requests; at++) {
            const fetch = registry();
            await open('team/app', breaking(fetch, at, arrives)).blobs.upload(await make());
            const { digest } = await content();
            expect(await read(open('team/app', fetch), { digest })).toEqual(BYTES);
          }
        });
      }
    }

    it('goes on with a session in another process', async () => {
      const fetch = registry();
      const kept: string[] = [];
      const controller = new AbortController();
      const upload = {
        stream: streamOf(BYTES),
        chunkSize: 300,
        signal: controller.signal,
        onSession: (session: UploadSession) => {
          kept.push(JSON.stringify(session));
          if (session.offset === 600) controller.abort(new Error('enough'));
        },
      };
      await rejection(open('team/app', fetch).blobs.upload(upload));
      const session = JSON.parse(kept.at(-1) ?? '') as UploadSession;
      const again = open('team/app', fetch);
      const rest = streamOf(BYTES.slice(session.offset));
      const done = await again.blobs.upload({ stream: rest, chunkSize: 300, session });
      expect(done).toEqual({ mediaType: MEDIA_TYPES.octetStream, ...pick(await content()) });
      expect(await read(again, done)).toEqual(BYTES);
    });

    it('ends a session', async () => {
      const { blobs } = open('team/app', registry());
      const { digest } = await content();
      const { mounted, session } = await blobs.mount(digest, { from: 'team/base' });
      expect(mounted).toBe(false);
      if (session === undefined) throw new Error('no session');
      await blobs.cancel(session);
      await blobs.cancel(session);
    });

    it('mounts', async () => {
      const fetch = registry();
      const { digest } = await open('team/base', fetch).blobs.upload(await content());
      const repository = open('team/app', fetch);
      expect(await repository.blobs.mount(digest, { from: 'team/base' })).toEqual({ mounted: true });
      expect(await read(repository, { digest })).toEqual(BYTES);
    });

    it('refuses what is not what it says', async () => {
      const { blobs } = open('team/app', registry());
      const { digest } = await content(BYTES.slice(1));
      expect(isStowageError(await rejection(blobs.upload({ ...(await content()), digest })))).toBe(true);
      await failure('NOT_FOUND', blobs.stat(digest));
      await failure('SIZE_MISMATCH', blobs.upload({ ...(await content()), size: 999 }));
    });

    it('deletes', async () => {
      const { blobs } = open('team/app', registry());
      const { digest } = await blobs.upload(await content());
      await blobs.delete(digest);
      await failure('NOT_FOUND', blobs.stat(digest));
      await failure('NOT_FOUND', blobs.delete(digest));
    });
  });

  describe('ManifestWriter', () => {
    it('puts the very bytes under tags and digests', async () => {
      const repository = open('team/app', registry());
      const bytes = await image(repository);
      const descriptor = await repository.manifests.put('v1', bytes, TYPE, { tags: ['v2', 'v3'] });
      for (const reference of ['v1', 'v2', 'v3', descriptor.digest]) {
        const found = await repository.manifests.get(reference);
        expect([found.descriptor, found.bytes]).toEqual([descriptor, bytes]);
      }
      const sha512 = await digestBytes(bytes, 'sha512');
      expect((await repository.manifests.put(sha512, bytes, TYPE)).digest).toBe(sha512);
    });

    it('says what is missing', async () => {
      const repository = open('team/app', registry());
      const bytes = await image(open('team/other', registry()));
      const error = await failure('NOT_FOUND', repository.manifests.put('v1', bytes, TYPE));
      expect(error.message.includes((await content()).digest)).toBe(true);
    });

    it('lists a manifest with a subject as a referrer', async () => {
      const repository = open('team/app', registry());
      const subject = await repository.manifests.put('v1', await image(repository), TYPE);
      const more = { subject, artifactType: 'application/example', annotations: { made: 'here' } };
      const referrer = await repository.manifests.put('sig', await image(repository, more), TYPE);
      const found: Descriptor[] = [];
      for await (const descriptor of repository.referrers(subject.digest)) found.push(descriptor);
      expect(
        found.map(({ digest, artifactType, annotations }) => [digest, artifactType, annotations]),
      ).toEqual([[referrer.digest, 'application/example', { made: 'here' }]]);
    });

    it('deletes tags and manifests', async () => {
      const { manifests, blobs, ...rest } = open('team/app', registry());
      const bytes = await image({ manifests, blobs, ...rest });
      const { digest } = await manifests.put('v1', bytes, TYPE, { tags: ['v2'] });
      await manifests.delete('v1');
      await failure('NOT_FOUND', manifests.get('v1'));
      expect((await manifests.head('v2')).digest).toBe(digest);
      await manifests.delete(digest);
      await failure('NOT_FOUND', manifests.get('v2'));
      await failure('NOT_FOUND', manifests.delete(digest));
    });
  });
}

function pick({ digest, size }: ContentUpload): Pick<Descriptor, 'digest' | 'size'> {
  return { digest, size };
}
