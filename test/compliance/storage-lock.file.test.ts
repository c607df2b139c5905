import { describe, expect, it } from 'vitest';
import { storageLockSuite } from './storage-lock-suite.ts';
import { fileSubject } from './storage-file.ts';

describe('files', () => {
  storageLockSuite({ describe, it, expect }, fileSubject);
});
