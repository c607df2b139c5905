import { digestBytes, streamOf } from '@stowage/core';
import {
  computeV2MetadataHmac,
  computeV2MetadataHmacKey,
  createV2MetadataService,
} from '@stowage/image-store';
import { createMemoryStorage } from '@stowage/storage';
import { asDigest, MEDIA_TYPES, parseNormalizedNamed, RegistryError, StowageError } from '@stowage/types';
import type {
  AuthConfig,
  ContentUpload,
  Descriptor,
  Digest,
  DiffID,
  ImagePushConfig,
  MountResult,
  RegistryEndpoint,
  Repository,
  StreamUpload,
} from '@stowage/types';
import { describe, expect, it } from 'vitest';
import type { LayerToPush } from './layer-to-push.ts';
import { createLayerUpload } from './layer-upload.ts';
import { PushTarget } from './push-target.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const DIFF_ID = asDigest(`sha256:${'d'.repeat(64)}`) as DiffID;
const digest = (letter: string): Digest => asDigest(`sha256:${letter.repeat(64)}`);
const NAME = parseNormalizedNamed('r.test/team/app');
const AUTH: AuthConfig = { username: 'alice', password: 'secret' };
const failure = (code: string) =>
  new RegistryError('UNAUTHENTICATED', 'no', {
    ...{ method: 'POST', url: 'https://r.test/', status: 401 },
    errors: [{ code, message: 'says the registry' }],
  });

interface Setting {
  /** `letter repository`, `!` behind it where it was seen with our credentials, `?` with those of another. */
  readonly seen?: readonly string[];
  readonly size?: number;
  readonly auth?: AuthConfig;
  /** Blobs that the repository has. */
  readonly has?: string;
  /** What comes of mounting, in order; then a session. */
  readonly mounts?: readonly MountResult[];
  readonly layer?: Partial<LayerToPush>;
  readonly endpoint?: Partial<RegistryEndpoint>;
}

/** Runs one upload and tells what was asked of the registry, what was said, and what is known afterwards. */
async function run({ seen = [], size = 1, auth, has = '', mounts = [], layer, endpoint }: Setting) {
  const storage = createMemoryStorage();
  const service = createV2MetadataService(storage.metadata);
  const key = await computeV2MetadataHmacKey(auth);
  for (const place of seen) {
    const [letter = '', sourceRepository = ''] = place.replace(/[!?]$/, '').split(' ');
    const metadata = { digest: digest(letter), sourceRepository };
    const other = await computeV2MetadataHmacKey({ username: 'bob' });
    const hmac = await computeV2MetadataHmac(
      place.endsWith('!') ? key : place.endsWith('?') ? other : undefined,
      metadata,
    );
    await service.add(DIFF_ID, { ...metadata, hmac });
  }
  const calls: string[] = [];
  const results = [...mounts];
  let sessions = 0;
  const blobs = {
    stat: (wanted: Digest) => {
      calls.push(`stat ${wanted.at(-1) ?? ''}`);
      if (!has.includes(wanted.at(-1) ?? '')) return Promise.reject(new StowageError('NOT_FOUND', 'unknown'));
      return Promise.resolve({ mediaType: MEDIA_TYPES.octetStream, digest: wanted, size: 7 });
    },
    mount: (wanted: Digest, { from = '' }) => {
      calls.push(`mount ${wanted.at(-1) ?? ''} ${from}`);
      sessions += 1;
      return Promise.resolve(
        results.shift() ?? {
          mounted: false,
          session: { url: `https://r.test/${String(sessions)}`, offset: 0 },
        },
      );
    },
    cancel: ({ url }: { url: string }) => {
      calls.push(`cancel ${url.at(-1) ?? ''}`);
      return Promise.resolve();
    },
    upload: async (upload: ContentUpload | StreamUpload): Promise<Descriptor> => {
      const stream = upload.stream ?? (await upload.open(0));
      const bytes = new Uint8Array(
        await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer(),
      );
      calls.push(`upload ${upload.session?.url.at(-1) ?? 'new'}`);
      return { mediaType: MEDIA_TYPES.octetStream, digest: await digestBytes(bytes), size: bytes.length };
    },
  } as unknown as Repository['blobs'];
  const config = {
    metadataStore: storage.metadata,
    contentStore: storage.content,
    authConfig: auth,
    openRepository: () => ({ name: 'team/app', blobs }),
  } as unknown as ImagePushConfig;
  const place = { url: 'https://r.test', mirror: false, official: false, insecure: false, ...endpoint };
  const target = await PushTarget.open(place, NAME, config);
  const upload = createLayerUpload(
    {
      diffId: DIFF_ID,
      compression: 'gzip',
      mediaType: MEDIA_TYPES.dockerLayer,
      size: () => Promise.resolve(size),
      open: () => Promise.resolve(streamOf(new Uint8Array(10))),
      ...layer,
    },
    target,
  );
  const words: string[] = [];
  const outcome: unknown = await upload
    .upload(({ action = '' }) => words.push(action))
    .catch((error: unknown) => error);
  const kept = (await service.getMetadata(DIFF_ID)).map(
    ({ digest: one, sourceRepository }) => `${one.at(-1) ?? ''} ${sourceRepository}`,
  );
  return { calls, said: words.at(-1), kept, outcome, upload, target };
}

