import { createMemoryStorage } from '@stowage/storage';
import type { StorageSubject } from './storage-subject.ts';

/** A storage in memory. */
export function memorySubject(): Promise<StorageSubject> {
  const storage = createMemoryStorage();
  return Promise.resolve({ storage, teardown: () => storage.close() });
}
