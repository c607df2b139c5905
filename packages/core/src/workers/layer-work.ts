import type { DigestAlgorithm } from '@stowage/types';
import type { DecompressOptions } from '../decompress/decompress-options.ts';
import type { Checkpoint } from '../inflate/checkpoint.ts';
import type { CompressionFormat } from '../inflate/compression-format.ts';
import type { TarLimits } from '../tar/tar-limits.ts';

/** What is to be done with a layer; a digest that is not named is not computed. */
export interface LayerWork extends DecompressOptions {
  readonly checkpointEvery?: number | undefined;
  readonly digest?: DigestAlgorithm | undefined;
  readonly diffId?: DigestAlgorithm | undefined;
  /** The limits of the archive in the layer, whose entries are to be told; `undefined` where nobody asks for them. */
  readonly tar?: TarLimits | undefined;
  /** Whether there is anything to decode; else the bytes are only hashed. Default true */
  readonly decode?: boolean | undefined;
}

/** What was found out about a layer, as far as it was asked for. */
export interface LayerFindings {
  readonly digest: string | undefined;
  readonly size: number;
  readonly diffId: string | undefined;
  readonly diffSize: number;
  readonly format: CompressionFormat;
  readonly checkpoints: readonly Checkpoint[];
}
