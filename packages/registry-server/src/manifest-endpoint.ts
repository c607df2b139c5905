import { digestBytes } from '@stowage/core';
import { essenceOf, isNondistributable, isStowageError, parseDigest, parseManifest } from '@stowage/types';
import type { Bytes, Descriptor, Digest, Manifest } from '@stowage/types';
import { matchesEntityTag } from './byte-range.ts';
import { hasContent } from './has-content.ts';
import { RegistryFault } from './registry-fault.ts';
import type { ManifestRecord } from './repository-index.ts';
import { readWholeBody } from './request-body.ts';
import { isTag } from './routes.ts';
import type { ManifestReference } from './routes.ts';
import type { Exchange, Methods } from './server-context.ts';

/** How many tags one request may set. */
const MAX_TAGS = 100;

/** `/v2/<name>/manifests/<reference>` (distribution-spec, end-3, end-7 and end-9). */
export function manifestEndpoint(
  exchange: Exchange,
  repository: string,
  reference: ManifestReference,
): Methods {
  return {
    GET: () => readManifest(exchange, repository, reference),
    HEAD: () => readManifest(exchange, repository, reference),
    PUT: () => putManifest(exchange, repository, reference),
    DELETE: () => deleteManifest(exchange, repository, reference),
  };
}

async function readManifest(
  { request, context, options }: Exchange,
  repository: string,
  reference: ManifestReference,
): Promise<Response> {
  const { index, storage, limits } = context;
  const digest =
    reference.kind === 'tag'
      ? await index.resolveTag(repository, reference.tag, options)
      : digestOf(reference);
  const record = digest && (await index.manifest(repository, digest, options));
  if (digest === undefined || record === undefined) throw manifestUnknown();
  const entityTag = `"${digest}"`;
  const headers: Record<string, string> = { 'Docker-Content-Digest': digest, ETag: entityTag };
  if (matchesEntityTag(request.headers.get('If-None-Match'), entityTag)) {
    return new Response(null, { status: 304, headers });
  }
  headers['Content-Type'] = record.mediaType;
  if (request.method === 'HEAD') {
    const { size } = await storage.content.info(digest, options).catch(lost);
    headers['Content-Length'] = String(size);
    return new Response(null, { headers });
  }
  const limit = { ...options, maxBytes: limits.manifestBytes };
  const bytes = await storage.content.read(digest, limit).catch(lost);
  headers['Content-Length'] = String(bytes.byteLength);
  return new Response(bytes as Uint8Array<ArrayBuffer>, { headers });
}

async function putManifest(
  exchange: Exchange,
  repository: string,
  reference: ManifestReference,
): Promise<Response> {
  const { request, context, options } = exchange;
  const tags = tagsToSet(exchange, reference);
  const bytes = await readWholeBody(request, context.limits.manifestBytes);
  const manifest = parse(bytes, request.headers.get('Content-Type'));
  const expected = digestOf(reference);
  const digest = await digestBytes(bytes, expected && parseDigest(expected).algorithm);
  if (expected !== undefined && digest !== expected) {
    throw new RegistryFault(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content', {
      details: [{ digest: expected }],
    });
  }
  await checkReferences(exchange, repository, manifest);
  const condition = conditionOf(request, reference);
  await store(exchange, bytes, digest);
  const record: ManifestRecord = { mediaType: manifest.mediaType, subject: manifest.subject?.digest };
  await context.index.putManifest(repository, digest, record, tags, options, condition);

  const headers = new Headers({
    Location: `/v2/${repository}/manifests/${digest}`,
    'Docker-Content-Digest': digest,
    'Content-Length': '0',
  });
  if (record.subject !== undefined) headers.set('OCI-Subject', record.subject);
  for (const tag of exchange.query.getAll('tag')) headers.append('OCI-Tag', tag);
  return new Response(null, { status: 201, headers });
}

/**
 * What must hold of the tag for the manifest to be put under it (RFC 9110, sections 13.1.1 and 13.1.2): so clients that
 * share a tag do not undo what others did to it.
 */
