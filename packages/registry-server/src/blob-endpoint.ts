import { isStowageError } from '@stowage/types';
import type { Digest } from '@stowage/types';
import { matchesEntityTag, parseByteRange } from './byte-range.ts';
import { RegistryFault } from './registry-fault.ts';
import type { Exchange, Methods } from './server-context.ts';

/** `/v2/<name>/blobs/<digest>` (distribution-spec, end-2 and end-10). */
export function blobEndpoint(exchange: Exchange, repository: string, digest: Digest): Methods {
  return {
    GET: () => readBlob(exchange, repository, digest),
    HEAD: () => readBlob(exchange, repository, digest),
    DELETE: () => deleteBlob(exchange, repository, digest),
  };
}

async function readBlob(
  { request, context, options }: Exchange,
  repository: string,
  digest: Digest,
): Promise<Response> {
  const { content } = context.storage;
  if (!(await context.index.hasBlob(repository, digest, options))) throw blobUnknown(digest);
  const { size } = await content.info(digest, options).catch((error: unknown) => lost(error, digest));
  const entityTag = `"${digest}"`;
  const headers: Record<string, string> = {
    'Docker-Content-Digest': digest,
    ETag: entityTag,
    'Accept-Ranges': 'bytes',
  };
  if (matchesEntityTag(request.headers.get('If-None-Match'), entityTag)) {
    return new Response(null, { status: 304, headers });
  }
  headers['Content-Type'] = 'application/octet-stream';
  headers['Content-Length'] = String(size);
  if (request.method === 'HEAD') return new Response(null, { headers });

  const range = parseByteRange(rangeHeader(request, entityTag), size);
  if (range === 'unsatisfiable') {
    throw new RegistryFault(416, 'UNSUPPORTED', 'range not satisfiable', {
      headers: { 'Content-Range': `bytes */${String(size)}` },
    });
  }
  if (range === 'all') {
    const stream = await content.open(digest, options).catch((error: unknown) => lost(error, digest));
    return new Response(stream, { headers });
  }
  const { start, end } = range;
  const length = end - start + 1;
  const part = await content
    .open(digest, { ...options, offset: start, length })
    .catch((error: unknown) => lost(error, digest));
  headers['Content-Range'] = `bytes ${String(start)}-${String(end)}/${String(size)}`;
  headers['Content-Length'] = String(length);
  return new Response(part, { status: 206, headers });
}

async function deleteBlob(
  { context, options }: Exchange,
  repository: string,
  digest: Digest,
): Promise<Response> {
  if (!(await context.index.removeBlob(repository, digest, options))) throw blobUnknown(digest);
  return new Response(null, { status: 202, headers: { 'Content-Length': '0' } });
}

/** The range that counts: none where the caller has another version in mind (RFC 9110, section 13.1.5). */
function rangeHeader({ headers }: Request, entityTag: string): string | null {
  const condition = headers.get('If-Range');
  return condition === null || condition === entityTag ? headers.get('Range') : null;
}

/** Turns the loss of content that a record promises into an answer; everything else goes on. */
function lost(error: unknown, digest: Digest): never {
  if (isStowageError(error, 'NOT_FOUND')) throw blobUnknown(digest);
  throw error;
}

function blobUnknown(digest: Digest): RegistryFault {
  return new RegistryFault(404, 'BLOB_UNKNOWN', 'blob unknown to registry', { details: [{ digest }] });
}
