import { formatPlatform, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  ContentStore,
  Descriptor,
  Digest,
  ImageIndex,
  ReferenceStore,
} from '@stowage/types';
import type { PlannedImage, PushDocument, PushPlan } from './push-plan.ts';
import { isUnchanged, planStored, readStored } from './stored-manifest.ts';

/** How deep indexes may stand in one another. */
const MAX_DEPTH = 4;
/** How many manifests one index may lead to. */
const MAX_MANIFESTS = 1000;

/**
 * Plans the push of the whole index that a manifest came from.
 *
 * @param target what the tag names in the store: the index, or a manifest of it
 * @throws `NOT_FOUND` where there is no such index, or an image of it is not here; `LIMIT_EXCEEDED`
 */
export async function planIndex(
  target: Descriptor,
  references: ReferenceStore,
  content: ContentStore,
  options: AbortOptions,
): Promise<PushPlan> {
  const index = await findIndex(target, references, content, options);
  if (index === undefined) {
    const message = `no index in the store leads to ${target.digest}: pull the image by a tag that names an index`;
    throw new StowageError('NOT_FOUND', message);
  }
  const plan = { images: new Map<Digest, PlannedImage>(), indexes: [] as PushDocument[] };
  await addIndex(index, plan, content, { ...options, depth: 1 });
  return { images: [...plan.images.values()], indexes: plan.indexes };
}

/** The index that names the manifest, of all that names of the store lead to. */
async function findIndex(
  target: Descriptor,
  references: ReferenceStore,
  content: ContentStore,
  options: AbortOptions,
): Promise<ImageIndex | undefined> {
  const named = (await references.all(options)).map((association) => association.target);
  const seen = new Set<Digest>();
  for (const descriptor of [target, ...named]) {
    if (seen.has(descriptor.digest)) continue;
    seen.add(descriptor.digest);
    const index = await readStored(descriptor, content, options);
    if (index?.kind !== 'index') continue;
    if (descriptor === target || index.manifests.some(({ digest }) => digest === target.digest)) return index;
  }
  return undefined;
}

interface GrowingPlan {
  readonly images: Map<Digest, PlannedImage>;
  readonly indexes: PushDocument[];
}

async function addIndex(
  { manifests, raw: bytes, mediaType }: ImageIndex,
  plan: GrowingPlan,
  content: ContentStore,
  { depth, ...options }: AbortOptions & { readonly depth: number },
): Promise<void> {
  if (depth > MAX_DEPTH) throw tooMuch(`indexes stand more than ${String(MAX_DEPTH)} deep in one another`);
  for (const entry of manifests) {
    if (plan.images.has(entry.digest)) continue;
    if (plan.images.size >= MAX_MANIFESTS) {
      throw tooMuch(`an index leads to more than ${String(MAX_MANIFESTS)} manifests`);
    }
    const manifest = await readStored(entry, content, options);
    if (manifest?.kind === 'index') {
      await addIndex(manifest, plan, content, { ...options, depth: depth + 1 });
    } else if (manifest !== undefined && (await isUnchanged(manifest, undefined, content, options))) {
      plan.images.set(entry.digest, await planStored(manifest, content, options));
    } else {
      throw missing(entry);
    }
  }
  plan.indexes.push({ bytes, mediaType });
}

function missing({ digest, platform }: Descriptor): StowageError {
  const what = platform === undefined ? digest : `${formatPlatform(platform)} (${digest})`;
  const message = `the image for ${what} is not in the store: pull it too, or push one platform`;
  return new StowageError('NOT_FOUND', message);
}

function tooMuch(message: string): StowageError {
  return new StowageError('LIMIT_EXCEEDED', message);
}
