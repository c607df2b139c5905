import { describe, expect, it } from 'vitest';
import { metadataStoreSuite } from './metadata-store-suite.ts';
import { memorySubject } from './storage-memory.ts';

describe('memory', () => {
  metadataStoreSuite({ describe, it, expect }, memorySubject);
});
