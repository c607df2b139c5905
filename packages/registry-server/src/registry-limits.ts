/** The sizes and numbers that a registry accepts. */
export interface RegistryLimits {
  /** The largest manifest, in bytes. Default 4 MiB, what the specification asks a registry to take at least. */
  readonly manifestBytes: number;
  /** The largest blob, in bytes. Default 64 GiB. */
  readonly blobBytes: number;
  /** How many uploads may be under way at once; one more is answered with 429. Default 1000. */
  readonly uploads: number;
  /** How long an upload may rest before it is thrown away, in milliseconds. Default a day. */
  readonly uploadIdle: number;
}
