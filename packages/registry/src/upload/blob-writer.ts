import { asDigest, isStowageError, parseDigest, StowageError } from '@stowage/types';
import type { AbortOptions, BlobReader, BlobWriter, ContentUpload, StreamUpload } from '@stowage/types';
import { checkName } from '../listing/name-lister.ts';
import { isUnsupported, requestDeletion } from '../session/delete-request.ts';
import { explainedError } from '../transport/response-error.ts';
import { BlobUpload } from './blob-upload.ts';
import type { BlobUploadDeps } from './blob-upload.ts';
import { ContentSource } from './content-source.ts';
import { OneShotSource } from './one-shot-source.ts';
import type { UploadSource } from './upload-source.ts';
import { requestMount, UploadWire } from './upload-wire.ts';

/** What blobs are written with. */
export interface BlobWriterDeps extends Omit<BlobUploadDeps, 'has'> {
  readonly reader: BlobReader;
  /** Where a blob is. */
  readonly urlOf: (digest: string) => string;
  /** What a token must be good for that deletes. */
  readonly deleteScope: string;
}

/** Makes the blob writer of a repository. */
export function createBlobWriter(deps: BlobWriterDeps): BlobWriter {
  const { reader } = deps;
  const uploadDeps: BlobUploadDeps = {
    ...deps,
    has: async (digest, signal) => {
      try {
        await reader.stat(digest, { signal });
        return true;
      } catch (error) {
        if (isStowageError(error, 'NOT_FOUND')) return false;
        throw error;
      }
    },
  };
  return {
    async upload(upload) {
      upload.signal?.throwIfAborted();
      checkUpload(upload);
      const source = await openSource(upload);
      try {
        return await uploadFrom(source, upload, uploadDeps);
      } finally {
        source.close();
      }
    },

    async mount(digest, { from, signal } = {}) {
      asDigest(digest);
      if (from !== undefined) checkName(from);
      signal?.throwIfAborted();
      try {
        return await requestMount(uploadDeps, digest, { from, signal });
      } catch (failure) {
        signal?.throwIfAborted();
        if (!isStowageError(failure)) throw failure;
        return { mounted: false, failure };
      }
    },

    async cancel(session, { signal } = {}) {
      await new UploadWire(session, deps, signal).cancel();
    },

    async delete(digest, options: AbortOptions = {}) {
      const target = { url: deps.urlOf(asDigest(digest)), scope: deps.deleteScope };
      const failure = await requestDeletion(deps, target, options);
      if (failure === undefined) return;
      if (!isUnsupported(failure)) throw failure;
      const message = `registry does not delete blobs: ${failure.message}`;
      throw explainedError(failure, { code: 'UNSUPPORTED', message });
    },
  };
}

async function uploadFrom(
  source: UploadSource,
  upload: ContentUpload | StreamUpload,
  deps: BlobUploadDeps,
): ReturnType<BlobWriter['upload']> {
  const { session, signal, onSession } = upload;
  const algorithm =
    upload.stream === undefined ? parseDigest(upload.digest).algorithm : (upload.algorithm ?? 'sha256');
  const wire =
    session === undefined
      ? await UploadWire.begin(deps, { algorithm, signal })
      : new UploadWire(session, deps, signal);
  const job = new BlobUpload(wire, upload, source, deps);
  try {
    return await job.run();
  } catch (error) {
    if (onSession === undefined) abandon(job.wire, deps);
    throw error;
  }
}

/** Leaves nothing behind at the registry, where that is possible; how it goes is for nobody to wait for. */
function abandon({ session }: UploadWire, deps: BlobUploadDeps): void {
  new UploadWire(session, deps, undefined).cancel().catch(() => undefined);
}

async function openSource(upload: ContentUpload | StreamUpload): Promise<UploadSource> {
  return upload.stream === undefined ? new ContentSource(upload) : await OneShotSource.open(upload);
}

/** @throws `INVALID_DIGEST`, `INVALID_ARGUMENT` */
function checkUpload(upload: ContentUpload | StreamUpload): void {
  const { chunkSize = 1 } = upload;
  const size = upload.stream === undefined ? upload.size : 0;
  if (upload.stream === undefined) asDigest(upload.digest);
  const isCount = (count: number): boolean => Number.isSafeInteger(count) && count >= 0;
  if (isCount(size) && isCount(chunkSize) && chunkSize > 0) return;
  throw new StowageError('INVALID_ARGUMENT', 'size and chunkSize must be counts of bytes');
}
