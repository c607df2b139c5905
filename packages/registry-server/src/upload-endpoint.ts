import { isStowageError } from '@stowage/types';
import type { Digest, DigestAlgorithm, Ingest } from '@stowage/types';
import { parseContentRange } from './byte-range.ts';
import { hasContent } from './has-content.ts';
import { RegistryFault } from './registry-fault.ts';
import { readBody } from './request-body.ts';
import { checkDigest, checkRepositoryName } from './routes.ts';
import type { Exchange, Methods } from './server-context.ts';
import { uploadRef } from './upload-sessions.ts';

const ALGORITHMS: readonly string[] = ['sha256', 'sha384', 'sha512'] satisfies DigestAlgorithm[];

/** Tells whether the caller may read from a repository. */
export type MayPull = (repository: string) => Promise<boolean>;

/** `/v2/<name>/blobs/uploads/` (distribution-spec, end-4a, end-4b and end-11). */
export function uploadsEndpoint(exchange: Exchange, repository: string, mayPull: MayPull): Methods {
  return { POST: () => beginUpload(exchange, repository, mayPull) };
}

/** `/v2/<name>/blobs/uploads/<reference>` (distribution-spec, end-5, end-6, end-13 and end-14). */
export function uploadEndpoint(exchange: Exchange, repository: string, id: string): Methods {
  const { context, options } = exchange;
  const known = (): Promise<void> => context.sessions.check(id, repository, options);
  return {
    GET: async () => {
      await known();
      return withIngest(exchange, id, (ingest) => sessionResponse(204, repository, id, ingest.offset));
    },
    PATCH: async () => {
      await known();
      return withIngest(exchange, id, async (ingest) => {
        await append(exchange, repository, id, ingest);
        return sessionResponse(202, repository, id, ingest.offset);
      });
    },
    PUT: async () => {
      const digest = closingDigest(exchange);
      await known();
      const response = await withIngest(exchange, id, async (ingest) => {
        await append(exchange, repository, id, ingest);
        return finish(exchange, repository, ingest, digest);
      });
      await context.sessions.end(id, options);
      return response;
    },
    DELETE: async () => {
      await known();
      await context.sessions.abandon(id, options);
      return new Response(null, { status: 204 });
    },
  };
}

async function beginUpload(exchange: Exchange, repository: string, mayPull: MayPull): Promise<Response> {
  const { query, context, options } = exchange;
  const mount = query.get('mount');
  if (mount !== null) {
    const mounted = await mountBlob(exchange, repository, checkDigest(mount), mayPull);
    if (mounted !== undefined) return mounted;
  }
  const algorithm = query.get('digest-algorithm');
  if (algorithm !== null) checkAlgorithm(algorithm);
  const id = context.randomId();
  const digest = query.get('digest');
  if (digest !== null) return uploadAtOnce(exchange, repository, id, checkDigest(digest));
  await context.sessions.begin(id, repository, options);
  const response = sessionResponse(202, repository, id, 0);
  const { minChunkBytes, maxChunkBytes } = context.limits;
  if (minChunkBytes > 0) response.headers.set('OCI-Chunk-Min-Length', String(minChunkBytes));
  if (Number.isFinite(maxChunkBytes)) response.headers.set('OCI-Chunk-Max-Length', String(maxChunkBytes));
  return response;
}

/** Makes a blob of another repository visible in this one, or answers nothing where that cannot be done. */
async function mountBlob(
  exchange: Exchange,
  repository: string,
  digest: Digest,
  mayPull: MayPull,
): Promise<Response | undefined> {
  const { query, context, options } = exchange;
  const from = query.get('from');
  if (from === null) return undefined;
  const source = checkRepositoryName(from);
  if (!(await context.index.hasBlob(source, digest, options))) return undefined;
  if (!(await hasContent(exchange, digest)) || !(await mayPull(source))) return undefined;
  await context.index.addBlob(repository, digest, options);
  return blobCreated(repository, digest);
}

/** A whole blob in the body of one POST: it leaves no session behind. */
async function uploadAtOnce(
  exchange: Exchange,
  repository: string,
  id: string,
  digest: Digest,
): Promise<Response> {
  try {
    return await withIngest(exchange, id, async (ingest) => {
      await append(exchange, repository, id, ingest);
      return finish(exchange, repository, ingest, digest);
    });
  } catch (error) {
    await exchange.context.storage.content.abort(uploadRef(id));
    throw error;
  }
}

/**
 * Opens the bytes of an upload for one request and lets go of them whatever happens: what a connection that broke off
 * has brought stays and is gone on from. An upload that can only fail is thrown away.
 */
async function withIngest(
  { context, options }: Exchange,
  id: string,
  work: (ingest: Ingest) => Promise<Response> | Response,
): Promise<Response> {
  const ingest = await context.storage.content.ingest(uploadRef(id), options);
  try {
    return await work(ingest);
  } catch (error) {
    if (error instanceof HopelessUpload) {
      await ingest.close();
      await context.sessions.abandon(id, options);
    }
    throw error;
  } finally {
    await ingest.close();
  }
}

