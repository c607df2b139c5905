import { createManifestWriter } from '../manifest/manifest-writer.ts';
import type { ManifestWriterDeps } from '../manifest/manifest-writer.ts';
import { createBlobWriter } from '../upload/blob-writer.ts';
import type { BlobWriterDeps } from '../upload/blob-writer.ts';
import type { RepositoryWriters } from './writers-on-demand.ts';

/** What writers work with. */
export interface WritersDeps
  extends Omit<ManifestWriterDeps, 'urlOf'>, Omit<BlobWriterDeps, 'reader' | 'urlOf'> {
  /** Where a manifest is, by its tag or digest. */
  readonly manifestUrlOf: (reference: string) => string;
  /** Where a blob is. */
  readonly blobUrlOf: (digest: string) => string;
}

/** Makes what writes to a repository. */
export function createWriters({ manifestUrlOf, blobUrlOf, ...deps }: WritersDeps): RepositoryWriters {
  return {
    manifests: createManifestWriter({ ...deps, urlOf: manifestUrlOf }),
    blobs: createBlobWriter({ ...deps, reader: deps.blobs, urlOf: blobUrlOf }),
  };
}
