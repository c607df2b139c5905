import { StowageError } from '@stowage/types';
import type { BlobWriter, ManifestWriter } from '@stowage/types';

/**
 * The writers of what can only be read from.
 *
 * @param what what it is, for the message
 */
export function readOnly(what: string): {
  readonly manifests: ManifestWriter;
  readonly blobs: BlobWriter;
} {
  const refuse = (): Promise<never> =>
    Promise.reject(new StowageError('UNSUPPORTED', `${what} can only be read from`));
  return {
    manifests: { put: refuse, delete: refuse },
    blobs: { upload: refuse, mount: refuse, cancel: refuse, delete: refuse },
  };
}
