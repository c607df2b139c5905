import { hostPlatform } from '@stowage/core';
import { decodeGoJsonMembers, normalizePlatform, parseImageConfig } from '@stowage/types';
import type { Bytes, ImageConfigStore, ImageID, ImageStore } from '@stowage/types';

/**
 * The view of an image store that pull and push work with; the counterpart of moby's NewImageConfigStoreFromStore.
 *
 * @param images the image store
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
export function createImageConfigStore(images: ImageStore): ImageConfigStore {
  return {
    put: (config, options) => images.create(config, options),
    get: async (digest, options) => (await images.get(digest as ImageID, options)).raw,
    rootFSFromConfig: (config) => (hasRootFS(config) ? parseImageConfig(config).rootfs : undefined),
    platformFromConfig: (config) => {
      const host = hostPlatform();
      const { os = host.os, architecture = host.architecture, variant, ...rest } = parseImageConfig(config);
      const version = rest['os.version'];
      return normalizePlatform({
        os: os === '' ? host.os : os,
        architecture,
        ...(variant === undefined ? {} : { variant }),
        ...(version === undefined ? {} : { 'os.version': version }),
      });
    },
  };
}

/** As Go finds it: in any case of letters, and `null` is none. */
function hasRootFS(config: Bytes): boolean {
  for (const [name, value] of decodeGoJsonMembers(config)) {
    if (name.toLowerCase() === 'rootfs' && value.text !== 'null') return true;
  }
  return false;
}