/** A fault after which an upload cannot succeed any more. */
class HopelessUpload extends RegistryFault {}

/** A fault of one request of an upload, which smaller ones go on with. */
class ChunkTooLarge extends RegistryFault {}

/** Appends the body of a request (distribution-spec, "Pushing a blob in chunks"). */
async function append(
  { request, context, options }: Exchange,
  repository: string,
  id: string,
  ingest: Ingest,
): Promise<void> {
  const { blobBytes, maxChunkBytes } = context.limits;
  const begin = ingest.offset;
  const length = announcedLength(request, begin, repository, id);
  const end = length === undefined ? Infinity : begin + length;
  if (Number(request.headers.get('Content-Length') ?? 0) > maxChunkBytes) throw chunkTooLarge(maxChunkBytes);
  try {
    await readBody(request, async (chunk) => {
      const offset = ingest.offset + chunk.byteLength;
      if (offset > end) throw chunkSizeInvalid();
      if (offset - begin > maxChunkBytes) throw chunkTooLarge(maxChunkBytes);
      if (offset > blobBytes) {
        throw new HopelessUpload(413, 'SIZE_INVALID', `the blob is larger than ${String(blobBytes)} bytes`);
      }
      await ingest.write(chunk, options);
    });
    if (length !== undefined && ingest.offset !== end) throw chunkSizeInvalid();
  } catch (error) {
    // A chunk counts whole or not at all when its range was announced, unless the connection broke off.
    const isWhole = length !== undefined || error instanceof ChunkTooLarge;
    if (isWhole && error instanceof RegistryFault) await ingest.truncate(begin, options);
    throw error;
  }
}

/** How many bytes a chunk announces, or `undefined` where it announces none. It must begin at `offset`. */
function announcedLength(
  request: Request,
  offset: number,
  repository: string,
  id: string,
): number | undefined {
  const header = request.headers.get('Content-Range');
  if (header === null) return undefined;
  const range = parseContentRange(header);
  if (range === undefined) throw new RegistryFault(400, 'BLOB_UPLOAD_INVALID', 'invalid Content-Range');
  if (range.start !== offset) {
    const headers = sessionHeaders(repository, id, offset);
    throw new RegistryFault(416, 'BLOB_UPLOAD_INVALID', 'chunk out of order', { headers });
  }
  return range.end - range.start + 1;
}

/** Verifies and publishes the blob, and makes it visible in the repository. */
async function finish(
  { context, options }: Exchange,
  repository: string,
  ingest: Ingest,
  digest: Digest,
): Promise<Response> {
  try {
    await ingest.commit({ ...options, digest });
  } catch (error) {
    if (!isStowageError(error, 'DIGEST_MISMATCH')) throw error;
    throw new HopelessUpload(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content', {
      details: [{ digest }],
    });
  }
  await context.index.addBlob(repository, digest, options);
  return blobCreated(repository, digest);
}

function closingDigest({ query }: Exchange): Digest {
  return checkDigest(query.get('digest') ?? '');
}

function checkAlgorithm(algorithm: string): void {
  if (ALGORITHMS.includes(algorithm)) return;
  throw new RegistryFault(400, 'DIGEST_INVALID', 'unsupported digest algorithm', {
    details: [{ algorithm }],
  });
}

function chunkSizeInvalid(): RegistryFault {
  return new RegistryFault(400, 'SIZE_INVALID', 'provided length did not match content length');
}

function chunkTooLarge(maxChunkBytes: number): ChunkTooLarge {
  const message = `the body is larger than ${String(maxChunkBytes)} bytes`;
  return new ChunkTooLarge(413, 'SIZE_INVALID', message, {
    headers: { 'OCI-Chunk-Max-Length': String(maxChunkBytes) },
  });
}

function blobCreated(repository: string, digest: Digest): Response {
  const headers = {
    Location: `/v2/${repository}/blobs/${digest}`,
    'Docker-Content-Digest': digest,
    'Content-Length': '0',
  };
  return new Response(null, { status: 201, headers });
}

function sessionResponse(status: 202 | 204, repository: string, id: string, offset: number): Response {
  const headers = sessionHeaders(repository, id, offset);
  return new Response(null, {
    status,
    headers: status === 204 ? headers : { ...headers, 'Content-Length': '0' },
  });
}

/** Where an upload is gone on with, and how much of it is there. `0-0` stands for no byte and for one, as elsewhere. */
function sessionHeaders(repository: string, id: string, offset: number): Record<string, string> {
  return {
    Location: `/v2/${repository}/blobs/uploads/${id}`,
    Range: `0-${String(Math.max(0, offset - 1))}`,
    'Docker-Upload-UUID': id,
  };
}
