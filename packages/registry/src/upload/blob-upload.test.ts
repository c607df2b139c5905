import { digestBytes } from '@stowage/core';
import { isRegistryError, isStowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { rejection } from '../test-support/fixtures.ts';
import { cut, errorOf, UploadRegistry } from '../test-support/upload-registry.ts';
import type { UploadQuirk } from '../test-support/upload-registry.ts';
import { contentOf, noise, oneShot, sameBytes, sessionLog, writable } from '../test-support/uploads.ts';

const BYTES = noise(100);

function stored(registry: UploadRegistry): Uint8Array[] {
  return [...registry.blobs.values()];
}

describe('an upload of known content', () => {
  it('goes in one request, its location kept as it is', async () => {
    const registry = new UploadRegistry();
    const { content, digest } = await contentOf(BYTES);
    const progress: unknown[] = [];
    const descriptor = await writable(registry).repository.blobs.upload({
      ...content,
      onProgress: (step) => progress.push(step),
    });
    expect(descriptor).toEqual({ mediaType: 'application/octet-stream', digest, size: 100 });
    expect(stored(registry)).toEqual([BYTES]);
    expect(registry.log).toEqual([
      'POST /v2/team/app/blobs/uploads/',
      `PUT /v2/team/app/blobs/upload/u1?_state=a%2Fb+c%3D%3D&x=%7e&digest=${encodeURIComponent(digest)}`,
    ]);
    expect(progress.at(0)).toEqual({ current: 0, total: 100 });
    expect(progress.at(-1)).toEqual({ current: 100, total: 100 });
  });

  it('goes in chunks of the size that the caller wants', async () => {
    const registry = new UploadRegistry();
    const { content } = await contentOf(BYTES);
    await writable(registry).repository.blobs.upload({ ...content, chunkSize: 40 });
    expect(stored(registry)).toEqual([BYTES]);
    expect(registry.methods).toBe('POST PATCH PATCH PATCH PUT');
    expect(registry.requests.map(({ headers }) => headers.get('content-range'))).toEqual([
      null,
      '0-39',
      '40-79',
      '80-99',
      null,
    ]);
  });

  it.each([0, 1])('may have %i bytes', async (size) => {
    const registry = new UploadRegistry();
    const { content } = await contentOf(BYTES.subarray(0, size));
    expect((await writable(registry).repository.blobs.upload(content)).size).toBe(size);
    expect(stored(registry).map(({ byteLength }) => byteLength)).toEqual([size]);
  });

  it('may be named by another algorithm', async () => {
    const registry = new UploadRegistry();
    const { content } = await contentOf(BYTES);
    const digest = await digestBytes(BYTES, 'sha512');
    await writable(registry).repository.blobs.upload({ ...content, digest });
    expect(registry.log[0]).toBe('POST /v2/team/app/blobs/uploads/?digest-algorithm=sha512');
    expect([...registry.blobs.keys()]).toEqual([digest]);
  });

  it.each([
    ['min', { 'oci-chunk-min-length': '50' }, 'POST PATCH PATCH PUT'],
    ['a min beyond the ceiling', { 'oci-chunk-min-length': '9223372036854775807' }, 'POST PUT'],
    ['what is no number', { 'oci-chunk-min-length': '-1' }, 'POST PATCH PATCH PATCH PUT'],
  ])('heeds %s', async (_name, headers, methods) => {
    const registry = new UploadRegistry(undefined, headers);
    const { content } = await contentOf(BYTES);
    await writable(registry).repository.blobs.upload({ ...content, chunkSize: 40 });
    expect(registry.methods).toBe(methods);
    expect(stored(registry)).toEqual([BYTES]);
  });

  it('goes in chunks where the registry says that it takes no more at once', async () => {
    const registry = new UploadRegistry(undefined, { 'oci-chunk-max-length': '300000' });
    const bytes = noise(700_000);
    const { content } = await contentOf(bytes);
    await writable(registry).repository.blobs.upload(content);
    expect(registry.requests.map(({ body }) => body.byteLength)).toEqual([0, 300_000, 300_000, 100_000, 0]);
    expect(sameBytes(stored(registry)[0], bytes)).toBe(true);
  });

  it('goes in smaller requests after a 413', async () => {
    const registry = new UploadRegistry(({ body }) =>
      body.byteLength > 300_000 ? new Response('<html>too large</html>', { status: 413 }) : undefined,
    );
    const bytes = noise(1_100_000);
    const { content } = await contentOf(bytes);
    await writable(registry).repository.blobs.upload(content);
    expect(registry.requests.map(({ body }) => body.byteLength).filter((size) => size > 0)).toEqual([
      1_100_000, 550_000, 275_000, 275_000, 275_000, 275_000,
    ]);
    expect(sameBytes(stored(registry)[0], bytes)).toBe(true);
  });

  it('fails with the 413 where nothing is small enough', async () => {
    const registry = new UploadRegistry(({ body }) =>
      body.byteLength > 0 ? errorOf(413, 'SIZE_INVALID') : undefined,
    );
    const { content } = await contentOf(BYTES);
    const error = await rejection(writable(registry).repository.blobs.upload(content));
    expect(isRegistryError(error) && error.status).toBe(413);
    expect(registry.methods).toBe('POST PUT DELETE');
    await expect.poll(() => registry.sessions.size).toBe(0);
  });

  it('goes as a whole where the registry takes no chunks', async () => {
    const registry = new UploadRegistry(({ method }) =>
      method === 'PATCH' ? errorOf(405, 'UNSUPPORTED') : undefined,
    );
    const { content } = await contentOf(BYTES);
    await writable(registry).repository.blobs.upload({ ...content, chunkSize: 40 });
    expect(registry.methods).toBe('POST PATCH DELETE POST PUT');
    expect(stored(registry)).toEqual([BYTES]);
  });

  it.each([201, 202, 204])('goes on after a PATCH that is answered %i', async (status) => {
    const registry = new UploadRegistry(async (request, self) => {
      if (request.method !== 'PATCH') return undefined;
      const { headers } = await self.answer(request);
      return new Response(null, { status, headers });
    });
    const { content } = await contentOf(BYTES);
    await writable(registry).repository.blobs.upload({ ...content, chunkSize: 40 });
    expect(registry.methods).toBe('POST PATCH PATCH PATCH PUT');
    expect(stored(registry)).toEqual([BYTES]);
  });

  it.each([
    [99, 'fewer than 100 bytes'],
    [101, 'more than 100 bytes'],
  ])('fails when there are %i bytes in place of 100', async (size, words) => {
    const registry = new UploadRegistry();
    const { content } = await contentOf(noise(size));
    for (const chunkSize of [40, 1000]) {
      const { blobs } = writable(registry).repository;
      const error = await rejection(blobs.upload({ ...content, size: 100, chunkSize }));
      expect(isStowageError(error, 'SIZE_MISMATCH') && error.message).toBe(`content to upload has ${words}`);
    }
  });

  it('fails as its source does, without another try', async () => {
    const registry = new UploadRegistry();
    const { content } = await contentOf(BYTES);
    const failure = cut();
    const open = (): Promise<never> => Promise.reject(failure);
    const { repository, clock } = writable(registry);
    expect(await rejection(repository.blobs.upload({ ...content, open }))).toBe(failure);
    expect(registry.methods).toBe('POST DELETE');
    expect(clock.slept).toEqual([]);
  });

  it('fails with what the registry says of it', async () => {
    const registry = new UploadRegistry(({ method }) =>
      method === 'PUT' ? errorOf(403, 'DENIED') : undefined,
    );
    const { content } = await contentOf(BYTES);
    const error = await rejection(writable(registry).repository.blobs.upload(content));
    expect(isRegistryError(error) && error.code).toBe('DENIED');
    const refusing = new UploadRegistry(() => errorOf(404, 'NAME_UNKNOWN'));
    const other = await rejection(writable(refusing).repository.blobs.upload(content));
    expect(isStowageError(other, 'NOT_FOUND')).toBe(true);
  });

  it('fails with DIGEST_INVALID at once where nothing was in doubt', async () => {
    const registry = new UploadRegistry();
    const { content } = await contentOf(BYTES);
    const digest = await digestBytes(BYTES.subarray(1));
    const upload = { ...content, digest, chunkSize: 60 };
    const error = await rejection(writable(registry).repository.blobs.upload(upload));
    expect(isRegistryError(error) && error.errors[0]?.code).toBe('DIGEST_INVALID');
    expect(registry.methods).toBe('POST PATCH PATCH PUT DELETE');
  });

  it('is sent once more after DIGEST_INVALID where fetch may have sent some of it twice', async () => {
    const registry = new UploadRegistry(({ index }, self) => {
      if (index === 1) for (const id of self.sessions.keys()) self.sessions.set(id, BYTES.slice(0, 10));
      return undefined;
    });
    const { content, digest } = await contentOf(BYTES);
    await writable(registry).repository.blobs.upload(content);
    expect(registry.methods).toBe('POST PUT HEAD DELETE POST PUT');
    expect([...registry.blobs.keys()]).toEqual([digest]);
  });

  it('fails where the registry stored something else', async () => {
    const other = await digestBytes(BYTES.subarray(1));
    const registry = new UploadRegistry(({ method }) =>
      method === 'PUT'
        ? new Response(null, { status: 201, headers: { 'docker-content-digest': other } })
        : undefined,
    );
    const { content } = await contentOf(BYTES);
    const error = await rejection(writable(registry).repository.blobs.upload(content));
    expect(isStowageError(error, 'DIGEST_MISMATCH')).toBe(true);
  });

  it.each([
    { size: -1 },
    { size: 1.5 },
    { chunkSize: 0 },
    { chunkSize: Number.NaN },
    { digest: 'sha256:x' as never },
    { session: { url: '/v2/x', offset: -1 } },
    { session: { url: 3 as never, offset: 0 } },
  ])('refuses %j', async (wrong) => {
    const registry = new UploadRegistry();
    const { content } = await contentOf(BYTES);
    const error = await rejection(writable(registry).repository.blobs.upload({ ...content, ...wrong }));
    expect(isStowageError(error, 'INVALID_ARGUMENT') || isStowageError(error, 'INVALID_DIGEST')).toBe(true);
    expect(registry.log).toEqual([]);
  });

  it('ends with the reason of its signal, and is cancelled', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const registry = new UploadRegistry(({ method }) => {
      if (method === 'PATCH') controller.abort(reason);
      return undefined;
    });
    const { content } = await contentOf(BYTES);
    const upload = { ...content, chunkSize: 40, signal: controller.signal };
    const { blobs } = writable(registry).repository;
    expect(await rejection(blobs.upload(upload))).toBe(reason);
    expect(await rejection(blobs.upload(upload))).toBe(reason);
    await expect.poll(() => registry.sessions.size).toBe(0);
  });
});

