import { isNondistributable, shortId, StowageError } from '@stowage/types';
import type { AbortOptions, ProgressOutput, UploadSession } from '@stowage/types';
import type { CopySource } from './copy-source.ts';
import type { CopyTarget } from './copy-target.ts';
import type { CopiedBlob } from './copy-types.ts';
import type { NamedBlob } from './source-manifest.ts';

/** Where blobs go from, where to, and how. */
export interface BlobCopy {
  readonly source: CopySource;
  readonly target: CopyTarget;
  readonly foreignLayers: boolean;
  readonly onProgress: ProgressOutput;
  /** Whether the target's registry can take blobs from the source by itself. Unset once it refused to. */
  mounts: boolean;
}

/**
 * Brings a blob to the target: not at all where it is there, without its bytes where the registry can take it from
 * another repository, else as a stream from one registry to the other. Nothing of it is kept.
 *
 * @throws `SIZE_MISMATCH`, `DIGEST_MISMATCH`, and what either registry answers
 */
export async function copyBlob(blob: NamedBlob, copy: BlobCopy, options: AbortOptions): Promise<CopiedBlob> {
  const { source, target, onProgress } = copy;
  const { digest } = blob;
  const id = shortId(digest);
  if (isNondistributable(blob.mediaType) && !copy.foreignLayers) {
    onProgress({ id, action: 'Skipped foreign layer', lastUpdate: true, phase: 'existing' });
    return { digest, size: blob.size ?? 0, status: 'skipped' };
  }
  const present = await target.blobSize(digest, options);
  if (present !== undefined) {
    if (present !== (blob.size ?? present)) throw wrongSize(blob, present);
    onProgress({ id, action: 'Layer already exists', lastUpdate: true, phase: 'existing' });
    return { digest, size: present, status: 'existing' };
  }
  const size = await source.sizeOf(blob, options);
  const session = copy.mounts ? await mount(blob, copy, options) : undefined;
  if (session === 'mounted') {
    const { path = '' } = source.reference;
    onProgress({ id, action: `Mounted from ${path}`, lastUpdate: true, phase: 'existing' });
    return { digest, size, status: 'mounted' };
  }
  onProgress({ id, action: 'Copying', current: 0, total: size, phase: 'uploading' });
  await target.repository.blobs.upload({
    ...{ digest, size, session, signal: options.signal },
    // Opened again, at another byte, where the target lost something.
    open: (offset, opening = {}) => source.open({ ...blob, size }, offset, opening),
    onProgress: ({ current }) => {
      onProgress({ id, action: 'Copying', current, total: size, phase: 'uploading' });
    },
  });
  onProgress({ id, action: 'Copied', lastUpdate: true, phase: 'done' });
  return { digest, size, status: 'sent' };
}

/** Has the registry take a blob from the source. Else it may have begun an upload. */
async function mount(
  { digest }: NamedBlob,
  copy: BlobCopy,
  { signal }: AbortOptions,
): Promise<'mounted' | UploadSession | undefined> {
  const { source, target } = copy;
  const { mounted, session } = await target.repository.blobs.mount(digest, {
    from: source.reference.path,
    signal,
  });
  if (mounted) return 'mounted';
  if (session === undefined) copy.mounts = false;
  return session;
}

function wrongSize({ digest, size }: NamedBlob, present: number): StowageError {
  const message = `blob ${digest} has ${String(present)} bytes at the target, not ${String(size)}`;
  return new StowageError('SIZE_MISMATCH', message);
}