const MANY = [
  'a r.test/a/a',
  'b r.test/b/b',
  'c r.test/c/c',
  'e r.test/e/e',
  'f r.test/f/f',
  '0 r.test/team/app',
  '1 r.test/team/app',
];
const count = (calls: readonly string[], word: string): number =>
  calls.filter((call) => call.startsWith(word)).length;

describe('how hard a registry is asked', () => {
  it.each([
    ['a small layer', 100 * KIB, { stats: 1, mounts: 1 }],
    ['a middle one', 10 * MIB, { stats: 1, mounts: 3 }],
    ['a large one', 10 * MIB + 1, { stats: 3, mounts: 4 }],
  ])('%s', async (_, size, { stats, mounts }) => {
    const { calls, said } = await run({ seen: MANY, size });
    expect([count(calls, 'stat'), count(calls, 'mount')]).toEqual([stats, mounts]);
    // Once before it is mounted; what was asked is not asked again.
    expect(calls[0]).toBe('stat 1');
    expect(calls.at(-1)).toBe(`upload ${String(mounts)}`);
    expect(count(calls, 'cancel')).toBe(mounts - 1);
    expect(said).toBe('Pushed');
  });

  it('a layer of which nothing is known is sent at once', async () => {
    expect((await run({})).calls).toEqual(['upload new']);
  });

  it('one of unknown size is looked for as a middle one', async () => {
    const layer = { size: () => Promise.reject(new StowageError('STORAGE', 'no')) };
    expect(count((await run({ seen: MANY, layer })).calls, 'mount')).toBe(3);
  });
});

