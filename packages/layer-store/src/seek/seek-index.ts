import type { Checkpoint } from '@stowage/core';
import type { Descriptor, DiffID, LayerEntry } from '@stowage/types';

/** What makes it possible to read from the middle of a layer's blob. */
export interface SeekPoints {
  /** Names the layer. */
  readonly diffId: DiffID;
  /** The blob that they are of: one layer may be in many blobs, each compressed in another way. */
  readonly blob: Pick<Descriptor, 'digest' | 'size'>;
  /** How the blob is compressed. */
  readonly format: 'plain' | 'gzip' | 'zstd';
  /** Uncompressed bytes. */
  readonly diffSize: number;
  /**
   * Where reading can begin beside the beginning, in order: within gzip anywhere between two blocks, in zstd at the
   * beginning of a frame, with neither bits nor a window. None for a blob that is plain, which can be entered anywhere.
   */
  readonly checkpoints: readonly Checkpoint[];
}

/** What is known of a layer so that it need not be inflated to be looked into: its entries, and where they are. */
export interface SeekIndex extends SeekPoints {
  /** In the order of the tar stream. */
  readonly entries: readonly LayerEntry[];
}

/** What an index may cost its reader. */
export interface DecodeSeekIndexOptions {
  /** The most entries. Default a million. */
  readonly maxEntries?: number | undefined;
  /** The most bytes of the entries, inflated. Default 1 GiB. */
  readonly maxEntryBytes?: number | undefined;
  /** The most bytes that the checkpoints may have in memory. Default 128 MiB. */
  readonly maxCheckpointBytes?: number | undefined;
}
