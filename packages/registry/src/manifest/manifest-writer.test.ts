import { digestBytes } from '@stowage/core';
import { isRegistryError, isStowageError, MEDIA_TYPES, parseIndex } from '@stowage/types';
import type { Descriptor } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import type { RegistryNotice } from '../transport/notice.ts';
import { NO_DIGEST, rejection, scripted } from '../test-support/fixtures.ts';
import type { Script, Sent } from '../test-support/scripted-fetch.ts';
import { BASE, CONFIG, LAYER, SUBJECT, TYPE, manifest, refusal } from '../test-support/manifest-fixtures.ts';
import { fallbackTag } from './referrers.ts';

const FALLBACK = `${BASE}/manifests/sha256-${'5'.repeat(64)}`;
const about = {
  subject: { mediaType: TYPE, digest: SUBJECT, size: 9 },
  artifactType: 'application/example',
  annotations: { made: 'here' },
};

/** A tag over which others may write meanwhile. */
class Tag {
  bytes: Uint8Array | undefined;
  readonly conditions: unknown[] = [];
  /** What somebody else does just before a PUT. */
  meddle: (() => void) | undefined;
  readonly heeds: boolean;
  #version = 0;

  constructor(heeds = true) {
    this.heeds = heeds;
  }

  write(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.#version += 1;
  }

  get script(): Script {
    return {
      [`GET ${FALLBACK}`]: () =>
        this.bytes === undefined
          ? refusal(404, 'MANIFEST_UNKNOWN')
          : {
              headers: { 'content-type': MEDIA_TYPES.ociIndex, etag: `"${String(this.#version)}"` },
              body: this.bytes as Uint8Array<ArrayBuffer>,
            },
      [`PUT ${FALLBACK}`]: ({ headers, body }: Sent) => {
        this.conditions.push(headers['if-match'] ?? headers['if-none-match']);
        this.meddle?.();
        const wanted = headers['if-match'];
        const stale =
          wanted === undefined ? this.bytes !== undefined : wanted !== `"${String(this.#version)}"`;
        if (this.heeds && stale) return refusal(412, 'UNKNOWN');
        this.write(body as unknown as Uint8Array);
        return { status: 201 };
      },
    };
  }

  get entries(): readonly Descriptor[] {
    return this.bytes === undefined ? [] : parseIndex(this.bytes).manifests;
  }
}

function indexOf(...manifests: object[]): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, own: 'kept', manifests }),
  );
}

const OTHER = { mediaType: TYPE, digest: NO_DIGEST, size: 7, artifactType: 'application/other' };

