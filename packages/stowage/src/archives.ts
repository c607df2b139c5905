import { loadArchive } from '@stowage/image-store';
import type { LoadArchiveDeps, LoadResult } from '@stowage/image-store';
import { onlyPlatform } from '@stowage/types';
import type { ByteStream, Clock, Platform } from '@stowage/types';
import type { LoadOptions } from './stowage.ts';

// What has to do with archives is in a module that is loaded on demand: most pages have no use for it.
export { saveArchive } from '@stowage/image-store';

/** Brings in the images of an archive; those that got a name count as used now. */
export async function loadImages(
  archive: ByteStream,
  deps: LoadArchiveDeps & { readonly clock: Clock },
  { platform, ...options }: Omit<LoadOptions, 'platform'> & { readonly platform: Platform | undefined },
): Promise<LoadResult> {
  const matcher = platform === undefined ? undefined : onlyPlatform(platform);
  const result = await loadArchive(archive, deps, { ...options, platform: matcher });
  for (const { id, tagged } of result.images) {
    if (tagged.length > 0) await deps.imageStore.setLastUpdated(id, deps.clock.now(), options);
  }
  return result;
}
