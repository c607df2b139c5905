import { describe, expect, it } from 'vitest';
import { metadataStoreSuite } from './metadata-store-suite.ts';
import { webSubject } from './storage-web.ts';

describe('a window', () => {
  metadataStoreSuite({ describe, it, expect }, webSubject);
});