describe('putting a manifest', () => {
  it('sends its very bytes, by tag or digest', async () => {
    const { bytes, digest, descriptor } = await manifest();
    for (const reference of ['v1', digest]) {
      const { repository, network } = scripted({ [`PUT ${BASE}/manifests/${reference}`]: { status: 201 } });
      expect(await repository.manifests.put(reference, bytes, TYPE)).toEqual(descriptor);
      const [sent] = network.sent;
      expect(sent?.body).toBe(bytes);
      expect(sent?.headers['content-type']).toBe(TYPE);
    }
  });

  it('may use another algorithm', async () => {
    const { bytes } = await manifest();
    const digest = await digestBytes(bytes, 'sha512');
    const { repository } = scripted({
      [`PUT ${BASE}/manifests/${digest}`]: { status: 201, headers: { 'docker-content-digest': digest } },
    });
    expect((await repository.manifests.put(digest, bytes, TYPE)).digest).toBe(digest);
  });

  it('sends nothing that is wrong', async () => {
    const { bytes } = await manifest();
    const { repository, network } = scripted({});
    const { manifests } = repository;
    const tooLarge = new Uint8Array(4 * 1024 * 1024 + 1);
    const failures: [string, Promise<unknown>][] = [
      ['DIGEST_MISMATCH', manifests.put(NO_DIGEST, bytes, TYPE)],
      ['INVALID_MANIFEST', manifests.put('v1', bytes, MEDIA_TYPES.ociIndex)],
      ['LIMIT_EXCEEDED', manifests.put('v1', tooLarge, TYPE)],
      ['INVALID_REFERENCE', manifests.put('a/b', bytes, TYPE)],
      ['INVALID_REFERENCE', manifests.put('v1', bytes, TYPE, { tags: [NO_DIGEST] })],
    ];
    for (const [code, promise] of failures) {
      expect(isStowageError(await rejection(promise), code as 'CONFLICT'), code).toBe(true);
    }
    expect(network.log).toEqual([]);
  });

  it('fails where the registry stored something else', async () => {
    const { bytes } = await manifest();
    const headers = { 'docker-content-digest': NO_DIGEST };
    const { repository } = scripted({ [`PUT ${BASE}/manifests/v1`]: { status: 201, headers } });
    const error = await rejection(repository.manifests.put('v1', bytes, TYPE));
    expect(isStowageError(error, 'DIGEST_MISMATCH')).toBe(true);
  });

  it('sets several tags at once, and those one by one that were not set', async () => {
    const { bytes, digest } = await manifest();
    const { repository, network } = scripted({
      [`PUT ${BASE}/manifests/${digest}?tag=v1&tag=v2&tag=v3`]: {
        status: 201,
        headers: { 'oci-tag': 'v1, v3' },
      },
      [`PUT ${BASE}/manifests/v2`]: { status: 201 },
    });
    await repository.manifests.put('v1', bytes, TYPE, { tags: ['v2', 'v3', 'v1'] });
    expect(network.log.length).toBe(2);
  });

  it.each([
    [{ status: 201 }, 3],
    [refusal(414, 'UNSUPPORTED'), 3],
    [refusal(400, 'MANIFEST_INVALID'), 3],
  ])('sets them one by one where the registry answers %j', async (reply, requests) => {
    const { bytes, digest } = await manifest();
    const { repository, network } = scripted({
      [`PUT ${BASE}/manifests/${digest}?tag=v1&tag=v2`]: reply,
      [`PUT ${BASE}/manifests/v1`]: { status: 201 },
      [`PUT ${BASE}/manifests/v2`]: { status: 201 },
    });
    await repository.manifests.put(digest, bytes, TYPE, { tags: ['v1', 'v2'] });
    expect(network.log.length).toBe(requests);
  });

  it('fails with the first refusal that would not change', async () => {
    const { bytes, digest } = await manifest();
    const { repository } = scripted({
      [`PUT ${BASE}/manifests/${digest}?tag=v1&tag=v2`]: refusal(403, 'DENIED'),
    });
    const error = await rejection(repository.manifests.put('v1', bytes, TYPE, { tags: ['v2'] }));
    expect(isStowageError(error, 'DENIED')).toBe(true);
  });

  it('is tried again after 429 and 5xx', async () => {
    const { bytes } = await manifest();
    const { repository, clock } = scripted({
      [`PUT ${BASE}/manifests/v1`]: [
        { status: 429, headers: { 'retry-after': '3' } },
        { status: 502 },
        { status: 201 },
      ],
    });
    await repository.manifests.put('v1', bytes, TYPE);
    expect(clock.slept).toEqual([3000, 1000]);
  });

  it('tells a refusal clearly', async () => {
    const { bytes } = await manifest(about);
    const size = String(bytes.byteLength);
    const { repository } = scripted({
      [`PUT ${BASE}/manifests/large`]: { status: 413, body: '<html>' },
      [`PUT ${BASE}/manifests/odd`]: refusal(405, 'UNSUPPORTED'),
    });
    const large = await rejection(repository.manifests.put('large', bytes, TYPE));
    expect(isRegistryError(large) && [large.code, large.status, large.message]).toEqual([
      'LIMIT_EXCEEDED',
      413,
      expect.stringContaining(`manifest of ${size} bytes is too large for the registry`),
    ]);
    const odd = await rejection(repository.manifests.put('odd', bytes, TYPE));
    expect(isRegistryError(odd) && [odd.code, odd.message]).toEqual([
      'UNSUPPORTED',
      `registry does not take manifests of type ${TYPE} with artifact type application/example with a subject: unsupported: unsupported`,
    ]);
  });
});

