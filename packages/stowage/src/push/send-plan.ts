import { digestBytes } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import type { AbortOptions, Descriptor, Digest, ImagePushConfig } from '@stowage/types';
import { createLayerUpload } from './layer-upload.ts';
import type { PlannedImage, PushDocument, PushPlan } from './push-plan.ts';
import type { PushedLayer } from './push-result.ts';
import type { PushTarget } from './push-target.ts';

/** What is left to do once everything that it names is in the registry. */
export interface SentPlan {
  /** The manifest or index for the tags. */
  readonly document: PushDocument;
  readonly layers: readonly PushedLayer[];
}

/** Sends all that a tag takes but what the tag itself is to name. */
export async function sendPlan(
  { images, indexes }: PushPlan,
  target: PushTarget,
  { uploadManager, progressOutput }: Pick<ImagePushConfig, 'uploadManager' | 'progressOutput'>,
  options: AbortOptions,
): Promise<SentPlan> {
  // The first question is also whether the registry can be reached in this way: to be told so late would cost much.
  const present = new Set<Digest>();
  for (const { config } of images.slice(0, 1)) {
    if (await hasBlob(config, target.remote, options)) present.add(config.digest);
  }
  const all = images.flatMap(({ layers }) => [...layers].reverse());
  const uploads = all.map((layer) => createLayerUpload(layer, target));
  const sent = await uploadManager.upload(uploads, progressOutput, options);
  const documents: PushDocument[] = [];
  const layers: PushedLayer[] = [];
  let at = 0;
  for (const image of images) {
    const blobs = sent.slice(at, at + image.layers.length).reverse();
    at += image.layers.length;
    layers.push(...image.layers.map(({ diffId }, index) => ({ ...(blobs[index] as Descriptor), diffId })));
    if (!present.has(image.config.digest)) await sendConfig(image, image !== images[0], target, options);
    documents.push(image.manifest(blobs));
  }
  const inOrder = [...documents, ...indexes];
  const document = inOrder.pop() as PushDocument;
  for (const { bytes, mediaType } of inOrder) {
    await target.remote.manifests.put(await digestBytes(bytes), bytes, mediaType, options);
  }
  return { document, layers };
}

/** Sends a configuration that the registry does not have, asking first where that is not known. */
async function sendConfig(
  image: PlannedImage,
  mayBeThere: boolean,
  { remote }: PushTarget,
  options: AbortOptions,
): Promise<void> {
  const { digest, size } = image.config;
  if (mayBeThere && (await hasBlob({ digest }, remote, options))) return;
  await remote.blobs.upload({
    ...{ ...options, digest, size },
    open: (offset, opening) => image.openConfig(offset, opening),
  });
}

/** Whether a repository has a blob. */
export async function hasBlob(
  { digest }: Pick<Descriptor, 'digest'>,
  { blobs }: PushTarget['remote'],
  options: AbortOptions,
): Promise<boolean> {
  try {
    await blobs.stat(digest, options);
    return true;
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return false;
    throw error;
  }
}
