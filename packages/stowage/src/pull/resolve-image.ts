import { parseManifest } from '@stowage/types';
import type { AbortOptions, Descriptor, Platform, Reference, Repository } from '@stowage/types';
import { describeManifest } from './describe-manifest.ts';
import { isSchema1 } from './manifest-cache.ts';
import { matchingEntries, noMatch } from './select-manifest.ts';

/**
 * What a reference names in its repository, and with a platform, which image of an index that is.
 *
 * @param remote the repository
 * @param reference with a tag or a digest
 * @param platform follow an index to this platform's entry
 * @throws `NOT_FOUND`; `PLATFORM_MISMATCH` when no entry fits
 */
export async function resolveImage(
  remote: Repository,
  { tag, digest }: Reference,
  platform: Platform | undefined,
  options: AbortOptions,
): Promise<Descriptor> {
  const wanted = digest ?? tag ?? '';
  if (platform === undefined) return await describeManifest(remote, wanted, options);
  const { descriptor, bytes } = await remote.manifests.get(wanted, options);
  if (isSchema1(descriptor.mediaType)) return descriptor;
  const manifest = parseManifest(bytes, descriptor.mediaType);
  if (manifest.kind === 'manifest') return descriptor;
  const [best] = matchingEntries(manifest, platform);
  if (best === undefined) throw noMatch(platform);
  return best;
}
