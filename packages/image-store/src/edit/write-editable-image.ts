import { digestBytes } from '@stowage/core';
import { buildOciManifest, buildSchema2Manifest, MEDIA_TYPES } from '@stowage/types';
import type { AbortOptions, Bytes, ContentStore, Descriptor, ImageID, Lease } from '@stowage/types';
import { storeOnce } from '../content/store-bytes.ts';
import { configBytesOf } from './editable-image.ts';
import type { EditableImage } from './editable-image.ts';

/** What an image became when it was written. */
export interface WrittenImage {
  /** The digest of its configuration. */
  readonly imageId: ImageID;
  readonly config: Descriptor;
  readonly manifest: Descriptor;
}

/** How an image is written. */
export interface WriteImageOptions extends AbortOptions {
  /** Keeps what is written from being collected until it has a name. */
  readonly lease?: Pick<Lease, 'add'> | undefined;
}

/**
 * Stores the configuration and the manifest of an image, and nothing else: an image store's `create` makes an image of
 * the configuration once the layers are registered, and a reference store's `addTag` names the manifest. What is
 * unchanged keeps its bytes.
 *
 * @param image the image
 * @param content where to
 * @param options how to end early, and what keeps the content
 *
 * @example
 * ```ts
 * import { writeEditableImage } from '@stowage/image-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const { content } = createMemoryStorage();
 * const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } };
 * const written = await writeEditableImage({ format: 'docker', config, layers: [] }, content);
 * console.log(written.manifest.mediaType); // application/vnd.docker.distribution.manifest.v2+json
 * ```
 */
export async function writeEditableImage(
  image: EditableImage,
  content: ContentStore,
  { lease, ...options }: WriteImageOptions = {},
): Promise<WrittenImage> {
  const { format, layers, annotations, subject, artifactType, rawManifest } = image;
  const isDocker = format === 'docker';
  const configBytes = configBytesOf(image);
  const config = await describe(configBytes, isDocker ? MEDIA_TYPES.dockerConfig : MEDIA_TYPES.ociConfig);
  const built = isDocker
    ? buildSchema2Manifest({ config, layers })
    : buildOciManifest({ config, layers, annotations, subject, artifactType });
  const bytes = rawManifest ?? built;
  const manifest = await describe(bytes, isDocker ? MEDIA_TYPES.dockerManifest : MEDIA_TYPES.ociManifest);
  await lease?.add([config.digest, manifest.digest], options);
  await storeOnce(content, configBytes, config.digest, options);
  await storeOnce(content, bytes, manifest.digest, options);
  return { imageId: config.digest as ImageID, config, manifest };
}

async function describe(bytes: Bytes, mediaType: string): Promise<Descriptor> {
  return { mediaType, digest: await digestBytes(bytes), size: bytes.byteLength };
}
