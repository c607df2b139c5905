import { hostPlatform } from '@stowage/core';
import { normalizePlatform, parsePartialImageConfig, StowageError } from '@stowage/types';
import type { Clock, ImageConfigStore, ImageID, ImageStore, Platform } from '@stowage/types';

/** How an image store is seen by pull and push. */
export interface ImageConfigStoreInit {
  /** What images are to run on. Those of other operating systems are refused. Default: linux on this processor. */
  readonly host?: Platform | undefined;
  /** Tells when an image is put, which is noted. Nothing is noted when left out. */
  readonly clock?: Clock | undefined;
  /**
   * Whether an image counts as there whose layers are stored and not registered, because it was pulled by its digests
   * only. Default `true`.
   */
  readonly pending?: boolean | undefined;
}

/**
 * The view of an image store that pull and push work with; the counterpart of moby's NewImageConfigStoreFromStore.
 *
 * @param images the image store
 * @param init what images are for, and whether it is noted when they come
 *
 * @example
 * ```ts
 * import { createImageConfigStore, openStowage } from 'stowage';
 *
 * await using stowage = await openStowage();
 * const configs = createImageConfigStore(stowage.imageStore);
 * const config = new TextEncoder().encode('{"os":"linux","architecture":"arm64","rootfs":{"type":"layers","diff_ids":[]}}');
 * console.log(configs.platformFromConfig(config).architecture); // arm64
 * ```
 */
export function createImageConfigStore(
  images: ImageStore,
  init: ImageConfigStoreInit = {},
): ImageConfigStore {
  const { host = hostPlatform(), clock, pending = true } = init;
  return {
    put: (config, options) => images.create(config, { ...options, lastUpdated: clock?.now() }),
    get: async (digest, options) => {
      const image = await images.get(digest as ImageID, options);
      if (!pending && image.pending !== undefined) {
        throw new StowageError('NOT_FOUND', `the layers of image ${digest} are not registered`);
      }
      return image.raw;
    },
    rootFSFromConfig: (config) => parsePartialImageConfig(config).rootfs,
    platformFromConfig: (config) => {
      const { os: named = '', architecture, variant, ...rest } = parsePartialImageConfig(config);
      checkOperatingSystem(named, host.os);
      const version = rest['os.version'];
      return normalizePlatform({
        os: named === '' ? host.os : named,
        architecture: architecture ?? host.architecture,
        ...(variant === undefined ? {} : { variant }),
        ...(version === undefined ? {} : { 'os.version': version }),
      });
    },
  };
}

/** moby's `PlatformFromConfig`: what is for Windows runs on Windows only, and nothing else does there. */
function checkOperatingSystem(image: string, host: string): void {
  const [wanted, here] = [image.toLowerCase(), host.toLowerCase()];
  if (wanted === '' || wanted === here) return;
  const known = wanted === 'windows' || (here === 'windows' && wanted === 'linux');
  throw new StowageError(
    'PLATFORM_MISMATCH',
    known
      ? `image operating system ${JSON.stringify(image)} cannot be used on this platform`
      : 'operating system is not supported',
  );
}
