import { openImageStore } from '@stowage/image-store';
import { openLayerStore } from '@stowage/layer-store';
import { describe, expect, it } from 'vitest';
import { imageStoreSuite } from './image-store-suite.ts';
import { memorySubject } from './storage-memory.ts';

describe('memory', () => {
  imageStoreSuite({ describe, it, expect }, memorySubject, async (storage) => {
    const layers = await openLayerStore({ storage });
    return { layers, images: await openImageStore({ storage, layers }) };
  });
});
