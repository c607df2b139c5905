import { describe, expect, it } from 'vitest';
import { storageLockSuite } from './storage-lock-suite.ts';
import { webSubject } from './storage-web.ts';

describe('a window', () => {
  storageLockSuite({ describe, it, expect }, webSubject);
});