describe('content that the registry does not have', () => {
  const put = `PUT ${BASE}/manifests/v1`;
  const unknown = refusal(400, 'MANIFEST_BLOB_UNKNOWN');

  it('is looked for again, and what is missing is told', async () => {
    const { bytes } = await manifest();
    const { repository } = scripted({
      [put]: unknown,
      [`HEAD ${BASE}/blobs/${CONFIG}`]: { headers: { 'content-length': '2' } },
      [`HEAD ${BASE}/blobs/${LAYER}`]: { status: 404 },
      [`GET ${BASE}/blobs/${LAYER}`]: refusal(404, 'BLOB_UNKNOWN'),
    });
    const error = await rejection(repository.manifests.put('v1', bytes, TYPE));
    expect(isRegistryError(error) && [error.code, error.message, error.errors[0]?.detail]).toEqual([
      'NOT_FOUND',
      `manifest refers to content that the registry does not have: ${LAYER}`,
      { digest: LAYER },
    ]);
  });

  it('may only not have been noticed yet', async () => {
    const { bytes } = await manifest();
    const { repository, network, clock } = scripted({
      [put]: [refusal(404, 'BLOB_UNKNOWN', { digest: LAYER }), { status: 201 }],
      [`HEAD ${BASE}/blobs/${LAYER}`]: { headers: { 'content-length': '3' } },
    });
    await repository.manifests.put('v1', bytes, TYPE);
    expect(network.log.length).toBe(3);
    expect(clock.slept).toEqual([500]);
  });

  it('is told as the registry names it where it insists', async () => {
    const { bytes } = await manifest();
    const { repository } = scripted({
      [put]: refusal(400, 'MANIFEST_BLOB_UNKNOWN', LAYER),
      [`HEAD ${BASE}/blobs/${LAYER}`]: { headers: { 'content-length': '3' } },
    });
    const error = await rejection(repository.manifests.put('v1', bytes, TYPE));
    expect(isRegistryError(error) && error.message).toContain(LAYER);
  });

  it('may be manifests', async () => {
    const bytes = indexOf({ mediaType: TYPE, digest: LAYER, size: 3 });
    const { repository } = scripted({
      [put]: unknown,
      [`HEAD ${BASE}/manifests/${LAYER}`]: { status: 404 },
      [`GET ${BASE}/manifests/${LAYER}`]: refusal(404, 'MANIFEST_UNKNOWN'),
    });
    const error = await rejection(repository.manifests.put('v1', bytes, MEDIA_TYPES.ociIndex));
    expect(isRegistryError(error) && error.message).toContain(LAYER);
  });
});

