import { openImageStore } from '@stowage/image-store';
import { openLayerStore } from '@stowage/layer-store';
import { describe, expect, it } from 'vitest';
import { imageStoreSuite } from './image-store-suite.ts';
import { fileSubject } from './storage-file.ts';

describe('files', () => {
  imageStoreSuite({ describe, it, expect }, fileSubject, async (storage) => {
    const layers = await openLayerStore({ storage });
    return { layers, images: await openImageStore({ storage, layers }) };
  });
});
