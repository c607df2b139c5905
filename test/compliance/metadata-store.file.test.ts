import { describe, expect, it } from 'vitest';
import { metadataStoreSuite } from './metadata-store-suite.ts';
import { fileSubject } from './storage-file.ts';

describe('files', () => {
  metadataStoreSuite({ describe, it, expect }, fileSubject);
});
