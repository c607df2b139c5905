import type { AbortOptions, Bytes } from './bytes.ts';
import type { Digest } from './digest/digest.ts';
import type { Descriptor } from './document/descriptor.ts';
import type { RootFS } from './document/image-config.ts';
import type { Platform } from './platform/platform.ts';
import type { ContentStore } from './ports/content-store.ts';
import type { LayerScanner } from './ports/layer-store.ts';
import type { LeaseManager } from './ports/lease.ts';
import type { MetadataStore } from './ports/metadata-store.ts';
import type { PushLayerProvider } from './ports/push-layer.ts';
import type { ReferenceStore } from './ports/reference-store.ts';
import type { RegistryService } from './ports/registry-service.ts';
import type { AuthConfig, OpenRepository } from './ports/registry.ts';
import type { LayerUploadManager, RootFSDownloadManager } from './ports/transfer.ts';
import type { TrustKey } from './ports/trust-key.ts';
import type { ProgressOutput } from './progress/progress.ts';

/** How a configuration is stored. */
export interface PutConfigOptions extends AbortOptions {
  /** The stored blobs of its layers, base first, where nobody has registered them; see `CreateImageOptions`. */
  readonly pending?: readonly Descriptor[] | undefined;
}

/**
 * What pull and push need of an image store, and no more: the counterpart of moby's `distribution.ImageConfigStore`. An
 * image store's own view of it checks the layers; a plugin's may keep no more than the bytes.
 */
export interface ImageConfigStore {
  /**
   * Stores a configuration and answers its digest, the image ID. The bytes are kept as they are. One that is there
   * already is success. `INVALID_MANIFEST` for a malformed one, `NOT_FOUND` where its layers are neither registered
   * nor pending.
   */
  put(config: Bytes, options?: PutConfigOptions): Promise<Digest>;
  /** The bytes as they were stored. `NOT_FOUND` when there is no such image. */
  get(digest: Digest, options?: AbortOptions): Promise<Bytes>;
  /** The layers that a configuration names; `undefined` where it has no `rootfs`. `INVALID_MANIFEST`. */
  rootFSFromConfig(config: Bytes): RootFS | undefined;
  /**
   * The platform that a configuration is for, `os.version` included; an operating system that it leaves out is this
   * machine's. `INVALID_MANIFEST`; `PLATFORM_MISMATCH` when it cannot be used here.
   */
  platformFromConfig(config: Bytes): Platform;
}

/**
 * Told of what happened to an image: `(id, name, action)`, for example `('busybox:latest', 'busybox', 'pull')`. It is
 * called once the work is done, must not throw, and returns at once.
 */
export type ImageEventLogger = (id: string, name: string, action: string) => void;

/** What pull and push have in common; the counterpart of moby's `distribution.Config`, item by item. */
export interface DistributionConfig {
  /** Headers sent with every request to a registry. */
  readonly metaHeaders?: Readonly<Record<string, string>> | undefined;
  /** Credentials for the registry. Anonymous when left out. */
  readonly authConfig?: AuthConfig | undefined;
  /** Takes progress. */
  readonly progressOutput: ProgressOutput;
  /** Finds the endpoints of a registry. */
  readonly registryService: RegistryService;
  /** Told once an image was pulled or pushed. Nobody is when left out. */
  readonly imageEventLogger?: ImageEventLogger | undefined;
  /** What is remembered between pulls and pushes: which blob holds which layer. */
  readonly metadataStore: MetadataStore;
  /** Where configurations are kept, by image ID. */
  readonly imageStore: ImageConfigStore;
  /** Where names are kept. Nothing is tagged when left out. */
  readonly referenceStore?: ReferenceStore | undefined;
  /** Whether manifests older than schema 2 are refused, and registries that know nothing newer. */
  readonly requireSchema2: boolean;
  /** Where manifests are kept as they came. */
  readonly contentStore: ContentStore;
  /** Keeps new content from being collected while the image is incomplete. */
  readonly leases?: LeaseManager | undefined;
  /** How repositories are reached. Default: over HTTP, with `metaHeaders` and `authConfig`. */
  readonly openRepository?: OpenRepository | undefined;
}

/** The counterpart of moby's `distribution.ImagePullConfig`. */
export interface ImagePullConfig extends DistributionConfig {
  /** Brings layers in. Only the configuration is pulled when left out. */
  readonly downloadManager?: RootFSDownloadManager | undefined;
  /** Looks at layers as they come in, so that blobs need not be read again. They are when this is left out. */
  readonly layerScanner?: LayerScanner | undefined;
  /**
   * Whether layers are stored as they come, verified by their digests, and not inflated: what their DiffIDs are is
   * found out, and held against the configuration, when the image is first used. It needs a download manager that can
   * `downloadBlobs`. Images of schema 1, which have no configuration, are pulled in full. Default `false`.
   */
  readonly digestsOnly?: boolean | undefined;
  /** The media types that a docker schema 2 configuration may have. */
  readonly schema2Types: readonly string[];
  /** What to choose from an index. Default `linux` on this machine's processor. */
  readonly platform?: Platform | undefined;
  /**
   * Whether the signatures of manifests of schema 1 are verified, each by the key that comes with it: `true`, or the
   * public keys (RFC 7517) of which one at least must have signed. A key that nobody has vouched for proves little:
   * whoever changes a manifest can sign it anew. Default `false`: they are not looked at, as in moby.
   */
  readonly verifySchema1Signatures?: boolean | readonly JsonWebKey[] | undefined;
}

/** The counterpart of moby's `distribution.ImagePushConfig`. */
export interface ImagePushConfig extends DistributionConfig {
  /** The media type that the configuration is pushed with. */
  readonly configMediaType: string;
  /** Where layers are read from, by the operating system of the image as Go's GOOS. */
  readonly layerStores: Readonly<Record<string, PushLayerProvider>>;
  /** Signs schema 1 manifests for registries that take nothing newer. None is ever made when left out. */
  readonly trustKey?: TrustKey | undefined;
  /** Sends layers. */
  readonly uploadManager: LayerUploadManager;
}
