import { openReferenceStore } from '@stowage/image-store';
import { describe, expect, it } from 'vitest';
import { referenceStoreSuite } from './reference-store-suite.ts';
import { memorySubject } from './storage-memory.ts';

describe('memory', () => {
  referenceStoreSuite({ describe, it, expect }, memorySubject, (storage) => openReferenceStore({ storage }));
});
