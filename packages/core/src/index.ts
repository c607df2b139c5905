export { backends } from './backends.ts';
export type { Backends } from './backends.ts';
export { chainId } from './digest/chain-id.ts';
export { findCheckpoint } from './inflate/checkpoint.ts';
export type { Checkpoint } from './inflate/checkpoint.ts';
export { decodeCheckpoints, encodeCheckpoints } from './inflate/checkpoint-codec.ts';
export type { DecodeCheckpointsOptions } from './inflate/checkpoint-codec.ts';
export { collect } from './stream/collect.ts';
export type { CompressionFormat } from './inflate/compression-format.ts';
export { createCompressor } from './deflate/compressor.ts';
export type { Compressor, CompressorInit, GzipBackend, GzipOptions } from './deflate/compressor-types.ts';
export { gzip } from './deflate/gzip.ts';
export { crc32 } from './inflate/crc32.ts';
export type { Crc32Backend } from './inflate/crc32.ts';
export { decompress, gunzip } from './decompress/decompress.ts';
export { createDecompressor } from './decompress/decompressor.ts';
export type { Decompressor } from './decompress/decompressor.ts';
export type {
  DecompressorInit,
  DecompressOptions,
  GunzipBackend,
  ZstdBackend,
} from './decompress/decompress-options.ts';
export { digestBytes } from './digest/digest-bytes.ts';
export { createDigester } from './digest/digester.ts';
export type { DigestBackend, DigesterOptions, ResumableDigester } from './digest/digester.ts';
export { drain } from './stream/drain.ts';
export { hashStream } from './digest/hash-stream.ts';
export type { StreamDigest } from './digest/hash-stream.ts';
export { hostPlatform } from './platform/host-platform.ts';
export { createInflater } from './inflate/inflater.ts';
export type { InflateBackend, Inflater, InflaterInit } from './inflate/inflater-init.ts';
export { iterate } from './stream/iterate.ts';
export { createLayerStage } from './layer-stage/layer-stage.ts';
export type {
  LayerStage,
  LayerStageInit,
  LayerStageResult,
  UnhashedLayerStageInit,
} from './layer-stage/layer-stage.ts';
export { streamFrom } from './stream/stream-from.ts';
export { streamOf } from './stream/stream-of.ts';
export { systemClock } from './platform/system-clock.ts';
export { tapStream } from './stream/tap-stream.ts';
export type { StreamTap } from './stream/tap-stream.ts';
export { verifyStream } from './digest/verify-stream.ts';
export * from './tar/tar-header.ts';
export * from './tar/scan-tar.ts';
export * from './tar/read-tar.ts';
export * from './tar/tar-writer.ts';
export { decodeTarText, encodeTarText } from './tar/tar-text.ts';
export * from './tar/tar-expand-sparse.ts';
export { withLock } from './platform/with-lock.ts';
export type { WorkerLike } from './workers/worker-handle.ts';
export { closeWorkers, createWorkerPool } from './workers/worker-pool.ts';
export type { WorkerPoolInit } from './workers/worker-leasing.ts';
export type { WorkerPool } from './workers/worker-pool.ts';
export type { WorkerBackend } from './workers/worker-backend.ts';
export { createZstdCompressor, zstd } from './zstd/zstd-compressor.ts';
export type { ZstdCompressor, ZstdCompressorInit } from './zstd/zstd-compression.ts';
