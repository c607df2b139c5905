import { collect, digestBytes, streamOf } from '@stowage/core';
import { createRepository } from '@stowage/registry';
import { isStowageError, MEDIA_TYPES } from '@stowage/types';
import type { AuthConfig, ContentUpload, Descriptor, Repository, UploadSession } from '@stowage/types';
import { noise } from '../../support/noise.ts';

/** Where everything is written. */
export interface WritingTarget {
  /** The origin of the registry. */
  readonly url: string;
  /** The repository. */
  readonly name: string;
  readonly auth?: AuthConfig | undefined;
}

/** What a runtime wrote and read again: everything that must be the same in all of them. */
export interface WriteReport {
  /** Whether each blob came back byte for byte, by how it was uploaded. */
  readonly blobs: Readonly<Record<string, boolean>>;
  /** How many bytes were known to have arrived when another repository went on. */
  readonly resumedAt: number;
  readonly mounted: boolean;
  /** Whether the manifest came back byte for byte, by what it was asked for under. */
  readonly manifests: Readonly<Record<string, boolean>>;
  /** The types of the artifacts that are listed as its referrers. */
  readonly referrers: readonly (string | undefined)[];
  /** What came of each deletion: `deleted`, or the code of the failure. */
  readonly deletions: Readonly<Record<string, string>>;
}

const SIZE = 3_000_000;
const CHUNK = 1_000_000;

/** Writes to a registry in every way, reads it again, and deletes. Runs the same everywhere. */
export async function writeAndReport(target: WritingTarget): Promise<WriteReport> {
  const repository = open(target);
  const { blobs, manifests } = repository;
  const read: Record<string, boolean> = {};
  const check = async (way: string, bytes: Uint8Array, { digest, size }: Descriptor): Promise<void> => {
    const back = await collect(await blobs.open(digest), { maxBytes: SIZE });
    read[way] = size === bytes.length && same(back, bytes) && digest === (await digestBytes(bytes));
  };
  const upload = async (way: string, bytes: Uint8Array, more: object): Promise<void> => {
    await check(way, bytes, await blobs.upload({ ...(await contentOf(bytes)), ...more }));
  };
  await upload('whole', bytesOf(1), {});
  await upload('chunks', bytesOf(2), { chunkSize: CHUNK });
  await upload('empty', new Uint8Array(), {});
  const stream = bytesOf(3);
  await check(
    'stream',
    stream,
    await blobs.upload({ stream: streamOf(...pieces(stream)), chunkSize: CHUNK }),
  );

  const resumed = bytesOf(4);
  const session = await interrupt(repository, resumed);
  const content = { ...(await contentOf(resumed)), chunkSize: CHUNK, session };
  await check('resumed', resumed, await open(target).blobs.upload(content));
  const cancelled = await interrupt(repository, bytesOf(5));
  await blobs.cancel(cancelled);

  const other = open({ ...target, name: `${target.name}-other` });
  const { digest: mountable } = await contentOf(bytesOf(1));
  const { mounted } = await other.blobs.mount(mountable, { from: target.name });

  const image = await imageOf(repository, {});
  const descriptor = await manifests.put('v1', image, MEDIA_TYPES.ociManifest, { tags: ['v2'] });
  const found: Record<string, boolean> = {};
  for (const reference of ['v1', 'v2', descriptor.digest]) {
    const name = reference === descriptor.digest ? 'digest' : reference;
    found[name] = same((await manifests.get(reference)).bytes, image);
  }
  const artifactType = 'test/signature';
  const signature = await imageOf(repository, { subject: descriptor, artifactType });
  const { digest } = await manifests.put('sig', signature, MEDIA_TYPES.ociManifest);
  const referrers: (string | undefined)[] = [];
  for await (const referrer of repository.referrers(descriptor.digest)) referrers.push(referrer.artifactType);

  const deletions = {
    tag: await outcome(manifests.delete('v2')),
    manifest: await outcome(manifests.delete(digest)),
    blob: await outcome(blobs.delete(await digestBytes(bytesOf(2)))),
    'blob again': await outcome(blobs.delete(await digestBytes(bytesOf(2)))),
  };
  return { blobs: read, resumedAt: session.offset, mounted, manifests: found, referrers, deletions };
}

function open({ url, name, auth }: WritingTarget): Repository {
  return createRepository({
    endpoint: { url, mirror: false, official: false, insecure: false },
    name,
    auth,
    actions: ['pull', 'push'],
  });
}

/** Begins an upload in chunks, and leaves it after two of them. */
async function interrupt(repository: Repository, bytes: Uint8Array): Promise<UploadSession> {
  let kept = '';
  const abort = new AbortController();
  const upload = repository.blobs.upload({
    ...(await contentOf(bytes)),
    chunkSize: CHUNK,
    signal: abort.signal,
    onSession: (session) => {
      kept = JSON.stringify(session);
      if (session.offset === 2 * CHUNK) abort.abort(new Error('enough'));
    },
  });
  const failed = await upload.then(
    () => false,
    () => true,
  );
  if (!failed) throw new Error('the upload was not interrupted');
  return JSON.parse(kept) as UploadSession;
}

/** An image of one layer, which is there already. */
async function imageOf(repository: Repository, more: object): Promise<Uint8Array> {
  const encoder = new TextEncoder();
  const rootfs = { type: 'layers', diff_ids: [await digestBytes(bytesOf(1))] };
  const text = JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs });
  const config = await repository.blobs.upload({ stream: streamOf(encoder.encode(text)) });
  const { digest, size } = await contentOf(bytesOf(1));
  const document = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: { ...config, mediaType: MEDIA_TYPES.ociConfig },
    layers: [{ mediaType: MEDIA_TYPES.ociLayer, digest, size }],
    ...more,
  };
  return encoder.encode(JSON.stringify(document, undefined, 2));
}

async function contentOf(bytes: Uint8Array): Promise<ContentUpload> {
  return {
    digest: await digestBytes(bytes),
    size: bytes.length,
    open: (offset) => Promise.resolve(streamOf(...pieces(bytes.subarray(offset)))),
  };
}

/** Some megabytes, others for each number. */
function bytesOf(number: number): Uint8Array {
  const bytes = noise(SIZE);
  bytes[0] = number;
  return bytes;
}

function pieces(bytes: Uint8Array): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 70_001) list.push(bytes.subarray(at, at + 70_001));
  return list;
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

async function outcome(deletion: Promise<void>): Promise<string> {
  try {
    await deletion;
    return 'deleted';
  } catch (error) {
    if (isStowageError(error)) return error.code;
    throw error;
  }
}
