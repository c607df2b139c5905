import { isRegistryError, isStowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { endpointOf, REGISTRY, rejection, scripted } from '../test-support/fixtures.ts';
import { BASE, LAYER, SUBJECT, TYPE, manifest, refusal } from '../test-support/manifest-fixtures.ts';

describe('deleting', () => {
  const tag = `DELETE ${BASE}/manifests/v1`;
  const byDigest = `DELETE ${BASE}/manifests/${SUBJECT}`;
  const blob = `DELETE ${BASE}/blobs/${LAYER}`;

  it.each([200, 202, 204])('is done after %i', async (status) => {
    const { repository, network } = scripted({
      [tag]: { status },
      [byDigest]: { status },
      [blob]: { status },
    });
    await repository.manifests.delete('v1');
    await repository.manifests.delete(SUBJECT);
    await repository.blobs.delete(LAYER as never);
    expect(network.log).toEqual([tag, byDigest, blob]);
  });

  it('is done where the answer to it got lost', async () => {
    const error = new TypeError('connection reset');
    const { repository } = scripted({ [blob]: [{ error }, refusal(404, 'BLOB_UNKNOWN')] });
    await repository.blobs.delete(LAYER as never);
  });

  it('is tried again after 503', async () => {
    const { repository, clock } = scripted({ [blob]: [{ status: 503 }, { status: 202 }] });
    await repository.blobs.delete(LAYER as never);
    expect(clock.slept).toEqual([500]);
  });

  it('fails with NOT_FOUND', async () => {
    const { repository } = scripted({
      [blob]: refusal(404, 'BLOB_UNKNOWN'),
      [byDigest]: refusal(404, 'MANIFEST_UNKNOWN'),
      [tag]: refusal(404, 'MANIFEST_UNKNOWN'),
      [`HEAD ${BASE}/manifests/v1`]: { status: 404 },
      [`GET ${BASE}/manifests/v1`]: refusal(404, 'MANIFEST_UNKNOWN'),
    });
    const { manifests, blobs } = repository;
    const failures = [blobs.delete(LAYER as never), manifests.delete(SUBJECT), manifests.delete('v1')];
    for (const failure of failures) expect(isStowageError(await rejection(failure), 'NOT_FOUND')).toBe(true);
  });

  it('fails with UNSUPPORTED where the registry deletes nothing', async () => {
    const { repository } = scripted({
      [blob]: refusal(405, 'UNSUPPORTED'),
      [byDigest]: { status: 405, body: '' },
    });
    const one = await rejection(repository.blobs.delete(LAYER as never));
    expect(isRegistryError(one) && [one.code, one.message]).toEqual([
      'UNSUPPORTED',
      'registry does not delete blobs: unsupported: unsupported',
    ]);
    expect(isStowageError(await rejection(repository.manifests.delete(SUBJECT)), 'UNSUPPORTED')).toBe(true);
  });

  it.each([400, 404, 405])('never takes a manifest for its tag: %i', async (status) => {
    const { repository, network } = scripted({
      [tag]: refusal(status, 'UNKNOWN'),
      [`HEAD ${BASE}/manifests/v1`]: {
        headers: { 'content-type': TYPE, 'content-length': '9', 'docker-content-digest': SUBJECT },
      },
    });
    const error = await rejection(repository.manifests.delete('v1'));
    expect(isRegistryError(error) && error.code).toBe('UNSUPPORTED');
    expect(isRegistryError(error) && error.message).toContain(
      `to delete ${SUBJECT} would take all of its tags`,
    );
    expect(network.log.length).toBe(2);
  });

  it('fails with the refusal where the tag cannot be looked at', async () => {
    const { repository } = scripted({
      [tag]: refusal(405, 'UNSUPPORTED'),
      [`HEAD ${BASE}/manifests/v1`]: { status: 403 },
      [`GET ${BASE}/manifests/v1`]: refusal(403, 'DENIED'),
    });
    expect(isStowageError(await rejection(repository.manifests.delete('v1')), 'UNSUPPORTED')).toBe(true);
    const denied = scripted({ [tag]: refusal(403, 'DENIED') }).repository;
    expect(isStowageError(await rejection(denied.manifests.delete('v1')), 'DENIED')).toBe(true);
  });

  it('asks for a token that is good for it', async () => {
    const realm = 'https://auth.registry.example/token';
    const scope = encodeURIComponent('repository:team/app:push,pull,delete');
    const { repository, network } = scripted(
      {
        [blob]: [
          { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="r"` } },
          { status: 202 },
        ],
        [`GET ${realm}?scope=${scope}&service=r`]: { json: { token: 't' } },
      },
      { actions: ['pull', 'push'] },
    );
    await repository.blobs.delete(LAYER as never);
    expect(network.authorizations(`${BASE}/blobs`)).toEqual(['-', 'Bearer t']);
  });
});

describe('a mirror', () => {
  it('is not written to', async () => {
    const { repository, network } = scripted({}, { endpoint: endpointOf(REGISTRY, { mirror: true }) });
    const { bytes } = await manifest();
    const error = await rejection(repository.manifests.put('v1', bytes, TYPE));
    expect(isStowageError(error, 'UNSUPPORTED') && error.message).toBe('a mirror can only be read from');
    expect(network.log).toEqual([]);
  });
});
