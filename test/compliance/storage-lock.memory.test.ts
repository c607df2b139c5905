import { describe, expect, it } from 'vitest';
import { storageLockSuite } from './storage-lock-suite.ts';
import { memorySubject } from './storage-memory.ts';

describe('memory', () => {
  storageLockSuite({ describe, it, expect }, memorySubject);
});
