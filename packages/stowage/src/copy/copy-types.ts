import type { AbortOptions, Descriptor, Digest, Platform, ProgressOutput } from '@stowage/types';

/** How something is copied from registry to registry. */
export interface CopyOptions extends AbortOptions {
  /**
   * Which images of an index are copied, parsed or as `os/architecture[/variant]`: the one that fits each best, with its
   * attestations. Where others are left out, the copy is a smaller index with a digest of its own. An image that stands
   * alone is copied whatever it is for. Default: everything, unchanged.
   */
  readonly platforms?: readonly (Platform | string)[] | undefined;
  /**
   * Whether what refers to the manifests is copied too, and what refers to that: signatures, SBOMs, attestations; also
   * those that cosign keeps under tags, `sha256-<hex>` with `.sig`, `.att` or `.sbom`. Default `false`.
   */
  readonly referrers?: boolean | undefined;
  /**
   * Whether layers that may not be distributed freely are copied. Default: only to registries that the options of the
   * store list in `allowNondistributableArtifacts`.
   */
  readonly foreignLayers?: boolean | undefined;
  /** How many blobs are copied at once, 1 to 32. Default 5, as many as docker uploads. */
  readonly concurrency?: number | undefined;
  /** The most manifests that are looked at, referrers included; more fail with `LIMIT_EXCEEDED`. Default 1000. */
  readonly maxManifests?: number | undefined;
  /** Told of every step. */
  readonly onProgress?: ProgressOutput | undefined;
}

/** A manifest or an index that is at the target now. */
export interface CopiedManifest extends Pick<Descriptor, 'digest' | 'mediaType' | 'size'> {
  /** Whether it was there before; what it names was not looked at then, but for the manifests of an index. */
  readonly status: 'sent' | 'existing';
  /** What it is about, where it came as a referrer or by a tag of cosign's. */
  readonly subject?: Digest;
}

/** A blob, and how it came to be at the target. */
export interface CopiedBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /**
   * `existing`: it was there before; `mounted`: the registry took it from the source by itself; `skipped`: a layer that
   * may not be distributed freely, and is not there.
   */
  readonly status: 'sent' | 'mounted' | 'existing' | 'skipped';
}

/** What a copy did. */
export interface CopyResult {
  /** The full reference that was copied. */
  readonly source: string;
  /** The full reference of the copy. */
  readonly target: string;
  /** What the target names now. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** What the source names: another digest than `digest` where images were left out of an index. */
  readonly sourceDigest: Digest;
  /** What is beneath a manifest comes before it. */
  readonly manifests: readonly CopiedManifest[];
  readonly blobs: readonly CopiedBlob[];
  /** How many bytes of blobs were sent. */
  readonly sentBytes: number;
}
