/** The sizes and numbers that a registry accepts. */
export interface RegistryLimits {
  /** The largest manifest, in bytes. Default 4 MiB, what the specification asks a registry to take at least. */
  readonly manifestBytes: number;
  /** The largest blob, in bytes. Default 64 GiB. */
  readonly blobBytes: number;
  /** The fewest bytes of a chunk but the last, told to clients. Default 0: any number. */
  readonly minChunkBytes: number;
  /** The most bytes of one request of an upload, told to clients. Default `Infinity`. */
  readonly maxChunkBytes: number;
  /** How many uploads may be under way at once; one more is answered with 429. Default 1000. */
  readonly uploads: number;
  /** How long an upload may rest before it is thrown away, in milliseconds. Default a day. */
  readonly uploadIdle: number;
}