describe('an upload of a stream', () => {
  it.each([
    [0, 40, 'POST PUT'],
    [30, 40, 'POST PUT'],
    [40, 40, 'POST PUT'],
    [100, 40, 'POST PATCH PATCH PATCH PUT'],
    [80, 40, 'POST PATCH PATCH PUT'],
  ])('of %i bytes by %i', async (size, chunkSize, methods) => {
    const registry = new UploadRegistry();
    const bytes = noise(size);
    const stream = oneShot(bytes);
    const descriptor = await writable(registry).repository.blobs.upload({ stream, chunkSize });
    expect(descriptor.digest).toBe(await digestBytes(bytes));
    expect([descriptor.size, registry.methods]).toEqual([size, methods]);
    expect(stored(registry)).toEqual([bytes]);
  });

  it('is hashed as the caller wants', async () => {
    const registry = new UploadRegistry();
    const upload = { stream: oneShot(BYTES), algorithm: 'sha512' as const };
    const { digest } = await writable(registry).repository.blobs.upload(upload);
    expect(digest).toBe(await digestBytes(BYTES, 'sha512'));
  });

  it('is sent in smaller requests after a 413', async () => {
    const registry = new UploadRegistry(({ body }) =>
      body.byteLength > 300_000 ? errorOf(413, 'SIZE_INVALID') : undefined,
    );
    const bytes = noise(700_000);
    await writable(registry).repository.blobs.upload({ stream: oneShot(bytes) });
    expect(sameBytes(stored(registry)[0], bytes)).toBe(true);
  });

  it('fails where chunks would have to be larger than can be held', async () => {
    const registry = new UploadRegistry(undefined, { 'oci-chunk-min-length': '99999999999' });
    const small = await writable(registry).repository.blobs.upload({ stream: oneShot(BYTES) });
    expect(small.size).toBe(100);
    let left = 65;
    const mebibyte = new Uint8Array(1024 * 1024);
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (left-- > 0) controller.enqueue(mebibyte);
        else controller.close();
      },
    });
    const error = await rejection(writable(registry).repository.blobs.upload({ stream }));
    expect(isStowageError(error, 'UNSUPPORTED')).toBe(true);
  });

  it('fails as the stream does, which is let go of otherwise', async () => {
    const failure = new Error('no more');
    const failing = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        controller.error(failure);
      },
    });
    const { blobs } = writable(new UploadRegistry()).repository;
    expect(await rejection(blobs.upload({ stream: failing }))).toBe(failure);
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        controller.enqueue(new Uint8Array(10));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    const refusing = new UploadRegistry(({ method }) =>
      method === 'PATCH' ? errorOf(403, 'DENIED') : undefined,
    );
    await rejection(writable(refusing).repository.blobs.upload({ stream: endless, chunkSize: 40 }));
    expect(cancelled).toBe(true);
  });

  it('fails where the registry lost what cannot be read again', async () => {
    const quirk: UploadQuirk = ({ index, method }, self) => {
      if (index === 2) self.sessions.clear();
      return index === 2 && method === 'PATCH' ? errorOf(404, 'BLOB_UPLOAD_UNKNOWN') : undefined;
    };
    const upload = { stream: oneShot(BYTES), chunkSize: 40 };
    const error = await rejection(writable(new UploadRegistry(quirk)).repository.blobs.upload(upload));
    expect(isStowageError(error, 'UNAVAILABLE') && error.reason).toBe('upload-lost');
    const forgetful = new UploadRegistry(({ index, url }, self) => {
      if (index !== 2) return undefined;
      self.sessions.set(url.pathname.split('/').at(-1) ?? '', new Uint8Array(3));
      throw cut();
    });
    const other = await rejection(
      writable(forgetful).repository.blobs.upload({ stream: oneShot(BYTES), chunkSize: 40 }),
    );
    expect(isStowageError(other, 'UNAVAILABLE') && other.reason).toBe('upload-lost');
  });

  it('needs a session that says what the hash was', async () => {
    const { blobs } = writable(new UploadRegistry()).repository;
    for (const digestState of [undefined, '%%%', 'AAAA']) {
      const session = { url: '/v2/team/app/blobs/upload/u1', offset: 40, digestState };
      const error = await rejection(blobs.upload({ stream: oneShot(BYTES), session }));
      expect(isStowageError(error, 'INVALID_ARGUMENT')).toBe(true);
    }
  });
});

describe('a session', () => {
  it('stays at the registry for who wants to know of it', async () => {
    const registry = new UploadRegistry(({ index }) => (index === 2 ? errorOf(403, 'DENIED') : undefined));
    const { content } = await contentOf(BYTES);
    const { sessions, onSession } = sessionLog();
    await rejection(writable(registry).repository.blobs.upload({ ...content, chunkSize: 40, onSession }));
    expect(sessions.map(({ offset }) => offset)).toEqual([0, 40]);
    expect(registry.sessions.size).toBe(1);
    const last = sessions.at(-1);
    if (last !== undefined) await writable(registry).repository.blobs.cancel(last);
    expect(registry.sessions.size).toBe(0);
    if (last !== undefined) await writable(registry).repository.blobs.cancel(last);
  });
});
