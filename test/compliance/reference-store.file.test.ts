import { openReferenceStore } from '@stowage/image-store';
import { describe, expect, it } from 'vitest';
import { referenceStoreSuite } from './reference-store-suite.ts';
import { fileSubject } from './storage-file.ts';

describe('files', () => {
  referenceStoreSuite({ describe, it, expect }, fileSubject, (storage) => openReferenceStore({ storage }));
});
