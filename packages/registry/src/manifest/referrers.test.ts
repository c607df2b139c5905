import { digestBytes } from '@stowage/core';
import { isStowageError, MEDIA_TYPES } from '@stowage/types';
import type { Descriptor, Digest } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { fallbackTag } from './referrers.ts';
import { all, content, NO_DIGEST, REGISTRY, rejection, scripted } from '../test-support/fixtures.ts';
import type { Reply } from '../test-support/scripted-fetch.ts';

const SUBJECT = (await content('subject')).digest;
const BASE = `${REGISTRY}/v2/team/app`;
const API = `GET ${BASE}/referrers/${SUBJECT}`;
const FALLBACK = `GET ${BASE}/manifests/${fallbackTag(SUBJECT)}`;
const NONE = { status: 404 };

function referrer(character: string, artifactType?: string): Descriptor {
  const digest = `sha256:${character.repeat(64)}` as Digest;
  const type = artifactType === undefined ? {} : { artifactType };
  return { mediaType: MEDIA_TYPES.ociManifest, digest, size: 7, ...type };
}

function index(manifests: readonly unknown[], headers: Record<string, string> = {}): Reply {
  return {
    json: { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests },
    headers: { 'content-type': MEDIA_TYPES.ociIndex, ...headers },
  };
}

const A = referrer('a', 'test/sbom');
const B = referrer('b', 'test/signature');

