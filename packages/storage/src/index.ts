export { checkContent } from './check-content.ts';
export { createMemoryStorage } from './memory-storage.ts';
export type { StorageOptions } from './memory-storage.ts';
export { openStorage } from './open-storage.ts';
export type { OpenStorageOptions } from './open-storage.ts';
export type {
  ContentInfo,
  ContentStore,
  Ingest,
  IngestOptions,
  IngestStatus,
  MetadataStore,
  Storage,
} from '@stowage/types';
