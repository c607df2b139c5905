import type { AbortOptions, Bytes, ByteStream } from '../bytes.ts';
import type { Descriptor } from '../document/descriptor.ts';
import type { ChainID, DiffID } from '../digest/digest.ts';

/** What kind of thing an entry of a layer is. */
export type LayerEntryType = 'file' | 'dir' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';

/** One entry of a layer's tar stream. */
export interface LayerEntry {
  /** Without leading or trailing slash, `.` and `..` resolved; empty for the root. */
  readonly path: string;
  /** What kind of thing it is. */
  readonly type: LayerEntryType;
  /** Bytes of content; 0 for anything but a file. */
  readonly size: number;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  /** The owner. */
  readonly uid: number;
  /** The owner's group. */
  readonly gid: number;
  /** Seconds since the epoch, possibly with a fraction. */
  readonly mtime: number;
  /** Where a symbolic or hard link points, as written. */
  readonly linkname?: string;
  /** Extended attributes; `encodeTarText` of `@stowage/core` gives the bytes of a value that is not UTF-8. */
  readonly xattrs?: Readonly<Record<string, string>>;
  /** The major number of a device. */
  readonly devmajor?: number;
  /** The minor number of a device. */
  readonly devminor?: number;
  /** Where the content begins in the uncompressed tar stream, in bytes. */
  readonly offset: number;
}

/** What a layer store tells of a layer that it removed, or holds. */
export interface LayerMetadata {
  /** Names the layer with everything beneath it. */
  readonly chainId: ChainID;
  /** Names the layer alone. */
  readonly diffId: DiffID;
  /** Uncompressed bytes of the whole stack. */
  readonly size: number;
  /** Uncompressed bytes of this layer. */
  readonly diffSize: number;
}

/** What a layer must offer to be looked into, wherever it is: in a store, or in a registry. */
export interface LayerReader {
  /** Names the layer alone. */
  readonly diffId: DiffID;
  /**
   * The uncompressed tar, verified against the DiffID as it is read: `DATA_LOSS` at its end when it differs. Whoever reads
   * nothing but single files leaves it out, and has `readRange`.
   */
  tarStream?(options?: AbortOptions): Promise<ByteStream>;
  /** The entries of this layer alone, in the order of its tar; whiteouts included. */
  entries(options?: AbortOptions): AsyncIterable<LayerEntry>;
  /** The content of a file of this layer alone. `NOT_FOUND`; `INVALID_ARGUMENT` when it is no regular file. */
  readFile(path: string, options?: AbortOptions): Promise<ByteStream>;
  /**
   * A part of the uncompressed tar stream, not verified against the DiffID; nothing after it is read. `DATA_LOSS` where
   * the stream ends before the part does. Whoever cannot do better than reading the whole tar leaves it out.
   *
   * @param offset the first byte wanted, for example the `offset` of an entry
   * @param length how many bytes are wanted
   */
  readRange?(offset: number, length: number, options?: AbortOptions): Promise<ByteStream>;
}

/** A layer that can be read from its first byte to its last. */
export interface LayerTarReader extends LayerReader {
  /** The uncompressed tar, verified against the DiffID as it is read: `DATA_LOSS` at its end when it differs. */
  tarStream(options?: AbortOptions): Promise<ByteStream>;
  /**
   * Gives the same bytes to `take`, piece by piece: for who reads all of it, and fast. The next piece comes once the
   * promise for the one before has resolved; until then its bytes stay as they are, and afterwards they do not. What
   * `take` rejects with, so does the call.
   */
  tarTo(take: (bytes: Bytes) => Promise<void>, options?: AbortOptions): Promise<void>;
}

