import { digestBytes, hostPlatform } from '@stowage/core';
import {
  fixManifestLayers,
  makeConfigFromV1Config,
  MEDIA_TYPES,
  parseSignedManifest,
  readSignedManifest,
  StowageError,
  verifySignedManifest,
} from '@stowage/types';
import type {
  AbortOptions,
  Descriptor,
  Digest,
  DiffID,
  DownloadedLayer,
  ImageID,
  ImagePullConfig,
  LayerDownload,
  ProgressOutput,
  SignedManifest,
} from '@stowage/types';
import { createLayerDownload, layerDownloadDeps } from './layer-download.ts';
import type { LayerDownloadDeps, LayerSource } from './layer-download.ts';
import { MAX_MANIFEST_BYTES } from './manifest-cache.ts';
import type { PullContext } from './pull-context.ts';
import type { PulledImage } from './pull-image.ts';

/** The largest blob that schema 1 may name: what it is made of has no sizes that could be checked before. */
const MAX_LAYER_BYTES: number = 32 * 1024 ** 3;

/**
 * Brings the layers of a manifest of schema 1 in, makes the configuration that it does not have, and an image of both
 * (moby's `pullSchema1`). That the manifest is what its digest names was verified when it was read.
 *
 * @param subject what is pulled, as people write it
 * @throws `INVALID_MANIFEST` in moby's words, or where signatures are to be verified and cannot; `PLATFORM_MISMATCH` for another operating system than this machine's
 */
export async function pullSchema1(
  signed: SignedManifest,
  subject: string,
  source: LayerSource,
  config: ImagePullConfig,
  options: PullContext,
): Promise<PulledImage> {
  verifySignedManifest(signed, subject);
  await verifySignatures(signed, source, config, options);
  const manifest = fixManifestLayers(signed);
  const [top] = manifest.history;
  if (top === undefined || config.downloadManager === undefined) {
    throw new StowageError('UNSUPPORTED', 'schema 1 needs its layers');
  }
  const { layers: digests, history } = readSignedManifest(manifest);
  checkOs(config);
  const deps = layerDownloadDeps(source, config, options);
  const found = new Map<Digest, Descriptor>();
  const downloads = digests.map((digest) => createUnsizedDownload(digest, deps, found));
  const layers = await config.downloadManager.download(
    { type: 'layers', diff_ids: [] },
    '',
    downloads,
    config.progressOutput,
    options,
  );
  try {
    const bytes = makeConfigFromV1Config(top.v1Compatibility, layers.rootFS, history);
    await config.imageStore.put(bytes, options);
    return {
      imageId: (await digestBytes(bytes)) as ImageID,
      platform: config.imageStore.platformFromConfig(bytes),
      layers: await Promise.all(
        digests.map(async (digest, index) => ({
          ...(found.get(digest) ?? (await describeStored(digest, deps, options))),
          diffId: layers.rootFS.diff_ids[index] as DiffID,
        })),
      ),
    };
  } finally {
    await layers.release();
  }
}

/** Verifies the signatures where that is wanted. The store keeps what was signed alone: they are fetched again then. */
async function verifySignatures(
  signed: SignedManifest,
  { remote }: LayerSource,
  { verifySchema1Signatures: wanted = false }: ImagePullConfig,
  options: AbortOptions,
): Promise<void> {
  if (wanted === false) return;
  const { checkSignatures } = await import('./check-signatures.ts');
  if (signed.raw !== signed.canonical) {
    await checkSignatures(signed, wanted);
    return;
  }
  const { bytes } = await remote.manifests.get(await digestBytes(signed.canonical), options);
  await checkSignatures(parseSignedManifest(bytes, { maxBytes: MAX_MANIFEST_BYTES }), wanted);
}

/** As in moby: the manifest itself names no operating system, so it is taken to be for this machine's. */
function checkOs({ platform }: ImagePullConfig): void {
  const { os } = hostPlatform();
  if (platform === undefined || platform.os.toLowerCase() === os) return;
  throw new StowageError(
    'PLATFORM_MISMATCH',
    `cannot download image with operating system "${os}" when requesting "${platform.os}"`,
  );
}

/** A download whose size is asked for when its turn has come: schema 1 names none. */
function createUnsizedDownload(
  digest: Digest,
  deps: LayerDownloadDeps,
  found: Map<Digest, Descriptor>,
): LayerDownload {
  const unsized = createLayerDownload({ mediaType: MEDIA_TYPES.dockerLayerGzip, digest, size: 0 }, deps);
  const download = async (output: ProgressOutput, options: AbortOptions = {}): Promise<DownloadedLayer> => {
    const descriptor = await sizeOf(digest, deps, options);
    found.set(digest, descriptor);
    return await createLayerDownload(descriptor, deps).download(output, options);
  };
  return { ...unsized, download };
}

async function sizeOf(
  digest: Digest,
  { remote }: LayerDownloadDeps,
  options: AbortOptions,
): Promise<Descriptor> {
  const { size } = await remote.blobs.stat(digest, options);
  if (size > MAX_LAYER_BYTES) {
    throw new StowageError('LIMIT_EXCEEDED', `layer ${digest} is larger than ${MAX_LAYER_BYTES} bytes`);
  }
  return { mediaType: MEDIA_TYPES.dockerLayerGzip, digest, size };
}

async function describeStored(
  digest: Digest,
  { contentStore }: LayerDownloadDeps,
  options: AbortOptions,
): Promise<Descriptor> {
  const { size } = await contentStore.info(digest, options);
  return { mediaType: MEDIA_TYPES.dockerLayerGzip, digest, size };
}
