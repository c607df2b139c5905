import { hostPlatform } from '@stowage/core';
import {
  discardProgress,
  formatReference,
  parseNormalizedNamed,
  parsePlatform,
  StowageError,
  tagNameOnly,
} from '@stowage/types';
import type { RegistryAccess } from '../access/registry-access.ts';
import { copyDigestTags } from './copy-digest-tags.ts';
import { copyReferrers } from './copy-referrers.ts';
import { CopySource } from './copy-source.ts';
import { CopyTarget } from './copy-target.ts';
import { copyBeneath, note, putAll } from './copy-tree.ts';
import type { TreeCopy } from './copy-tree.ts';
import type { CopyOptions, CopyResult } from './copy-types.ts';
import { trimIndex } from './trim-index.ts';

/** How many blobs are copied at once, as docker uploads. */
const CONCURRENCY = 5;
const MAX_CONCURRENCY = 32;
const MAX_MANIFESTS = 1000;

/**
 * Copies what a reference names from registry to registry; see `Stowage.copy`.
 *
 * @param sourceName with a tag or a digest; `latest` without
 * @param targetName the same
 */
export async function copyImage(
  sourceName: string,
  targetName: string,
  access: RegistryAccess,
  options: CopyOptions,
): Promise<CopyResult> {
  const { platforms, referrers = false, foreignLayers, signal, onProgress = discardProgress } = options;
  const { concurrency = CONCURRENCY, maxManifests = MAX_MANIFESTS } = options;
  checkCount('concurrency', concurrency, MAX_CONCURRENCY);
  checkCount('maxManifests', maxManifests, Number.MAX_SAFE_INTEGER);
  const from = tagNameOnly(parseNormalizedNamed(sourceName));
  const to = tagNameOnly(parseNormalizedNamed(targetName));
  const wanted = platforms?.map((one) =>
    typeof one === 'string' ? parsePlatform(one, hostPlatform()) : one,
  );

  const source = new CopySource(from, await access.reader(from, { signal }), maxManifests);
  const whole = await source.root({ signal });
  const isTrimmed = whole.index !== undefined && wanted !== undefined && wanted.length > 0;
  const root = isTrimmed ? await trimIndex(whole, wanted, source, { signal }) : whole;
  const target = await CopyTarget.open(to, await access.writer(to, { signal }), { signal });
  target.check(root);

  const copy: TreeCopy = {
    ...{ source, target, onProgress, concurrency },
    foreignLayers: foreignLayers ?? target.endpoint.allowNondistributableArtifacts ?? false,
    mounts: from.domain === to.domain && from.path !== to.path,
    manifests: new Map(),
    blobs: new Map(),
  };
  onProgress({ id: '', message: `Copying ${formatReference(from)} to ${formatReference(to)}` });
  const { digest, mediaType } = root.descriptor;
  const isNamed = target.named?.digest === digest;
  if (root.index !== undefined || !isNamed) await copyBeneath([root], copy, { signal });
  if (isNamed) note(copy, root, 'existing');
  if (referrers) {
    // They need what they refer to, and the tag is to tell that everything is there.
    await putAll([root], copy, { signal });
    await copyReferrers(copy, { signal });
    await copyDigestTags(copy, { signal });
  }
  if (!isNamed) {
    await target.name(root, { signal });
    if (!copy.manifests.has(digest)) note(copy, root, 'sent');
  }
  onProgress({ id: '', message: `Digest: ${digest}` });
  const blobs = [...copy.blobs.values()];
  return {
    source: formatReference(from),
    target: formatReference(to),
    ...{ digest, mediaType, sourceDigest: whole.descriptor.digest },
    manifests: [...copy.manifests.values()],
    blobs,
    sentBytes: blobs.reduce((sum, { size, status }) => (status === 'sent' ? sum + size : sum), 0),
  };
}

/** @throws `INVALID_ARGUMENT` */
function checkCount(name: string, count: number, most: number): void {
  if (Number.isSafeInteger(count) && count >= 1 && count <= most) return;
  throw new StowageError('INVALID_ARGUMENT', `${name} must be a whole number from 1 to ${String(most)}`);
}
