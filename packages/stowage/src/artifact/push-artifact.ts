import { digestBytes, drain, hashStream, streamOf } from '@stowage/core';
import {
  buildOciManifest,
  discardProgress,
  formatReference,
  isNameOnly,
  isStowageError,
  MEDIA_TYPES,
  parseNormalizedNamed,
  shortId,
  StowageError,
  tagNameOnly,
  withDigest,
} from '@stowage/types';
import type {
  AbortOptions,
  ByteStream,
  Bytes,
  Descriptor,
  Digest,
  ProgressOutput,
  Reference,
  ReferrersOptions,
  Repository,
} from '@stowage/types';
import type { RegistryAccess } from '../access/registry-access.ts';
import { unlessMissing } from '../access/unless-missing.ts';
import type { CopiedBlob } from '../copy/copy-types.ts';
import { sideBySide } from '../pull/side-by-side.ts';
import type {
  ArtifactContent,
  ArtifactFile,
  PushArtifactOptions,
  PushArtifactResult,
} from './artifact-types.ts';
import { TITLE } from './title.ts';

/** How many files are sent at once, as docker uploads layers. */
const CONCURRENCY = 5;
/** `type/subtype` (RFC 6838, section 4.2). */
const MEDIA_TYPE = /^[A-Za-z0-9][\w!#$&.+^-]{0,126}\/[A-Za-z0-9][\w!#$&.+^-]{0,126}$/;

/** What stands where an artifact has no configuration or no files (image-spec, "Guidance for an Empty Descriptor"). */
const EMPTY = new TextEncoder().encode('{}');

/** A blob that is to be sent. */
interface Part {
  readonly descriptor: Descriptor;
  readonly content: ArtifactContent;
}

/**
 * Pushes files as an artifact; see `Stowage.pushArtifact`.
 *
 * @param name with a tag; without one the artifact has its digest alone where it has a subject, else `latest`
 */
export async function pushArtifact(
  name: string,
  access: RegistryAccess,
  options: PushArtifactOptions,
): Promise<PushArtifactResult> {
  const { artifactType, files = [], annotations, subject: about, signal } = options;
  const { concurrency = CONCURRENCY, onProgress = discardProgress } = options;
  const parsed = parseNormalizedNamed(name);
  const reference = about === undefined ? tagNameOnly(parsed) : parsed;
  check(reference, artifactType, files);
  const empty = await partOf({ content: EMPTY, mediaType: MEDIA_TYPES.ociEmpty }, { signal });
  const parts: Part[] = [];
  for (const file of files) parts.push(await partOf(file, { signal }));

  const write = await access.writer(reference, { signal });
  const { repository, subject } = await write(async (remote) => ({
    repository: remote,
    // Asked even where there is no subject: the first answer tells which endpoint it is.
    subject: await findSubject(about, reference, remote, { signal }),
  }));
  const blobs = new Map<Digest, Part>();
  for (const part of [empty, ...parts]) blobs.set(part.descriptor.digest, part);
  const sent = new Map<Digest, CopiedBlob>();
  const work = async (part: Part, stop: AbortSignal): Promise<void> => {
    sent.set(part.descriptor.digest, await send(part, repository, onProgress, { signal: stop }));
  };
  await sideBySide(blobs.values(), concurrency, work, { signal });

  const config = { ...empty.descriptor, data: btoa('{}') };
  const layers = parts.length === 0 ? [config] : parts.map(({ descriptor }) => descriptor);
  const bytes = buildOciManifest({ artifactType, config, layers, subject, annotations }, { indent: '' });
  const digest = await digestBytes(bytes);
  const { ociManifest: mediaType } = MEDIA_TYPES;
  const known = reference.tag === undefined && subject !== undefined;
  if (!known || !(await isThere(digest, subject.digest, repository, { artifactType, signal }))) {
    await repository.manifests.put(reference.tag ?? digest, bytes, mediaType, { signal });
  }
  onProgress({ id: '', message: `Digest: ${digest}` });
  return {
    reference: formatReference(isNameOnly(reference) ? withDigest(reference, digest) : reference),
    ...{ digest, mediaType, size: bytes.length, artifactType },
    ...(subject === undefined ? {} : { subject: subject.digest }),
    blobs: [...blobs.keys()].flatMap((blob) => sent.get(blob) ?? []),
  };
}

/** @throws `INVALID_ARGUMENT` */
function check(reference: Reference, artifactType: string, files: readonly ArtifactFile[]): void {
  if (reference.digest !== undefined) {
    throw new StowageError('INVALID_ARGUMENT', 'cannot push an artifact to a digest: it gets its own');
  }
  for (const type of [artifactType, ...files.map(({ mediaType = MEDIA_TYPES.octetStream }) => mediaType)]) {
    if (!MEDIA_TYPE.test(type)) {
      throw new StowageError('INVALID_ARGUMENT', `not a media type: ${JSON.stringify(type)}`);
    }
  }
}

/** The descriptor of what an artifact is about. */
async function findSubject(
  about: string | undefined,
  { tag, path = '' }: Reference,
  { manifests }: Repository,
  options: AbortOptions,
): Promise<Descriptor | undefined> {
  if (about === undefined) {
    await unlessMissing(manifests.head(tag ?? '', options));
    return undefined;
  }
  const found = await unlessMissing(manifests.head(about, options));
  if (found === undefined) throw new StowageError('NOT_FOUND', `no manifest ${about} in ${path} to refer to`);
  return found;
}

/** Whether an artifact is in the registry, and listed where it should be. Where there is no telling, it is not. */
async function isThere(
  digest: Digest,
  subject: Digest,
  repository: Repository,
  options: ReferrersOptions,
): Promise<boolean> {
  try {
    await repository.manifests.head(digest, options);
    const listed = repository.referrers(subject, options);
    for await (const referrer of listed) if (referrer.digest === digest) return true;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!isStowageError(error)) throw error;
  }
  return false;
}

