import { describe, expect, it } from 'vitest';
import { contentStoreSuite } from './content-store-suite.ts';
import { webSubject } from './storage-web.ts';

describe('a window', () => {
  contentStoreSuite({ describe, it, expect }, webSubject);
});