describe('a manifest with a subject', () => {
  const put = { [`PUT ${BASE}/manifests/v1`]: { status: 201 } };
  const entryOf = (descriptor: Descriptor): object => ({
    ...descriptor,
    artifactType: about.artifactType,
    annotations: about.annotations,
  });

  it('is left to the registry that lists it', async () => {
    const { bytes } = await manifest(about);
    const headers = { 'oci-subject': SUBJECT };
    const { repository, network } = scripted({ [`PUT ${BASE}/manifests/v1`]: { status: 201, headers } });
    await repository.manifests.put('v1', bytes, TYPE);
    expect(network.log.length).toBe(1);
  });

  it('is looked for where a page may not see whether it is', async () => {
    const { bytes, descriptor } = await manifest(about);
    const list = `GET ${BASE}/referrers/${SUBJECT}`;
    const tag = new Tag();
    const { repository, network } = scripted({
      [`PUT ${BASE}/manifests/v1`]: { status: 201, type: 'cors' },
      [list]: [
        {
          headers: { 'content-type': MEDIA_TYPES.ociIndex },
          body: indexOf(entryOf(descriptor)) as Uint8Array<ArrayBuffer>,
        },
        { status: 404 },
      ],
      ...tag.script,
    });
    await repository.manifests.put('v1', bytes, TYPE);
    expect(network.log.at(-1)).toBe(list);
    await repository.manifests.put('v1', bytes, TYPE);
    expect(tag.entries).toEqual([entryOf(descriptor)]);
  });

  it('begins the index under the fallback tag', async () => {
    const { bytes, descriptor } = await manifest(about);
    const tag = new Tag();
    const { repository } = scripted({ ...put, ...tag.script });
    await repository.manifests.put('v1', bytes, TYPE);
    expect(FALLBACK.endsWith(fallbackTag(SUBJECT as never))).toBe(true);
    expect(tag.entries).toEqual([entryOf(descriptor)]);
    expect(tag.conditions).toEqual(['*']);
  });

  it('is of the type of its configuration where it names none', async () => {
    const { bytes } = await manifest({ subject: about.subject });
    const tag = new Tag();
    await scripted({ ...put, ...tag.script }).repository.manifests.put('v1', bytes, TYPE);
    expect(tag.entries[0]?.artifactType).toBe(MEDIA_TYPES.ociConfig);
  });

  it('is added to the others once, and takes the place of what was wrong about it', async () => {
    const { bytes, descriptor } = await manifest(about);
    const tag = new Tag();
    tag.write(indexOf(OTHER, { ...descriptor, artifactType: 'application/wrong' }));
    const { repository, network } = scripted({ ...put, ...tag.script });
    await repository.manifests.put('v1', bytes, TYPE);
    expect(tag.entries).toEqual([OTHER, entryOf(descriptor)]);
    expect(JSON.parse(new TextDecoder().decode(tag.bytes))).toMatchObject({ own: 'kept' });
    expect(tag.conditions).toEqual(['"1"']);
    const before = network.log.length;
    await repository.manifests.put('v1', bytes, TYPE);
    expect(network.log.slice(before)).toEqual([`PUT ${BASE}/manifests/v1`, `GET ${FALLBACK}`]);
  });

  it.each([true, false])('loses nothing that others write meanwhile (If-Match heeded: %s)', async (heeds) => {
    const { bytes, descriptor } = await manifest(about);
    const tag = new Tag(heeds);
    tag.write(indexOf());
    let meddled = false;
    tag.meddle = () => {
      if (meddled) return;
      meddled = true;
      tag.write(indexOf(OTHER));
    };
    const { repository } = scripted({ ...put, ...tag.script });
    await repository.manifests.put('v1', bytes, TYPE);
    expect(tag.entries.map(({ digest }) => digest)).toContain(descriptor.digest);
    if (heeds) expect(tag.entries).toEqual([OTHER, entryOf(descriptor)]);
  });

  it('is written in turn by one process', async () => {
    const tag = new Tag(false);
    const { repository } = scripted({ ...put, ...tag.script });
    const all = await Promise.all(
      ['a', 'b', 'c'].map((made) => manifest({ ...about, annotations: { made } })),
    );
    await Promise.all(all.map(({ bytes }) => repository.manifests.put('v1', bytes, TYPE)));
    expect(tag.entries.map(({ annotations }) => annotations?.['made']).sort()).toEqual(['a', 'b', 'c']);
  });

  it('fails where others are faster over and over', async () => {
    const { bytes } = await manifest(about);
    const tag = new Tag();
    tag.write(indexOf());
    tag.meddle = () => {
      tag.write(indexOf(OTHER));
    };
    const { repository } = scripted({ ...put, ...tag.script });
    expect(isStowageError(await rejection(repository.manifests.put('v1', bytes, TYPE)), 'CONFLICT')).toBe(
      true,
    );
  });

  it('leaves a fallback tag alone that is something else, and says so', async () => {
    const { bytes, digest } = await manifest(about);
    const other = await manifest();
    const notices: RegistryNotice[] = [];
    const { repository } = scripted(
      {
        ...put,
        [`GET ${FALLBACK}`]: {
          headers: { 'content-type': TYPE },
          body: other.bytes as Uint8Array<ArrayBuffer>,
        },
      },
      { onNotice: (notice) => notices.push(notice) },
    );
    await repository.manifests.put('v1', bytes, TYPE);
    expect(notices.map(({ kind }) => kind)).toEqual(['referrer-not-listed']);
    expect(notices[0]).toMatchObject({
      host: 'registry.example',
      message: expect.stringContaining(digest) as string,
    });
  });

  it('fails where the index cannot be written', async () => {
    const { bytes } = await manifest(about);
    const { repository } = scripted({
      ...put,
      [`GET ${FALLBACK}`]: { status: 404 },
      [`PUT ${FALLBACK}`]: refusal(403, 'DENIED'),
    });
    expect(isStowageError(await rejection(repository.manifests.put('v1', bytes, TYPE)), 'DENIED')).toBe(true);
  });
});
