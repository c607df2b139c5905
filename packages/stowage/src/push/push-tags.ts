import {
  familiarString,
  formatReference,
  isStowageError,
  StowageError,
  trimNamed,
  withDigest,
} from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  Descriptor,
  ImagePushConfig,
  ReferenceAssociation,
  ReferenceStore,
  RootFS,
} from '@stowage/types';
import { addDigest } from '../pull/name-image.ts';
import { holdLayers } from './held-layers.ts';
import { planBuilt } from './plan-built.ts';
import { planIndex } from './plan-index.ts';
import type { PushImageOptions } from './push-context.ts';
import type { PushPlan } from './push-plan.ts';
import type { PushResult } from './push-result.ts';
import type { PushTarget } from './push-target.ts';
import { putManifest } from './put-manifest.ts';
import { sendPlan } from './send-plan.ts';
import { isUnchanged, planStored, readOwnManifest } from './stored-manifest.ts';

/** Tags that name one and the same image, at least one. */
export type SameImage = readonly [ReferenceAssociation, ...ReferenceAssociation[]];

/** An image that is pushed, as the store has it. */
interface Subject {
  readonly association: ReferenceAssociation;
  readonly bytes: Bytes;
  readonly rootFS: RootFS;
  readonly os: string;
}

/** Pushes an image under its tags (moby's `pushV2Tag`): layers, configuration, manifest, in this order. */
export async function pushTags(
  tags: SameImage,
  target: PushTarget,
  config: ImagePushConfig,
  references: ReferenceStore,
  options: PushImageOptions,
): Promise<PushResult[]> {
  const { signal } = options;
  const [association] = tags;
  const { imageId } = association;
  const subject = await readSubject(association, config, { signal });
  const lease = await config.leases?.create({ signal });
  try {
    const { layers: held, release } = await holdLayers(subject.rootFS, subject.os, config, { signal });
    try {
      await lease?.add([association.target.digest, imageId], { signal });
      const plan = await planOf(subject, held, references, config, options);
      await lease?.add(
        plan.images.flatMap(({ config: blob, layers }) => [
          blob.digest,
          ...layers.flatMap((layer) => layer.blob?.digest ?? []),
        ]),
        { signal },
      );
      const { document, layers } = await sendPlan(plan, target, config, { signal });
      const names = tags.map(({ reference }) => reference.tag ?? '');
      const image = plan.indexes.length > 0 ? undefined : { config: subject.bytes, layers };
      const put = await putManifest(document, names, image, target, config, options);
      const results: PushResult[] = [];
      for (const { reference } of tags) {
        await noteDigest(references, reference, association, put, { signal });
        tell(reference.tag ?? '', put, config);
        results.push({ reference: formatReference(reference), imageId, ...put, layers });
      }
      return results;
    } finally {
      await release();
    }
  } finally {
    await lease?.release();
  }
}

async function readSubject(
  association: ReferenceAssociation,
  { imageStore }: ImagePushConfig,
  options: AbortOptions,
): Promise<Subject> {
  const { imageId, reference } = association;
  const name = familiarString(reference);
  const bytes = await worded(`could not find image from tag ${name}`, () => imageStore.get(imageId, options));
  const rootFS = await worded(`unable to get rootfs for image ${name}`, () => {
    const found = imageStore.rootFSFromConfig(bytes);
    if (found === undefined)
      throw new StowageError('INVALID_MANIFEST', 'invalid rootfs in image configuration');
    return found;
  });
  const { os } = await worded(`unable to get platform for image ${name}`, () =>
    imageStore.platformFromConfig(bytes),
  );
  return { association, bytes, rootFS, os };
}

/** Puts what was not possible before an error, as moby does. */
async function worded<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!isStowageError(cause)) throw cause;
    throw new StowageError(cause.code, `${what}: ${cause.message}`, { cause });
  }
}

async function planOf(
  { association: { target, imageId }, bytes }: Subject,
  layers: Parameters<typeof planBuilt>[0]['layers'],
  references: ReferenceStore,
  { contentStore, configMediaType }: ImagePushConfig,
  { allPlatforms = false, compression, signal }: PushImageOptions,
): Promise<PushPlan> {
  const options = { signal };
  if (allPlatforms) {
    if (compression !== undefined) {
      throw new StowageError(
        'INVALID_ARGUMENT',
        'an index is pushed as it is: layers cannot be compressed anew',
      );
    }
    return await planIndex(target, references, contentStore, options);
  }
  const own = await readOwnManifest(target, imageId, contentStore, options);
  if (own !== undefined && (await isUnchanged(own, compression, contentStore, options))) {
    return { images: [await planStored(own, contentStore, options, layers)], indexes: [] };
  }
  const init = { imageId, bytes, layers, configMediaType, own, compression };
  return { images: [await planBuilt(init, contentStore, options)], indexes: [] };
}

/** Notes what the image is called in the registry. A digest goes on naming what it named before. */
async function noteDigest(
  references: ReferenceStore,
  reference: ReferenceAssociation['reference'],
  { imageId, target }: ReferenceAssociation,
  { digest }: Pick<Descriptor, 'digest'>,
  options: AbortOptions,
): Promise<void> {
  const same = target.digest === digest ? target : undefined;
  await addDigest(references, withDigest(trimNamed(reference), digest), imageId, same, options);
}

function tell(
  tag: string,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  { progressOutput }: ImagePushConfig,
): void {
  progressOutput({ id: '', message: `${tag}: digest: ${digest} size: ${String(size)}` });
  progressOutput({ id: '', aux: { Tag: tag, Digest: digest, Size: size } });
}
