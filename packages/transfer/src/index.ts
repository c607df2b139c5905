export { createDownloadManager } from './download-manager.ts';
export type { DownloadManagerInit, LayerDownloadManager } from './download-manager.ts';
export * from './do-not-retry.ts';
export * from './transfer-manager.ts';
export type * from './transfer.ts';
