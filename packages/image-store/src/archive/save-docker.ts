import { buildOciManifest, MEDIA_TYPES } from '@stowage/types';
import type { Descriptor, Layer } from '@stowage/types';
import { fileOf } from './archive-entries.ts';
import type { ArchiveEntry } from './archive-entries.ts';
import { pathOfDigest } from './archive-paths.ts';
import { encodeManifest, encodeRepositories } from './docker-documents.ts';
import type { SavedItem } from './docker-documents.ts';
import { LayoutEntries } from './layout-entries.ts';
import type { SavedImage } from './saved-image.ts';
import { v1Chain } from './v1-chain.ts';

/**
 * The entries of an archive as docker has written it since 25: an OCI image layout of plain layers that has a
 * `manifest.json` too.
 */
export async function planDocker(images: readonly SavedImage[]): Promise<ArchiveEntry[]> {
  const layout = new LayoutEntries();
  const items: SavedItem[] = [];
  for (const saved of images) {
    const { image } = saved;
    const config = await layout.bytes(image.raw, MEDIA_TYPES.ociConfig);
    const layers = saved.layers.map(plainDescriptor);
    for (const [at, layer] of saved.layers.entries()) {
      const { digest, size } = layers[at] as Descriptor;
      layout.blob(digest, size, (options) => layer.tarStream(options));
    }
    for (const { json } of await v1Chain(saved)) await layout.bytes(json, MEDIA_TYPES.octetStream);
    const manifest = buildOciManifest({ config, layers }, { indent: '' });
    layout.image(saved, await layout.bytes(manifest, MEDIA_TYPES.ociManifest));
    items.push({
      saved,
      config: pathOfDigest(config.digest),
      layers: layers.map(({ digest }) => pathOfDigest(digest)),
      sources: new Map(saved.layers.map((layer) => [layer.diffId, plainDescriptor(layer)])),
      top: layers.at(-1)?.digest.replace(/^.*:/, '') ?? '',
    });
  }
  const repositories = encodeRepositories(items);
  if (repositories !== undefined) layout.add(fileOf('repositories', repositories));
  layout.add(fileOf('manifest.json', encodeManifest(items)));
  return layout.finish();
}

/** A layer as the plain tar that it is once decompressed; in the order of docker's descriptors. */
function plainDescriptor({ diffId, diffSize }: Layer): Descriptor {
  return { mediaType: MEDIA_TYPES.ociLayer, size: diffSize, digest: diffId };
}
