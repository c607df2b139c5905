import { commitTests } from './content-store-commit.ts';
import { hostileTests } from './content-store-hostile.ts';
import { ingestTests } from './content-store-ingest.ts';
import { readingTests } from './content-store-reading.ts';
import type { StorageSetup, TestApi } from './storage-subject.ts';

/**
 * What every driver's `ContentStore` must do.
 *
 * @param api the test runner
 * @param setup makes a fresh storage for each test
 */
export function contentStoreSuite(api: TestApi, setup: StorageSetup): void {
  api.describe('ContentStore', () => {
    ingestTests(api, setup);
    commitTests(api, setup);
    readingTests(api, setup);
    hostileTests(api, setup);
  });
}