function conditionOf(
  { headers }: Request,
  reference: ManifestReference,
): ((current: (tag: string) => Digest | undefined) => void) | undefined {
  const match = headers.get('If-Match');
  const noneMatch = headers.get('If-None-Match');
  if (reference.kind !== 'tag' || (match === null && noneMatch === null)) return undefined;
  return (current) => {
    const digest = current(reference.tag);
    const names = (header: string): boolean =>
      digest !== undefined && matchesEntityTag(header, `"${digest}"`);
    const holds = (match === null || names(match)) && (noneMatch === null || !names(noneMatch));
    if (!holds) throw new RegistryFault(412, 'UNKNOWN', 'the tag is not what it was');
  };
}

async function deleteManifest(
  { context, options }: Exchange,
  repository: string,
  reference: ManifestReference,
): Promise<Response> {
  const digest = digestOf(reference);
  const removed =
    reference.kind === 'tag'
      ? await context.index.removeTag(repository, reference.tag, options)
      : digest !== undefined && (await context.index.removeManifest(repository, digest, options));
  if (!removed) throw manifestUnknown();
  return new Response(null, { status: 202, headers: { 'Content-Length': '0' } });
}

/** The tags that a manifest gets: from the path, and from `tag` parameters (distribution-spec, end-7b). */
function tagsToSet({ query }: Exchange, reference: ManifestReference): readonly string[] {
  const tags = query.getAll('tag');
  if (tags.length > MAX_TAGS) {
    throw new RegistryFault(414, 'UNSUPPORTED', `more than ${String(MAX_TAGS)} tags in one request`);
  }
  if (reference.kind === 'malformed' || !tags.every(isTag)) {
    throw new RegistryFault(400, 'MANIFEST_INVALID', 'invalid tag format');
  }
  return reference.kind === 'tag' ? [reference.tag, ...tags] : tags;
}

/** Parses a manifest as the type that its `Content-Type` says; the body must not contradict it. */
function parse(bytes: Bytes, contentType: string | null): Manifest {
  try {
    return parseManifest(bytes, contentType === null ? undefined : essenceOf(contentType));
  } catch (error) {
    if (!isStowageError(error)) throw error;
    throw new RegistryFault(400, 'MANIFEST_INVALID', error.message);
  }
}

/** Refuses a manifest that refers to content which this repository does not have; its subject may be missing. */
async function checkReferences(exchange: Exchange, repository: string, manifest: Manifest): Promise<void> {
  const missing: Digest[] = [];
  for (const digest of new Set(referencesOf(manifest).map((descriptor) => descriptor.digest))) {
    if (!(await isThere(exchange, repository, digest, manifest.kind === 'index'))) missing.push(digest);
  }
  if (missing.length > 0) {
    throw new RegistryFault(400, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry', {
      details: missing.map((digest) => ({ digest })),
    });
  }
}

/** Whether a repository has a blob, or a manifest where one will do, with its bytes. */
async function isThere(
  exchange: Exchange,
  repository: string,
  digest: Digest,
  orManifest: boolean,
): Promise<boolean> {
  const { context, options } = exchange;
  const known =
    (await context.index.hasBlob(repository, digest, options)) ||
    (orManifest && (await context.index.manifest(repository, digest, options)) !== undefined);
  return known && hasContent(exchange, digest);
}

function referencesOf(manifest: Manifest): readonly Descriptor[] {
  if (manifest.kind === 'index') return manifest.manifests;
  return [manifest.config, ...manifest.layers].filter(({ mediaType }) => !isNondistributable(mediaType));
}

async function store({ context, options }: Exchange, bytes: Bytes, digest: Digest): Promise<void> {
  const { content } = context.storage;
  const ingest = await content.ingest(`manifest-${context.randomId()}`, options);
  try {
    await ingest.write(bytes, options);
    await ingest.commit({ ...options, digest, size: bytes.byteLength });
  } catch (error) {
    await ingest.close();
    await content.abort(ingest.ref);
    throw error;
  }
}

function digestOf(reference: ManifestReference): Digest | undefined {
  return reference.kind === 'digest' ? reference.digest : undefined;
}

/** Turns the loss of content that a record promises into an answer; everything else goes on. */
function lost(error: unknown): never {
  if (isStowageError(error, 'NOT_FOUND')) throw manifestUnknown();
  throw error;
}

function manifestUnknown(): RegistryFault {
  return new RegistryFault(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
}
