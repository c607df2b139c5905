import { createV2MetadataService } from '@stowage/image-store';
import { describe, expect, it } from 'vitest';
import { v2MetadataSuite } from './v2-metadata-suite.ts';
import { fileSubject } from './storage-file.ts';

describe('files', () => {
  v2MetadataSuite({ describe, it, expect }, fileSubject, ({ metadata }) => createV2MetadataService(metadata));
});
