import { isRegistryError, isStowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { REGISTRY, rejection, scripted } from '../test-support/fixtures.ts';
import { UploadRegistry } from '../test-support/upload-registry.ts';
import { contentOf, noise, writable } from '../test-support/uploads.ts';

const UPLOADS = `${REGISTRY}/v2/team/app/blobs/uploads/`;

describe('mounting a blob', () => {
  it('asks with the source, or lets the registry find one', async () => {
    const { digest } = await contentOf(noise(10));
    const encoded = encodeURIComponent(digest);
    const { repository } = scripted({
      [`POST ${UPLOADS}?mount=${encoded}&from=team%2Fbase`]: { status: 201 },
      [`POST ${UPLOADS}?mount=${encoded}`]: { status: 201 },
    });
    expect(await repository.blobs.mount(digest, { from: 'team/base' })).toEqual({ mounted: true });
    expect(await repository.blobs.mount(digest)).toEqual({ mounted: true });
  });

  it('asks for a token that may read the source', async () => {
    const { digest } = await contentOf(noise(10));
    const realm = 'https://auth.registry.example/token';
    const scopes = ['repository:team/app:push,pull', 'repository:team/base:pull'];
    const query = scopes.map((scope) => `scope=${encodeURIComponent(scope)}`).join('&');
    const { repository, network } = scripted(
      {
        [`POST ${UPLOADS}?mount=${encodeURIComponent(digest)}&from=team%2Fbase`]: [
          { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="r"` } },
          { status: 201 },
        ],
        [`GET ${realm}?${query}&service=r`]: { json: { token: 't' } },
      },
      { actions: ['pull', 'push'] },
    );
    expect((await repository.blobs.mount(digest, { from: 'team/base' })).mounted).toBe(true);
    expect(network.authorizations(UPLOADS)).toEqual(['-', 'Bearer t']);
  });

  it('may give an upload to go on with, without another request', async () => {
    const registry = new UploadRegistry();
    const bytes = noise(100);
    const { content, digest } = await contentOf(bytes);
    const { blobs } = writable(registry).repository;
    const { mounted, session } = await blobs.mount(digest, { from: 'team/base' });
    expect(mounted).toBe(false);
    await blobs.upload({ ...content, session });
    expect(registry.methods).toBe('POST PUT');
    expect([...registry.blobs.values()]).toEqual([bytes]);
  });

  it('never fails because the registry refuses', async () => {
    const { digest } = await contentOf(noise(10));
    const url = `POST ${UPLOADS}?mount=${encodeURIComponent(digest)}`;
    for (const reply of [{ status: 403 }, { status: 405 }, { status: 503 }, { error: new TypeError('no') }]) {
      const { mounted, session, failure } = await scripted({ [url]: reply }).repository.blobs.mount(digest);
      expect([mounted, session, isRegistryError(failure)]).toEqual([false, undefined, true]);
    }
  });

  it('fails for what cannot be asked, and when aborted', async () => {
    const { digest } = await contentOf(noise(10));
    const { repository } = scripted({});
    expect(isStowageError(await rejection(repository.blobs.mount('x' as never)), 'INVALID_DIGEST')).toBe(
      true,
    );
    const error = await rejection(repository.blobs.mount(digest, { from: '../x' }));
    expect(isStowageError(error, 'INVALID_REFERENCE')).toBe(true);
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    expect(await rejection(repository.blobs.mount(digest, { signal }))).toBe(reason);
  });

  it('is not there for a session that cannot be ended', async () => {
    const session = { url: `${REGISTRY}/v2/up/u1`, offset: 0 };
    const { repository } = scripted({ [`DELETE ${session.url}`]: { status: 403 } });
    expect(isStowageError(await rejection(repository.blobs.cancel(session)), 'DENIED')).toBe(true);
  });
});
