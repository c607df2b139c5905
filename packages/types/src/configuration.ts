import type { AbortOptions, Bytes } from './bytes.ts';
import type { Digest } from './digest.ts';
import type { RootFS } from './image-config.ts';
import type { Platform } from './platform.ts';
import type { ContentStore } from './ports/content-store.ts';
import type { LayerScanner } from './ports/layer-store.ts';
import type { LeaseManager } from './ports/lease.ts';
import type { MetadataStore } from './ports/metadata-store.ts';
import type { ReferenceStore } from './ports/reference-store.ts';
import type { AuthConfig, OpenRepository, RegistryService } from './ports/registry.ts';
import type { RootFSDownloadManager } from './ports/transfer.ts';
import type { ProgressOutput } from './progress.ts';

/** What pull and push need of an image store, and no more. */
export interface ImageConfigStore {
  /** Stores a configuration and answers its digest, the image ID. */
  put(config: Bytes, options?: AbortOptions): Promise<Digest>;
  /** `NOT_FOUND` when there is no such image. */
  get(digest: Digest, options?: AbortOptions): Promise<Bytes>;
  /** The layers that a configuration names; `undefined` where it has no `rootfs`. */
  rootFSFromConfig(config: Bytes): RootFS | undefined;
  /** The platform that a configuration is for. `PLATFORM_MISMATCH` when it cannot be used here. */
  platformFromConfig(config: Bytes): Platform;
}

/** Told of what happened to an image: `(id, name, action)`, for example `('busybox:latest', 'busybox', 'pull')`. */
export type ImageEventLogger = (id: string, name: string, action: string) => void;

/** What pull and push have in common; the counterpart of moby's `distribution.Config`, item by item. */
export interface DistributionConfig {
  /** Headers sent with every request to a registry. */
  readonly metaHeaders?: Readonly<Record<string, string>> | undefined;
  /** Credentials for the registry. Anonymous when left out. */
  readonly authConfig?: AuthConfig | undefined;
  readonly progressOutput: ProgressOutput;
  readonly registryService: RegistryService;
  readonly imageEventLogger?: ImageEventLogger | undefined;
  /** What is remembered between pulls and pushes: which blob holds which layer. */
  readonly metadataStore: MetadataStore;
  readonly imageStore: ImageConfigStore;
  /** Where names are kept. Nothing is tagged when left out. */
  readonly referenceStore?: ReferenceStore | undefined;
  /** Whether manifests older than schema 2 are refused. */
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
  /** The media types that a docker schema 2 configuration may have. */
  readonly schema2Types: readonly string[];
  /** What to choose from an index. Default `linux` on this machine's processor. */
  readonly platform?: Platform | undefined;
}