/** A layer, held by whoever got it until it is given back with `LayerStore.release`. */
export interface Layer extends LayerMetadata, LayerTarReader {
  /** Names the layer alone. */
  readonly diffId: DiffID;
  /** Uncompressed bytes of this layer. */
  readonly diffSize: number;
  /** The layer beneath; absent for a base layer. It needs no release of its own. */
  readonly parent: Layer | undefined;
  /** The stored blob, as it came from the registry. */
  readonly descriptor: Descriptor;
  /**
   * A tar that leads from a layer beneath to this one: what the layers in between bring, and whiteouts for what they take
   * away, not verified. From the direct parent, and from nothing to a base layer, that is {@link Layer.tarStream}; from
   * nothing to any other layer it is all of them flattened. `INVALID_ARGUMENT` for a layer that is not beneath; the
   * stream fails with `INVALID_ARCHIVE` or `LIMIT_EXCEEDED` for layers that cannot be merged.
   *
   * @param parent a layer beneath. Default: nothing
   */
  tarStreamFrom(parent?: ChainID, options?: AbortOptions): Promise<ByteStream>;
}

/** What is learnt of a layer while its compressed bytes go by. */
export interface ScannedLayer {
  /** The digest of the uncompressed tar. */
  readonly diffId: DiffID;
  /** Uncompressed bytes. */
  readonly diffSize: number;
  /**
   * What a store keeps beside the layer so that it need not be inflated again to be looked into: a seek index, in the
   * store's own form. Absent where the store keeps none.
   */
  readonly seekIndex?: Bytes | undefined;
}

/**
 * Inflates, hashes and checks a layer while its compressed bytes go by, so that a blob need not be read again once it
 * is stored. The bytes are not yet verified against the blob's digest: the result counts only once they are.
 */
export interface LayerScan {
  /** Takes compressed bytes. They may be reused once the promise resolves. `INVALID_ARCHIVE`, `LIMIT_EXCEEDED`. */
  write(bytes: Bytes, options?: AbortOptions): Promise<void>;
  /** Ends the stream and tells what was learnt. `INVALID_ARCHIVE` when it ended early. */
  end(): Promise<ScannedLayer>;
  /** Gives up and frees what the scan holds. Idempotent; does nothing after `end`. */
  cancel(): Promise<void>;
}

/** How a stored blob is registered. */
export interface RegisterBlobOptions extends AbortOptions {
  /** What a {@link LayerScan} of the same blob found. The blob is read to find out when this is left out. */
  readonly scanned?: ScannedLayer | undefined;
  /** The DiffID that the image's configuration promises. `DIGEST_MISMATCH` when it is another. */
  readonly diffId?: DiffID | undefined;
  /** Told how many compressed bytes were read so far, where the blob has to be read. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** Looks at layers while they are on their way. */
export interface LayerScanner {
  /** Begins a scan of a layer's compressed bytes. `UNSUPPORTED` for a media type that is no layer of ours. */
  scan(descriptor: Descriptor): Promise<LayerScan>;
}

/**
 * Layers by ChainID. Every `register*` and `get` gives a new hold on a layer; a layer is removed when its last hold
 * and its last child are gone.
 */
export interface LayerStore extends LayerScanner {
  /**
   * Stores an uncompressed or compressed tar stream as it comes and registers it on top of `parent`. The stream is
   * cancelled where this fails. `NOT_FOUND` for an unknown parent, `LIMIT_EXCEEDED` beyond 125 layers,
   * `INVALID_ARCHIVE`, `UNSUPPORTED` for a compression that this runtime cannot read.
   */
  register(stream: ByteStream, parent?: ChainID, options?: AbortOptions): Promise<Layer>;
  /**
   * Registers a blob of the content store on top of `parent`. Where the chain is there already, the existing layer is
   * answered. `NOT_FOUND` for an unknown parent or a missing blob, `SIZE_MISMATCH` where the blob has not the size of its
   * descriptor, `LIMIT_EXCEEDED` beyond 125 layers, `INVALID_ARCHIVE`, `UNSUPPORTED` for a media type that is no layer.
   */
  registerBlob(descriptor: Descriptor, parent?: ChainID, options?: RegisterBlobOptions): Promise<Layer>;
  /** A new hold on a layer. `NOT_FOUND` when there is no such layer. */
  get(chainId: ChainID, options?: AbortOptions): Promise<Layer>;
  /** Every layer, without a hold on it. */
  map(options?: AbortOptions): Promise<ReadonlyMap<ChainID, LayerMetadata>>;
  /** Gives a hold back. `INVALID_ARGUMENT` when it was given back before. Returns the layers removed, top first. */
  release(layer: Layer, options?: AbortOptions): Promise<readonly LayerMetadata[]>;
}
