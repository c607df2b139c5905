import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect, digestBytes } from '@stowage/core';
import { encodeOciLayout, MEDIA_TYPES } from '@stowage/types';
import type { Digest } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLayoutRepository } from './layout-repository.ts';
import { createLayoutFetch } from './node-layout-fetch.ts';
import { all, rejection } from '../test-support/fixtures.ts';

const URL = 'http://layout.invalid';
const BLOB = new Uint8Array(300_000).map((_, at) => at % 251);

let directory: string;
let blob: Digest;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stowage-layout-'));
  await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });
  await writeFile(join(directory, 'oci-layout'), encodeOciLayout());
  blob = await digestBytes(BLOB);
  await writeFile(pathOf(blob), BLOB);
});

afterEach(() => rm(directory, { recursive: true }));

function pathOf(digest: string): string {
  return join(directory, 'blobs', digest.replace(':', '/'));
}

describe('createLayoutFetch', () => {
  it('lets a repository read a directory', async () => {
    const config = { mediaType: MEDIA_TYPES.ociConfig, digest: blob, size: BLOB.length };
    const manifest = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, config, layers: [] }));
    const digest = await digestBytes(manifest);
    await writeFile(pathOf(digest), manifest);
    const annotations = { 'org.opencontainers.image.ref.name': 'v1' };
    const entry = { mediaType: MEDIA_TYPES.ociManifest, digest, size: manifest.length, annotations };
    await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));

    const repository = createLayoutRepository({ url: URL, fetch: createLayoutFetch(directory) });
    expect(await all(repository.tags())).toEqual(['v1']);
    expect((await repository.manifests.get('v1')).bytes).toEqual(manifest);
    expect(await collect(await repository.blobs.open(blob), { maxBytes: BLOB.length })).toEqual(BLOB);
    const rest = await repository.blobs.open(blob, { offset: 299_990 });
    expect(await collect(rest, { maxBytes: 10 })).toEqual(BLOB.slice(299_990));
    expect((await repository.blobs.stat(blob)).size).toBe(BLOB.length);
    expect(await rejection(repository.blobs.open(`sha256:${'0'.repeat(64)}` as Digest))).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it.each([
    ['bytes=10-19', 206, BLOB.slice(10, 20), 'bytes 10-19/300000'],
    ['bytes=299990-', 206, BLOB.slice(299_990), 'bytes 299990-299999/300000'],
    ['bytes=299990-999999', 206, BLOB.slice(299_990), 'bytes 299990-299999/300000'],
    ['bytes=300000-', 416, new Uint8Array(), 'bytes */300000'],
    ['bytes=20-10', 416, new Uint8Array(), 'bytes */300000'],
    ['lines=1-2', 200, BLOB, null],
  ])('answers %s', async (range, status, bytes, contentRange) => {
    const answer = await createLayoutFetch(directory)(`${URL}/blobs/${blob.replace(':', '/')}`, {
      headers: { range },
    });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([status, contentRange]);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
  });

  it('gives nothing beside the files of the layout', async () => {
    const fetch = createLayoutFetch(directory);
    await writeFile(join(directory, 'secret'), 'secret');
    await symlink('../../secret', pathOf('sha256:link'));
    await mkdir(pathOf('sha256:folder'));
    for (const path of ['secret', 'blobs/../secret', 'blobs/sha256/..%2f..%2fsecret', 'blobs/sha256/link']) {
      expect((await fetch(`${URL}/${path}`)).status).toBe(404);
    }
    for (const path of ['blobs/sha256/folder', 'oci-layout/x', 'index.json', '']) {
      expect((await fetch(`${URL}/${path}`)).status).toBe(404);
    }
    await writeFile(pathOf('sha256:empty'), '');
    expect((await fetch(`${URL}/blobs/sha256/empty`)).headers.get('content-length')).toBe('0');
    expect((await fetch(`${URL}/oci-layout`, { method: 'HEAD' })).headers.get('content-length')).toBe('30');
  });

  it('is for its own origin, and for reading', async () => {
    const fetch = createLayoutFetch(directory);
    const reason = new Error('enough');
    for (const work of [
      fetch('http://other.invalid/oci-layout'),
      fetch(`${URL}/oci-layout`, { method: 'PUT' }),
    ]) {
      expect(await rejection(work)).toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    expect(await rejection(fetch(`${URL}/oci-layout`, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    const unreadable = createLayoutFetch(join(directory, 'x'.repeat(300)));
    expect(await rejection(unreadable(`${URL}/oci-layout`))).toMatchObject({ code: 'STORAGE' });
  });
});
