export { createDownloadManager } from './download/download-manager.ts';
export type { DownloadManagerInit, LayerDownloadManager } from './download/download-manager.ts';
export * from './retry/do-not-retry.ts';
export { isWorthRetrying } from './retry/retry.ts';
export { createTransferManager } from './shared/transfer-manager.ts';
export type { TransferManager, TransferManagerInit } from './shared/transfer-manager.ts';
export type * from './shared/transfer.ts';
export { createUploadManager } from './upload/upload-manager.ts';
export type { ConcurrentUploadManager, UploadManagerInit } from './upload/upload-manager.ts';
