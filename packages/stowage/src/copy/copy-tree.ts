import { StowageError } from '@stowage/types';
import type { AbortOptions, Descriptor, Digest } from '@stowage/types';
import { MAX_DEPTH } from '../pull/select-manifest.ts';
import { sideBySide } from '../pull/side-by-side.ts';
import { copyBlob } from './copy-blob.ts';
import type { BlobCopy } from './copy-blob.ts';
import type { CopiedBlob, CopiedManifest } from './copy-types.ts';
import { isIndex } from './source-manifest.ts';
import type { NamedBlob, SourceManifest } from './source-manifest.ts';

/** A copy under way. */
export interface TreeCopy extends BlobCopy {
  readonly concurrency: number;
  /** What is at the target, by digest, in the order in which it came to be there. */
  readonly manifests: Map<Digest, CopiedManifest>;
  readonly blobs: Map<Digest, CopiedBlob>;
}

/**
 * Brings all that is beneath some manifests to the target, and not the manifests themselves: first every blob, then the
 * manifests from the bottom up.
 */
export async function copyBeneath(
  roots: readonly SourceManifest[],
  copy: TreeCopy,
  options: AbortOptions,
): Promise<void> {
  const levels = [roots, ...(await levelsBeneath(roots, copy, options))];
  const blobs = new Map<Digest, NamedBlob>();
  for (const blob of levels.flat().flatMap((manifest) => manifest.blobs)) {
    if (!copy.blobs.has(blob.digest)) blobs.set(blob.digest, blob);
  }
  const copied = new Map<Digest, CopiedBlob>();
  const work = async (blob: NamedBlob, signal: AbortSignal): Promise<void> => {
    copied.set(blob.digest, await copyBlob(blob, copy, { signal }));
  };
  await sideBySide(blobs.values(), copy.concurrency, work, options);
  // In the order of the manifests, whichever was the first to arrive.
  for (const digest of blobs.keys()) copy.blobs.set(digest, copied.get(digest) as CopiedBlob);
  for (const level of levels.slice(1).reverse()) await putAll(level, copy, options);
}

/** Puts manifests of which everything beneath is at the target. */
export async function putAll(
  manifests: readonly SourceManifest[],
  copy: TreeCopy,
  options: AbortOptions,
): Promise<void> {
  const missing = manifests.filter(({ descriptor }) => !copy.manifests.has(descriptor.digest));
  await sideBySide(
    missing,
    copy.concurrency,
    (manifest, signal) => copy.target.put(manifest, { signal }),
    options,
  );
  for (const manifest of missing) note(copy, manifest, 'sent');
}

/** Writes down that a manifest is at the target. */
export function note(
  { manifests }: TreeCopy,
  { descriptor: { digest, mediaType, size } }: Pick<SourceManifest, 'descriptor'>,
  status: CopiedManifest['status'],
  subject?: Digest,
): void {
  manifests.set(digest, { digest, mediaType, size, status, ...(subject === undefined ? {} : { subject }) });
}

/** What is beneath indexes, from the top down: each manifest as deep as it lies at most. What the target has is left out. */
async function levelsBeneath(
  roots: readonly SourceManifest[],
  copy: TreeCopy,
  options: AbortOptions,
): Promise<SourceManifest[][]> {
  const levels: SourceManifest[][] = [];
  let above = roots;
  while (above.some(({ index }) => index !== undefined)) {
    if (levels.length === MAX_DEPTH) {
      throw new StowageError(
        'LIMIT_EXCEEDED',
        `indexes lie in one another more than ${String(MAX_DEPTH)} deep`,
      );
    }
    const entries = new Map(
      above.flatMap(({ index }) => index?.manifests ?? []).map((entry) => [entry.digest, entry]),
    );
    const level = new Map<Digest, SourceManifest>();
    const work = async (entry: Descriptor, signal: AbortSignal): Promise<void> => {
      const manifest = await readUnlessPresent(entry, copy, { signal });
      if (manifest !== undefined) level.set(entry.digest, manifest);
    };
    await sideBySide(entries.values(), copy.concurrency, work, options);
    const inOrder = [...entries.keys()].flatMap((digest) => level.get(digest) ?? []);
    levels.push(inOrder);
    above = inOrder;
  }
  return levels;
}

/** A manifest that has to be copied; an index in any case, for what is beneath it may be missing. */
async function readUnlessPresent(
  entry: Descriptor,
  copy: TreeCopy,
  options: AbortOptions,
): Promise<SourceManifest | undefined> {
  const { source, target, manifests } = copy;
  const { digest, mediaType } = entry;
  source.count(digest);
  const present = manifests.has(digest) || (await target.hasManifest(digest, options));
  if (present && !manifests.has(digest)) note(copy, { descriptor: entry }, 'existing');
  return present && !isIndex(mediaType) ? undefined : await source.manifest(entry, options);
}