describe('referrers', () => {
  it('come from the API, then from under the fallback tag, each once', async () => {
    const { repository, network } = scripted({ [API]: index([A]), [FALLBACK]: index([A, B]) });
    expect(await all(repository.referrers(SUBJECT))).toEqual([A, B]);
    expect(network.sent[0]?.headers['accept']).toBe(MEDIA_TYPES.ociIndex);
  });

  it.each<[string, Reply]>([
    ['404', { status: 404, body: '404 page not found' }],
    ['404 as GHCR words it', { status: 404, json: { errors: [{ code: 'MANIFEST_UNKNOWN' }] } }],
    ['400', { status: 400 }],
    ['405', { status: 405 }],
    ['a page for people', { body: '<html>', headers: { 'content-type': 'text/html' } }],
  ])('come from under the fallback tag alone where the API is %s', async (_name, reply) => {
    const { repository } = scripted({ [API]: reply, [FALLBACK]: index([B]) });
    expect(await all(repository.referrers(SUBJECT))).toEqual([B]);
  });

  it.each<[string, Reply]>([
    ['nothing', NONE],
    ['an image', { json: { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: A, layers: [] } }],
  ])('are none where there is %s under the fallback tag', async (_name, reply) => {
    const { repository } = scripted({ [API]: NONE, [FALLBACK]: reply });
    expect(await all(repository.referrers(SUBJECT))).toEqual([]);
  });

  it('come page after page, as they are wanted', async () => {
    const { repository, network } = scripted({
      [API]: index([A], { link: '<?page=2>; rel="next"' }),
      [`${API}?page=2`]: index([B]),
      [FALLBACK]: NONE,
    });
    for await (const descriptor of repository.referrers(SUBJECT)) {
      expect(descriptor).toEqual(A);
      break;
    }
    expect(network.log).toEqual([API]);
    expect(await all(repository.referrers(SUBJECT))).toEqual([A, B]);
  });

  it('are filtered by the registry, or here where it does not say that it did', async () => {
    const query = `${API}?artifactType=test%2Fsbom`;
    const wanted = { artifactType: 'test/sbom' };
    const unfiltered = scripted({ [query]: index([A, B]), [FALLBACK]: index([B]) });
    expect(await all(unfiltered.repository.referrers(SUBJECT, wanted))).toEqual([A]);
    const said = index([A], { 'oci-filters-applied': 'other, artifactType' });
    const filtered = scripted({ [query]: said, [FALLBACK]: index([A, B]) });
    expect(await all(filtered.repository.referrers(SUBJECT, wanted))).toEqual([A]);
  });

  it.each([MEDIA_TYPES.ociEmpty, undefined])(
    'are looked at where they are listed as of type %s',
    async (type) => {
      const config = { mediaType: MEDIA_TYPES.ociEmpty, digest: NO_DIGEST, size: 2 };
      const document = {
        schemaVersion: 2,
        artifactType: 'test/sbom',
        config,
        layers: [],
        annotations: { a: 'b' },
      };
      const body = JSON.stringify(document);
      const digest = await digestBytes(new TextEncoder().encode(body));
      const listed = { ...referrer('c', type), digest };
      const missing = referrer('d', type);
      const { repository } = scripted({
        [`${API}?artifactType=test%2Fsbom`]: NONE,
        [FALLBACK]: index([listed, missing]),
        [`GET ${BASE}/manifests/${digest}`]: { body, headers: { 'content-type': MEDIA_TYPES.ociManifest } },
        [`GET ${BASE}/manifests/${missing.digest}`]: NONE,
      });
      expect(await all(repository.referrers(SUBJECT, { artifactType: 'test/sbom' }))).toEqual([
        { ...listed, artifactType: 'test/sbom', annotations: { a: 'b' } },
      ]);
    },
  );

  it.each([401, 403])('fail where the registry answers %i', async (status) => {
    const { repository } = scripted({ [API]: { status }, [FALLBACK]: NONE });
    const error = await rejection(all(repository.referrers(SUBJECT)));
    expect(isStowageError(error) && error.code).toBe(status === 401 ? 'UNAUTHENTICATED' : 'DENIED');
  });

  it('fail where the list is no list', async () => {
    const { repository } = scripted({
      [API]: index([{ digest: 'sha256:../../x', size: 1, mediaType: 'a/b' }]),
    });
    expect(isStowageError(await rejection(all(repository.referrers(SUBJECT))), 'INVALID_MANIFEST')).toBe(
      true,
    );
  });

  it('are no more than the caller wants', async () => {
    const many = ['a', 'b', 'c'].map((character) => referrer(character, 'x/y'));
    const { repository } = scripted({ [API]: index(many.slice(0, 2)), [FALLBACK]: index(many) });
    const limit = async (maxEntries: number): Promise<unknown> =>
      all(repository.referrers(SUBJECT, { maxEntries })).catch((error: unknown) => error);
    expect(await limit(3)).toEqual(many);
    expect(isStowageError(await limit(2), 'LIMIT_EXCEEDED')).toBe(true);
    expect(isStowageError(await limit(1), 'LIMIT_EXCEEDED')).toBe(true);
  });

  it('end at a thousand pages', async () => {
    let pages = 0;
    const fetch = (): Promise<Response> => {
      pages += 1;
      const { json } = index([]);
      const headers = { 'content-type': MEDIA_TYPES.ociIndex, link: `<?page=${String(pages)}>; rel=next` };
      return Promise.resolve(Response.json(json, { headers }));
    };
    const { repository } = scripted({}, { fetch });
    expect(isStowageError(await rejection(all(repository.referrers(SUBJECT))), 'LIMIT_EXCEEDED')).toBe(true);
    expect(pages).toBe(1_000);
  });

  it('are not asked for with a digest that is none', async () => {
    const { repository, network } = scripted({});
    const error = await rejection(all(repository.referrers('sha256:../x' as Digest)));
    expect(isStowageError(error, 'INVALID_DIGEST')).toBe(true);
    expect(network.log).toEqual([]);
  });
});

describe('fallbackTag', () => {
  it.each([
    [`sha256:${'a'.repeat(64)}`, `sha256-${'a'.repeat(64)}`],
    [`sha512:${'b'.repeat(128)}`, `sha512-${'b'.repeat(64)}`],
  ])('of %s', (digest, tag) => {
    expect(fallbackTag(digest as Digest)).toBe(tag);
  });
});
