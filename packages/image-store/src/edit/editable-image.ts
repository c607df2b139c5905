import { encodeGoJson, sortMembers, StowageError } from '@stowage/types';
import type { Bytes, Descriptor, History, ImageConfig } from '@stowage/types';

/** In which of the two formats the manifest of an image is: OCI's, or docker's schema 2. */
export type ImageFormat = 'oci' | 'docker';

/**
 * An image as plain data, to be changed step by step: every step gives a new one and leaves its own alone, and the same
 * steps give the same bytes. `readEditableImage` gives one and `writeEditableImage` takes one.
 */
export interface EditableImage {
  readonly format: ImageFormat;
  /** Names as many layers as `layers` has. */
  readonly config: ImageConfig;
  /** The configuration as it is stored, for as long as it is unchanged: its bytes, and with them the image's ID. */
  readonly rawConfig?: Bytes | undefined;
  /** The blobs, base layer first, with types of the image's format. */
  readonly layers: readonly Descriptor[];
  /** What the manifest says beside. Docker's have none. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** What the manifest is about. Docker's have none. */
  readonly subject?: Descriptor | undefined;
  /** What the manifest is. Docker's have none. */
  readonly artifactType?: string | undefined;
  /** The manifest as it is stored, for as long as nothing is changed. */
  readonly rawManifest?: Bytes | undefined;
}

/** The bytes of an image's configuration: those that are stored, or a new one with its outermost members sorted. */
export function configBytesOf({ config, rawConfig }: EditableImage): Bytes {
  return rawConfig ?? encodeGoJson(sortMembers({ ...config }));
}

/** An image with another configuration. */
export function withConfig(
  image: EditableImage,
  config: ImageConfig,
  layers: readonly Descriptor[] = image.layers,
): EditableImage {
  return withManifest({ ...image, config, rawConfig: undefined }, { layers });
}

/** An image with another manifest. */
export function withManifest(image: EditableImage, changes: Partial<EditableImage>): EditableImage {
  return { ...image, ...changes, rawManifest: undefined };
}

/**
 * The history of an image, with an entry for each of its layers: where it tells of fewer, the rest is empty entries at
 * the end. `INVALID_ARGUMENT` where it tells of more.
 */
export function fullHistory({ history = [], rootfs }: ImageConfig): readonly History[] {
  const missing = rootfs.diff_ids.length - countLayers(history);
  if (missing < 0) throw new StowageError('INVALID_ARGUMENT', 'too many non-empty layers in History section');
  return [...history, ...Array.from({ length: missing }, () => ({}))];
}

/** How many layers a history tells of. */
export function countLayers(history: readonly History[]): number {
  return history.filter((step) => step.empty_layer !== true).length;
}
