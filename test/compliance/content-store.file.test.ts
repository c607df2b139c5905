import { describe, expect, it } from 'vitest';
import { contentStoreSuite } from './content-store-suite.ts';
import { fileSubject } from './storage-file.ts';

describe('files', () => {
  contentStoreSuite({ describe, it, expect }, fileSubject);
});
