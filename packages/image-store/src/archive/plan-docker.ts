import { digestBytes } from '@stowage/core';
import type { AbortOptions, ImageID } from '@stowage/types';
import { MAX_CONFIG_BYTES } from '../content/image-config.ts';
import { parseManifestItems } from './archive-documents.ts';
import { checkDigest } from './archive-files.ts';
import type { ArchiveFiles } from './archive-files.ts';
import type { ResolvedArchiveLimits } from './archive-limits.ts';
import { digestOfConfigPath } from './archive-paths.ts';
import type { PlannedImage } from './planned-image.ts';

/** The images of an archive with a `manifest.json`, as `docker save` has written it since 1.10. */
export async function planDocker(
  files: ArchiveFiles,
  { maxDocumentBytes }: ResolvedArchiveLimits,
  options: AbortOptions,
): Promise<PlannedImage[]> {
  const items = parseManifestItems(await files.read('manifest.json', maxDocumentBytes, options));
  const images: PlannedImage[] = [];
  for (const { config: path, layers, references, parent } of items) {
    const config = await files.read(path, MAX_CONFIG_BYTES, options);
    const promised = digestOfConfigPath(path);
    if (promised !== undefined) await checkDigest(path, config, promised);
    images.push({
      id: (await digestBytes(config)) as ImageID,
      config,
      layers: layers.map((layer) => ({ path: layer })),
      references,
      ...(parent === undefined ? {} : { parent }),
    });
  }
  return images;
}
