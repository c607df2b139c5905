import { openLayerStore } from '@stowage/layer-store';
import { describe, expect, it } from 'vitest';
import { layerStoreSuite } from './layer-store-suite.ts';
import { fileSubject } from './storage-file.ts';

describe('files', () => {
  layerStoreSuite({ describe, it, expect }, fileSubject, (storage) => openLayerStore({ storage }));
});
