import { describe, expect, it } from 'vitest';
import { archiveSuite } from './archive-suite.ts';
import { memorySubject } from './storage-memory.ts';

describe('memory', () => {
  archiveSuite({ describe, it, expect }, memorySubject);
});
