import { describe, expect, it } from 'vitest';
import { archiveSuite } from './archive-suite.ts';
import { fileSubject } from './storage-file.ts';

describe('file', () => {
  archiveSuite({ describe, it, expect }, fileSubject);
});
