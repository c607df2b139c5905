import type { Digest } from '../digest/digest.ts';
import type { Platform } from '../platform/platform.ts';

/** What names a blob: its type, digest and size (image-spec, "Content Descriptors"). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Where else the blob can be had; no credentials are ever sent there. */
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  /** The blob itself in base64, for small ones. */
  readonly data?: string;
  readonly artifactType?: string;
}
