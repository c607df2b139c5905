import type { TarLimits } from '@stowage/core';
import type {
  AbortOptions,
  Bytes,
  ByteStream,
  ContentReader,
  Descriptor,
  Digest,
  DiffID,
  LayerEntry,
  LayerReader,
} from '@stowage/types';

/**
 * Whose table of contents it is: `estargz` is a JSON file at the end of a gzip layer, of stargz too; `zstd-chunked` one in
 * a skippable frame of a zstd layer; `ztoc` is SOCI's, a blob of its own beside a gzip layer.
 */
export type TocKind = 'estargz' | 'zstd-chunked' | 'ztoc';

/** Where in a layer its table of contents is. */
export interface FoundToc {
  readonly kind: 'estargz' | 'zstd-chunked';
  /** The first byte of it in the blob, as it is compressed. What comes before it is what it is of. */
  readonly offset: number;
  /** Compressed bytes. */
  readonly size: number;
  /** Uncompressed bytes, where that is told. */
  readonly plainSize?: number;
  /** The digest of the compressed table, where the descriptor has one. */
  readonly checksum?: Digest;
  /** The digest of the JSON in it, where the descriptor has one. */
  readonly tocDigest?: Digest;
}

/** What a table of contents may cost. Each defaults to the value of {@link DEFAULT_TOC_LIMITS}. */
export interface TocLimits {
  /** The most bytes of the table, compressed and uncompressed each. About ten times as much may be held in memory. */
  readonly maxTocBytes?: number | undefined;
  /** The most uncompressed bytes that all files of the layer may have. */
  readonly maxLayerBytes?: number | undefined;
  /**
   * The most bytes between two checkpoints of a ztoc, compressed and uncompressed each: the former are held in memory, and
   * the latter inflated for any of them. And the most uncompressed bytes before a chunk that shares a gzip member.
   */
  readonly maxSpanBytes?: number | undefined;
  /** Entries, names, and text in all, as for a tar stream. */
  readonly tar?: TarLimits | undefined;
}

/** What {@link openTocLayer} takes. */
export interface TocLayerInit {
  /** Has the layer: a store, or the `blobs` of a repository of a registry. Only parts of the layer are read from it. */
  readonly content: Pick<ContentReader, 'open'>;
  /** The layer, with the annotations that its manifest has: they are what its table of contents is verified by. */
  readonly descriptor: Descriptor;
  /** What the image's configuration calls the layer. It is passed on, and not verified: that takes the whole layer. */
  readonly diffId: DiffID;
  /** Where the table is. Default: {@link findToc} looks for it. */
  readonly toc?: FoundToc | undefined;
  /**
   * SOCI's table for this layer, used instead: its descriptor, by which it is read from `content` and verified, or the
   * bytes of it, verified by whoever has them.
   */
  readonly ztoc?: Bytes | Descriptor | undefined;
  readonly limits?: TocLimits | undefined;
}

/**
 * A layer of which parts are read by ranges, with the help of somebody else's table of contents. What is in the table is
 * believed as far as it is verified, not compared with the layer's tar.
 */
export interface TocLayer extends LayerReader {
  readonly kind: TocKind;
  /** The stored blob, as it came from the registry. */
  readonly descriptor: Descriptor;
  /**
   * Whether everything that is read here is verified by a digest that the descriptor vouches for, so that it may come
   * from anybody. It is not for stargz, for a layer whose descriptor has no digest of the table, and where an entry has
   * no digest.
   */
  readonly verified: boolean;
  /**
   * The entries of this layer in the order of the table; whiteouts included, landmarks and the table itself not. The
   * `offset` of an entry is that in the tar stream for a ztoc. The other tables do not tell it: there it is an address
   * that {@link TocLayer.readRange} understands, in which each file has one of its own and as many as it has bytes.
   */
  entries(options?: AbortOptions): AsyncIterable<LayerEntry>;
  /**
   * A part of a file, or with a ztoc of the tar stream. One request, or one for each run of chunks that are not next
   * to each other. Nothing that ends a stream well is unverified: where a chunk is not what the table says the stream
   * fails with `DIGEST_MISMATCH`, `INVALID_ARCHIVE` where it cannot be decompressed, `DATA_LOSS` where the blob ends.
   * `INVALID_ARGUMENT` for a part that is not of one file, or beyond the end.
   *
   * @param offset the first byte wanted: the `offset` of an entry, and how far into the file
   * @param length how many bytes are wanted
   */
  readRange(offset: number, length: number, options?: AbortOptions): Promise<ByteStream>;
  /** The content of a file of this layer alone. `NOT_FOUND`; `INVALID_ARGUMENT` when it is no regular file. */
  readFile(path: string, options?: AbortOptions): Promise<ByteStream>;
}

/** Limits, those for tables all given. */
export type ResolvedTocLimits = Omit<TocLimits, keyof typeof DEFAULT_TOC_LIMITS> & {
  readonly [Name in keyof typeof DEFAULT_TOC_LIMITS]: number;
};

/**
 * The limits that hold where none are given: 150 MiB for a table, the most that podman takes; 64 GiB for a layer; and
 * 64 MiB between two checkpoints of a ztoc, where 4 MiB are usual. For the tar, `DEFAULT_TAR_LIMITS` of `@stowage/core`.
 *
 * @example
 * ```ts
 * import { DEFAULT_TOC_LIMITS } from '@stowage/layer-store';
 *
 * console.log(DEFAULT_TOC_LIMITS.maxTocBytes / 2 ** 20); // 150
 * ```
 */
export const DEFAULT_TOC_LIMITS: {
  readonly maxTocBytes: number;
  readonly maxLayerBytes: number;
  readonly maxSpanBytes: number;
} = Object.freeze({ maxTocBytes: 150 * 2 ** 20, maxLayerBytes: 64 * 2 ** 30, maxSpanBytes: 64 * 2 ** 20 });

/** Fills in the defaults. */
export function resolveTocLimits(limits: TocLimits = {}): ResolvedTocLimits {
  return {
    maxTocBytes: limits.maxTocBytes ?? DEFAULT_TOC_LIMITS.maxTocBytes,
    maxLayerBytes: limits.maxLayerBytes ?? DEFAULT_TOC_LIMITS.maxLayerBytes,
    maxSpanBytes: limits.maxSpanBytes ?? DEFAULT_TOC_LIMITS.maxSpanBytes,
    tar: limits.tar,
  };
}
