import { MEDIA_TYPES, parseImageConfig, parseManifest, StowageError } from '@stowage/types';
import type { AbortOptions, ContentReader, Descriptor } from '@stowage/types';
import { readConfig } from '../content/image-config.ts';
import type { EditableImage } from './editable-image.ts';
import { layerIn } from './layer-types.ts';

/** The largest manifest that is read, in bytes. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const CONFIG_TYPES: readonly string[] = [MEDIA_TYPES.ociConfig, MEDIA_TYPES.dockerConfig];

/**
 * Reads an image from its manifest and its configuration; its layers need not be there.
 *
 * @param descriptor the manifest, for example the `target` of a reference
 * @param content where they are
 * @param options how to end early
 * @throws `NOT_FOUND`; `UNSUPPORTED` for an index, and for what is no image; `INVALID_MANIFEST`;
 *   `DATA_LOSS` for a damaged configuration; `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { readEditableImage, writeEditableImage } from '@stowage/image-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const { content } = createMemoryStorage();
 * const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } };
 * const { manifest } = await writeEditableImage({ format: 'oci', config, layers: [] }, content);
 * console.log((await readEditableImage(manifest, content)).config.os); // linux
 * ```
 */
export async function readEditableImage(
  { digest, mediaType }: Pick<Descriptor, 'digest' | 'mediaType'>,
  content: Pick<ContentReader, 'read'>,
  options?: AbortOptions,
): Promise<EditableImage> {
  const bytes = await content.read(digest, { ...options, maxBytes: MAX_MANIFEST_BYTES });
  const manifest = parseManifest(bytes, mediaType);
  if (manifest.kind === 'index') {
    throw new StowageError('UNSUPPORTED', `${digest} is an index: choose one of its images`);
  }
  const { config: configDescriptor, layers, annotations, subject, artifactType, raw } = manifest;
  if (!CONFIG_TYPES.includes(configDescriptor.mediaType)) {
    throw new StowageError('UNSUPPORTED', `${digest} is no image: it has a ${configDescriptor.mediaType}`);
  }
  const rawConfig = await readConfig(content, configDescriptor.digest, options);
  const config = parseImageConfig(rawConfig);
  const { diff_ids: diffIds } = config.rootfs;
  if (diffIds.length !== layers.length) {
    throw new StowageError(
      'INVALID_MANIFEST',
      `number of descriptors and number of layers in rootfs must match: ${layers.length} != ${diffIds.length}`,
    );
  }
  const format = manifest.mediaType === MEDIA_TYPES.dockerManifest ? 'docker' : 'oci';
  return {
    format,
    config,
    rawConfig,
    // Some tools have mixed the types of both formats.
    layers: layers.map((layer) => layerIn(format, layer)),
    annotations,
    subject,
    artifactType,
    rawManifest: raw,
  };
}
