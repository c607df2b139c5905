export { DEFAULT_ARCHIVE_LIMITS } from './archive/archive-limits.ts';
export type { ArchiveLimits } from './archive/archive-limits.ts';
export * from './archive/load-archive.ts';
export type * from './archive/load-options.ts';
export * from './archive/save-archive.ts';
export * from './check-images.ts';
export * from './image-store.ts';
export * from './reference-store.ts';
