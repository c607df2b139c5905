import { describe, expect, it } from 'vitest';
import { contentStoreSuite } from './content-store-suite.ts';
import { memorySubject } from './storage-memory.ts';

describe('memory', () => {
  contentStoreSuite({ describe, it, expect }, memorySubject);
});