describe('what is found', () => {
  it('there is not sent, and remembered as ours', async () => {
    const { calls, said, kept, outcome } = await run({ seen: ['a r.test/x/y'], has: 'a' });
    expect([calls, said]).toEqual([['stat a'], 'Layer already exists']);
    expect(kept).toEqual(['a r.test/x/y', 'a r.test/team/app']);
    expect(outcome).toEqual({ mediaType: MEDIA_TYPES.dockerLayerGzip, digest: digest('a'), size: 7 });
  });

  it('after a mount failed ends the upload that it began', async () => {
    const { calls, said } = await run({
      seen: ['b r.test/x/y', 'a r.test/team/app', '1 r.test/team/app'],
      has: 'a',
      size: 11 * MIB,
    });
    expect(calls).toEqual(['stat 1', 'mount b x/y', 'stat a', 'cancel 1']);
    expect(said).toBe('Layer already exists');
  });

  it('in another repository is mounted', async () => {
    const { calls, said, kept } = await run({
      seen: ['a r.test/x/y'],
      has: '',
      mounts: [{ mounted: true }],
      layer: { blob: { mediaType: MEDIA_TYPES.ociLayerZstd, digest: digest('a'), size: 9 } },
    });
    expect([calls, said]).toEqual([['stat a', 'mount a x/y'], 'Mounted from x/y']);
    expect(kept).toEqual(['a r.test/x/y', 'a r.test/team/app']);
  });

  it('and mounted without a known size is asked for it', async () => {
    const { outcome } = await run({ seen: ['a r.test/x/y!'], auth: AUTH, mounts: [{ mounted: true }] });
    expect(outcome).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('gone from the target is forgotten', async () => {
    const { kept } = await run({ seen: ['a r.test/team/app'] });
    expect(kept.filter((place) => place.startsWith('a'))).toEqual([]);
  });

  it('in this very push is not asked for', async () => {
    const { upload, target, calls } = await run({});
    const known = { mediaType: MEDIA_TYPES.dockerLayerGzip, digest: digest('a'), size: 7 };
    upload.setRemoteDescriptor?.(known);
    const words: string[] = [];
    expect(await upload.upload(({ action = '' }) => words.push(action))).toBe(known);
    expect([words, calls.length]).toEqual([['Layer already exists'], 1]);
    expect(target.repository).toBe('r.test/team/app');
  });
});

describe('a mount that fails', () => {
  it.each<[string, Setting, boolean]>([
    ['seen by nobody in particular', { seen: ['a r.test/x/y'] }, false],
    ['seen with the same credentials', { seen: ['a r.test/x/y!'], auth: AUTH }, false],
    ['seen with others', { seen: ['a r.test/x/y?'], auth: AUTH }, true],
    [
      'refused to nobody',
      { seen: ['a r.test/x/y'], mounts: [{ mounted: false, failure: failure('UNAUTHORIZED') }] },
      true,
    ],
    [
      'refused to somebody',
      { seen: ['a r.test/x/y'], auth: AUTH, mounts: [{ mounted: false, failure: failure('UNAUTHORIZED') }] },
      false,
    ],
    [
      'cut off',
      {
        seen: ['a r.test/x/y'],
        mounts: [{ mounted: false, failure: new StowageError('UNAVAILABLE', 'cut') }],
      },
      true,
    ],
  ])('%s', async (_, setting, remains) => {
    const { kept, said } = await run(setting);
    expect(kept.includes('a r.test/x/y')).toBe(remains);
    expect(said).toBe('Pushed');
  });
});

describe('layers that registries need not have', () => {
  const blob = {
    mediaType: MEDIA_TYPES.dockerForeignLayerGzip,
    digest: digest('a'),
    size: 9,
    urls: ['https://x.test/'],
  };

  it('are skipped', async () => {
    const { calls, said, outcome } = await run({ layer: { blob } });
    expect([calls, said, outcome]).toEqual([[], 'Skipped foreign layer', blob]);
  });

  it('are sent where that is wanted, if they are here', async () => {
    const { outcome } = await run({ layer: { blob }, endpoint: { allowNondistributableArtifacts: true } });
    expect(outcome).toMatchObject({ code: 'NOT_FOUND' });
  });
});

it('content that can be neither compressed nor sent is refused, in moby words', async () => {
  const { outcome } = await run({ layer: { mediaType: 'text/plain' } });
  expect((outcome as Error).message).toBe('unsupported layer media type text/plain');
});

it('gzip passes as it is', async () => {
  const { outcome } = await run({ layer: { mediaType: MEDIA_TYPES.dockerLayerGzip } });
  expect((outcome as Descriptor).size).toBe(10);
});

it('zstd is known as such the next time', async () => {
  const { upload, kept, calls } = await run({ layer: { compression: 'zstd' } });
  expect(kept).toHaveLength(1);
  await upload.upload(() => undefined);
  expect(calls.slice(1, 2)[0]).toMatch(/^stat /);
});
