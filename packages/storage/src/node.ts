export { openFileStorage } from './file-storage.ts';
export type { StorageOptions } from './memory-storage.ts';
