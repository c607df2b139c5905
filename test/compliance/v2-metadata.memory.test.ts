import { createV2MetadataService } from '@stowage/image-store';
import { describe, expect, it } from 'vitest';
import { v2MetadataSuite } from './v2-metadata-suite.ts';
import { memorySubject } from './storage-memory.ts';

describe('memory', () => {
  v2MetadataSuite({ describe, it, expect }, memorySubject, ({ metadata }) =>
    createV2MetadataService(metadata),
  );
});
