import { createV2MetadataService, openImageStore, openReferenceStore } from '@stowage/image-store';
import { openLayerStore } from '@stowage/layer-store';
import { archiveSuite } from './archive-suite.ts';
import { contentStoreSuite } from './content-store-suite.ts';
import { imageStoreSuite } from './image-store-suite.ts';
import { layerStoreSuite } from './layer-store-suite.ts';
import { metadataStoreSuite } from './metadata-store-suite.ts';
import { referenceStoreSuite } from './reference-store-suite.ts';
import { storageLockSuite } from './storage-lock-suite.ts';
import type { TestApi } from './storage-subject.ts';
import { webSubject } from './storage-web.ts';
import { v2MetadataSuite } from './v2-metadata-suite.ts';

/** Every suite, over storages in the origin private file system. */
export function webSuites(api: TestApi): void {
  contentStoreSuite(api, webSubject);
  metadataStoreSuite(api, webSubject);
  storageLockSuite(api, webSubject);
  layerStoreSuite(api, webSubject, (storage) => openLayerStore({ storage }));
  referenceStoreSuite(api, webSubject, (storage) => openReferenceStore({ storage }));
  v2MetadataSuite(api, webSubject, ({ metadata }) => createV2MetadataService(metadata));
  archiveSuite(api, webSubject);
  imageStoreSuite(api, webSubject, async (storage) => {
    const layers = await openLayerStore({ storage });
    return { layers, images: await openImageStore({ storage, layers }) };
  });
}