async function partOf(file: ArtifactFile, { signal }: AbortOptions): Promise<Part> {
  const { mediaType = MEDIA_TYPES.octetStream, title, annotations } = file;
  const content = file.content instanceof Uint8Array ? inMemory(file.content) : file.content;
  let digest: Digest | undefined;
  let size = 0;
  const hashed = hashStream(await content.open(0, { signal }), (found) => {
    ({ digest, size } = found);
  });
  await drain(hashed, () => undefined, { signal });
  if (digest === undefined || size !== content.size) {
    const message = `content of ${title ?? 'a file'} has ${String(size)} bytes, not ${String(content.size)}`;
    throw new StowageError('SIZE_MISMATCH', message);
  }
  const all = { ...annotations, ...(title === undefined ? {} : { [TITLE]: title }) };
  const noted = Object.keys(all).length === 0 ? {} : { annotations: all };
  return { descriptor: { mediaType, digest, size, ...noted }, content };
}

function inMemory(bytes: Bytes): ArtifactContent {
  const open = (offset: number): Promise<ByteStream> => Promise.resolve(streamOf(bytes.subarray(offset)));
  return { size: bytes.byteLength, open };
}

async function send(
  { descriptor: { digest, size }, content }: Part,
  { blobs }: Repository,
  onProgress: ProgressOutput,
  { signal }: AbortOptions,
): Promise<CopiedBlob> {
  const id = shortId(digest);
  if ((await unlessMissing(blobs.stat(digest, { signal }))) !== undefined) {
    onProgress({ id, action: 'Layer already exists', lastUpdate: true });
    return { digest, size, status: 'existing' };
  }
  await blobs.upload({
    ...{ digest, size, signal },
    open: (offset, opening) => content.open(offset, opening),
    onProgress: ({ current }) => {
      onProgress({ id, action: 'Pushing', current, total: size });
    },
  });
  onProgress({ id, action: 'Pushed', lastUpdate: true });
  return { digest, size, status: 'sent' };
}
