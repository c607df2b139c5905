import {
  isDigest,
  isStowageError,
  MEDIA_TYPES,
  normalizePlatform,
  parseImageConfig,
  parseIndex,
  parseManifest,
  parseOciLayout,
  StowageError,
} from '@stowage/types';
import type {
  AbortOptions,
  Descriptor,
  ImageID,
  ImageManifest,
  PlatformMatcher,
  Reference,
} from '@stowage/types';
import { MAX_CONFIG_BYTES } from '../content/image-config.ts';
import { parseTag } from './archive-documents.ts';
import { checkDigest } from './archive-files.ts';
import type { ArchiveFiles } from './archive-files.ts';
import type { ResolvedArchiveLimits } from './archive-limits.ts';
import { pathOfDigest } from './archive-paths.ts';
import type { PlannedImage } from './planned-image.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';
const IMAGE_NAME = 'io.containerd.image.name';
const CONFIG_TYPES: readonly string[] = [MEDIA_TYPES.ociConfig, MEDIA_TYPES.dockerConfig];
/** How deep indexes may stand in one another. */
const MAX_DEPTH = 4;

/** What decides which images of a layout are taken. */
export interface PlanLayoutInit {
  readonly limits: ResolvedArchiveLimits;
  /** Chooses from an index. */
  readonly platform: PlatformMatcher;
}

/** The images of an OCI image layout (image-spec, "Image Layout"): one for each entry of its `index.json`. */
export async function planLayout(
  files: ArchiveFiles,
  { limits, platform }: PlanLayoutInit,
  options: AbortOptions,
): Promise<PlannedImage[]> {
  const { maxDocumentBytes } = limits;
  parseOciLayout(await files.read('oci-layout', maxDocumentBytes, options));
  const { manifests } = parseIndex(await files.read('index.json', maxDocumentBytes, options));
  const reader = new LayoutReader(files, maxDocumentBytes, platform);
  const images: PlannedImage[] = [];
  for (const entry of manifests) {
    const image = await reader.image(entry, 0, options);
    if (image !== undefined) images.push({ ...image, references: namesOf(entry) });
  }
  return mergeNames(images);
}

class LayoutReader {
  readonly #files: ArchiveFiles;
  readonly #maxBytes: number;
  readonly #platform: PlatformMatcher;

  constructor(files: ArchiveFiles, maxBytes: number, platform: PlatformMatcher) {
    this.#files = files;
    this.#maxBytes = maxBytes;
    this.#platform = platform;
  }

  /** The image that a descriptor leads to; nothing where it is something else, such as a signature. */
  async image(target: Descriptor, depth: number, options: AbortOptions): Promise<PlannedImage | undefined> {
    if (!MANIFEST_TYPES.includes(target.mediaType)) return undefined;
    if (depth > MAX_DEPTH)
      throw new StowageError('INVALID_ARCHIVE', 'invalid archive: too many nested indexes');
    const path = pathOfDigest(target.digest);
    const bytes = await this.#files.read(path, this.#maxBytes, options);
    await checkDigest(path, bytes, target.digest);
    checkSize(target, bytes.length);
    const manifest = parseManifest(bytes, target.mediaType);
    if (manifest.kind === 'manifest') {
      const { mediaType, digest } = target;
      return this.#planned(manifest, { mediaType, digest, size: bytes.length }, options);
    }
    const chosen = this.#choose(manifest.manifests);
    if (chosen !== undefined) return this.image(chosen, depth + 1, options);
    throw new StowageError('NOT_FOUND', 'no matching manifest in the index of the archive');
  }

  /** The best of those for the platform that are in the archive. */
  #choose(manifests: readonly Descriptor[]): Descriptor | undefined {
    const present = manifests.filter(({ digest }) => this.#files.has(pathOfDigest(digest)));
    const matching = present.filter(
      ({ platform }) => platform !== undefined && this.#platform.match(normalizePlatform(platform)),
    );
    matching.sort((a, b) => {
      if (a.platform === undefined || b.platform === undefined) return 0;
      const [left, right] = [normalizePlatform(a.platform), normalizePlatform(b.platform)];
      return this.#platform.less(left, right) ? -1 : Number(this.#platform.less(right, left));
    });
    return matching[0] ?? present.find(({ platform }) => platform === undefined);
  }

  async #planned(
    { config: target, layers, raw }: ImageManifest,
    descriptor: Descriptor,
    options: AbortOptions,
  ): Promise<PlannedImage | undefined> {
    if (!CONFIG_TYPES.includes(target.mediaType)) return undefined;
    const path = pathOfDigest(target.digest);
    const config = await this.#files.read(path, MAX_CONFIG_BYTES, options);
    await checkDigest(path, config, target.digest);
    checkSize(target, config.length);
    parseImageConfig(config);
    return {
      id: target.digest as ImageID,
      config,
      layers: layers.map((layer) => ({ path: pathOfDigest(layer.digest), descriptor: layer })),
      references: [],
      manifest: { descriptor, bytes: raw },
    };
  }
}

const MANIFEST_TYPES: readonly string[] = [
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.dockerManifestList,
];

/** The name of an entry: the full one, or one that is no mere tag. */
function namesOf({ annotations = {} }: Descriptor): Reference[] {
  const full = annotations[IMAGE_NAME];
  if (full !== undefined) return [parseTag(full)];
  const name = annotations[REF_NAME];
  // podman writes the ID of an image that it was told to save by that.
  if (name === undefined || !/[:/]/.test(name) || isDigest(name)) return [];
  try {
    return [parseTag(name)];
  } catch (error) {
    // The specification lets this be any text.
    if (isStowageError(error, 'INVALID_ARCHIVE')) return [];
    throw error;
  }
}

/** An image with two names has two entries. */
function mergeNames(images: readonly PlannedImage[]): PlannedImage[] {
  const byManifest = new Map<string, PlannedImage>();
  for (const image of images) {
    const key = image.manifest?.descriptor.digest ?? image.id;
    const known = byManifest.get(key);
    const references = [...(known?.references ?? []), ...image.references];
    byManifest.set(key, { ...image, references });
  }
  return [...byManifest.values()];
}

function checkSize({ digest, size }: Descriptor, actual: number): void {
  if (size === actual) return;
  const message = `invalid archive: ${digest} has ${String(actual)} bytes, its descriptor says ${String(size)}`;
  throw new StowageError('SIZE_MISMATCH', message);
}
