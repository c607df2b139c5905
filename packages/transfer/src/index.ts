export { createDownloadManager } from './download-manager.ts';
export type { DownloadManagerInit, LayerDownloadManager } from './download-manager.ts';
export * from './do-not-retry.ts';
export { createTransferManager } from './transfer-manager.ts';
export type { TransferManager, TransferManagerInit } from './transfer-manager.ts';
export type * from './transfer.ts';
