import { StowageError } from '@stowage/types';
import type { BlobWriter, ManifestWriter } from '@stowage/types';

/** What writes to a repository. */
export interface RepositoryWriters {
  readonly manifests: ManifestWriter;
  readonly blobs: BlobWriter;
}

/** Writers that are made when the first of them is used: whoever only reads need not load what writes. */
export function writersOnDemand(make: () => Promise<RepositoryWriters>): RepositoryWriters {
  let made: Promise<RepositoryWriters> | undefined;
  const writers = (): Promise<RepositoryWriters> => (made ??= make());
  return {
    manifests: {
      put: async (...call) => (await writers()).manifests.put(...call),
      delete: async (...call) => (await writers()).manifests.delete(...call),
    },
    blobs: {
      upload: async (...call) => (await writers()).blobs.upload(...call),
      mount: async (...call) => (await writers()).blobs.mount(...call),
      cancel: async (...call) => (await writers()).blobs.cancel(...call),
      delete: async (...call) => (await writers()).blobs.delete(...call),
    },
  };
}

/**
 * The writers of what can only be read from.
 *
 * @param what what it is, for the message
 */
export function readOnly(what: string): RepositoryWriters {
  const refuse = (): Promise<never> =>
    Promise.reject(new StowageError('UNSUPPORTED', `${what} can only be read from`));
  return {
    manifests: { put: refuse, delete: refuse },
    blobs: { upload: refuse, mount: refuse, cancel: refuse, delete: refuse },
  };
}
