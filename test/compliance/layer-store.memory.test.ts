import { openLayerStore } from '@stowage/layer-store';
import { describe, expect, it } from 'vitest';
import { layerStoreSuite } from './layer-store-suite.ts';
import { memorySubject } from './storage-memory.ts';

describe('memory', () => {
  layerStoreSuite({ describe, it, expect }, memorySubject, (storage) => openLayerStore({ storage }));
});
