import { openImageStore } from '@stowage/image-store';
import { openLayerStore } from '@stowage/layer-store';
import { encodeGoJson, MEDIA_TYPES } from '@stowage/types';
import type { Bytes, ChainID, Storage } from '@stowage/types';
import { openStorageOn } from '../../../packages/storage/src/file-storage.ts';
import { nodeFileSystem } from '../../../packages/storage/src/node-file-system.ts';
import { buildImage } from '../../support/image-builder.ts';

/**
 * Makes a store of so many images with a tag each, of two layers of their own each, and of so many more blobs that a
 * tool without a name has left. Nothing of it is synced: it is made for a bench.
 */
export async function makeLargeStore(root: string, images: number, moreBlobs: number): Promise<void> {
  const unsynced = {
    ...nodeFileSystem,
    open: async (...[path, mode]: Parameters<typeof nodeFileSystem.open>) =>
      Object.assign(await nodeFileSystem.open(path, mode), { sync: () => Promise.resolve() }),
    syncDirectory: () => Promise.resolve(),
  };
  const storage = await openStorageOn(unsynced, root);
  const layers = await openLayerStore({ storage });
  const imageStore = await openImageStore({ storage, layers });
  const manifests: object[] = [];
  for (let index = 0; index < images; index += 1) {
    const image = buildImage([[{ name: `a-${index}` }], [{ name: `b-${index}` }]]);
    let parent: ChainID | undefined;
    for (const { descriptor, diffId, bytes } of image.layers) {
      await put(storage, bytes);
      const scanned = { diffId, diffSize: 2048 };
      parent = (await layers.registerBlob(descriptor, parent, { scanned })).chainId;
    }
    await put(storage, image.manifest);
    const id = await imageStore.create(image.config.bytes);
    const name = `localhost/app:v${index}`;
    const annotations = {
      'org.opencontainers.image.ref.name': name,
      'io.containerd.image.name': name,
      'dev.stowage.image.id': id,
    };
    manifests.push({ ...image.descriptor, annotations });
  }
  for (let index = 0; index < moreBlobs; index += 1) {
    await put(storage, new TextEncoder().encode(`blob ${index}`));
  }
  const document = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests };
  await storage.metadata.set('layout', 'index.json', encodeGoJson(document));
  await storage.close();
}

async function put({ content }: Storage, bytes: Bytes): Promise<void> {
  const ingest = await content.ingest('blob');
  await ingest.write(bytes);
  await ingest.commit();
}
