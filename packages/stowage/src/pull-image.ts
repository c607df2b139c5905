import { collect, digestBytes } from '@stowage/core';
import { createV2MetadataService } from '@stowage/image-store';
import { isStowageError, MEDIA_TYPES, parseImageConfig, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  ContentStore,
  Descriptor,
  DiffID,
  ImageID,
  ImageManifest,
  ImagePullConfig,
  Platform,
  Repository,
} from '@stowage/types';
import { createLayerDownload } from './layer-download.ts';
import { fetchOnce } from './open-ingest.ts';
import type { PullContext } from './pull-context.ts';
import type { PulledLayer } from './pull-result.ts';
import { share } from './share.ts';

/** The largest image configuration that is accepted, in bytes. */
const MAX_CONFIG_BYTES: number = 8 * 1024 * 1024;

/** An image that is in the store now. */
export interface PulledImage {
  readonly imageId: ImageID;
  readonly platform: Platform;
  readonly layers: readonly PulledLayer[];
}

/** Where an image is pulled from. */
export interface PullSource {
  readonly remote: Repository;
  /** The repository's full name, for example `docker.io/library/busybox`. */
  readonly repository: string;
}

/** Brings the configuration and the layers of one manifest in and makes an image of them (moby's `pullSchema2`). */
export async function pullImage(
  manifest: ImageManifest,
  source: PullSource,
  config: ImagePullConfig,
  options: PullContext,
): Promise<PulledImage> {
  checkMediaTypes(manifest, config.schema2Types);
  const present = await presentConfig(manifest, config, options);
  const bytes = present ?? (await bringIn(manifest, source, config, options));
  const platform = config.imageStore.platformFromConfig(bytes);
  // An image that is here is put again: the store may note when that was.
  if (present !== undefined) await config.imageStore.put(present, options);
  const { rootfs } = parseImageConfig(bytes);
  const imageId = (await digestBytes(bytes)) as ImageID;
  return {
    imageId,
    platform,
    layers: manifest.layers.map((layer, index) => ({ ...layer, diffId: rootfs.diff_ids[index] as DiffID })),
  };
}

/** The configuration, where the image is in the store together with every blob that the manifest names. */
async function presentConfig(
  { config: { digest }, layers }: ImageManifest,
  { imageStore, contentStore }: ImagePullConfig,
  options: AbortOptions,
): Promise<Bytes | undefined> {
  try {
    const bytes = await imageStore.get(digest, options);
    for (const layer of layers) await contentStore.info(layer.digest, options);
    return bytes;
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Downloads configuration and layers side by side. A configuration that cannot be had ends the layers too. */
async function bringIn(
  manifest: ImageManifest,
  { remote, repository: sourceRepository }: PullSource,
  config: ImagePullConfig,
  options: PullContext,
): Promise<Bytes> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const configBytes = fetchUsableConfig(manifest.config, remote, config, { ...options, signal });
  configBytes.catch((error: unknown) => {
    stop.abort(error);
  });

  const { downloadManager, contentStore, metadataStore, layerScanner, progressOutput } = config;
  if (downloadManager === undefined) {
    const bytes = await configBytes;
    await config.imageStore.put(bytes, options);
    return bytes;
  }
  const { clock } = options;
  const layerMetadata = createV2MetadataService(metadataStore);
  const deps = { contentStore, layerMetadata, remote, sourceRepository, layerScanner, clock };
  const downloads = manifest.layers.map((layer) => createLayerDownload(layer, deps));
  const empty = { type: 'layers', diff_ids: [] };
  try {
    const layers = await downloadManager.download(empty, '', downloads, progressOutput, { signal });
    try {
      const bytes = await configBytes;
      checkRootFS(layers.rootFS.diff_ids, config.imageStore.rootFSFromConfig(bytes)?.diff_ids);
      await config.imageStore.put(bytes, options);
      return bytes;
    } finally {
      await layers.release();
    }
  } catch (error) {
    stop.abort(error);
    throw error;
  }
}

/** The configuration of an image, refused where it is for another platform: its layers need not come then. */
async function fetchUsableConfig(
  descriptor: Descriptor,
  remote: Repository,
  { contentStore, imageStore }: ImagePullConfig,
  options: PullContext & { readonly signal: AbortSignal },
): Promise<Bytes> {
  const bytes = await fetchConfig(descriptor, remote, contentStore, options);
  imageStore.platformFromConfig(bytes);
  return bytes;
}

/** The configuration of an image, verified; from the content store where it is there. */
async function fetchConfig(
  { digest, size }: Descriptor,
  remote: Repository,
  content: ContentStore,
  options: PullContext & { readonly signal: AbortSignal },
): Promise<Bytes> {
  const { signal, shared, clock } = options;
  if (size > MAX_CONFIG_BYTES) {
    throw new StowageError(
      'LIMIT_EXCEEDED',
      `image configuration ${digest} is larger than ${MAX_CONFIG_BYTES} bytes`,
    );
  }
  try {
    return await content.read(digest, { signal, maxBytes: MAX_CONFIG_BYTES });
  } catch (error) {
    if (!isStowageError(error, 'NOT_FOUND')) throw error;
  }
  const download = async (job: AbortOptions): Promise<Bytes> => {
    const limited = { ...job, maxBytes: MAX_CONFIG_BYTES };
    const fetch = async (): Promise<Bytes> =>
      collect(await remote.blobs.open(digest, { ...job, size }), limited);
    const fetched = await fetchOnce(content, `config-${digest}`, { ...job, digest, size }, fetch, clock);
    return fetched ?? content.read(digest, limited);
  };
  try {
    return await share(shared, `config:${remote.name}@${digest}`, download, { signal });
  } catch (cause) {
    if (!isStowageError(cause, 'DIGEST_MISMATCH')) throw cause;
    const message = `image config verification failed for digest ${digest}`;
    throw new StowageError('DIGEST_MISMATCH', message, { cause });
  }
}

function checkRootFS(found: readonly DiffID[], promised: readonly DiffID[] | undefined): void {
  if (promised === undefined) throw invalid('invalid rootfs in image configuration');
  if (found.length !== promised.length || found.some((diffId, index) => diffId !== promised[index])) {
    throw invalid(`layers from manifest don't match image configuration`);
  }
}

const GENERIC_TYPES = ['application/octet-stream', 'application/json', 'text/html', ''];
const IMAGE_TYPES = ['application/vnd.oci.image', 'application/vnd.docker'];

function checkMediaTypes(
  { mediaType, config, layers }: ImageManifest,
  schema2Types: readonly string[],
): void {
  if (mediaType === MEDIA_TYPES.dockerManifest && !schema2Types.includes(config.mediaType)) {
    throw new StowageError('UNSUPPORTED', `Encountered remote "${config.mediaType}"(unknown) when fetching`);
  }
  for (const { mediaType: type } of [config, ...layers]) {
    const lower = type.toLowerCase();
    const known =
      GENERIC_TYPES.includes(lower) ||
      IMAGE_TYPES.some((family) => lower === family || lower.startsWith(`${family}.`));
    if (!known) throw new StowageError('UNSUPPORTED', `unsupported media type ${type}`);
  }
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_MANIFEST', message);
}
