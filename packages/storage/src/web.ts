export type { StorageOptions } from './memory-storage.ts';
export { openWebStorage } from './web-storage.ts';
