import type { LoadArchiveOptions, LoadResult, SaveArchiveOptions } from '@stowage/image-store';
import type { DiffViewsOptions, ImageView, ViewDifference } from '@stowage/layer-store';
import type { ExtractOptions, ExtractResult } from '@stowage/layer-store/node';
import type { RegistryServiceInit } from '@stowage/registry';
import type {
  AbortOptions,
  AuthConfig,
  ByteStream,
  ContentStore,
  CredentialProvider,
  Descriptor,
  ImageEventLogger,
  ImagePullConfig,
  ImageStore,
  LayerStore,
  LoginResult,
  MetadataStore,
  Platform,
  ProgressOutput,
  ProgressSnapshot,
  ReferenceStore,
  ReferrersOptions,
  RegistryService,
  SearchOptions,
  SearchResults,
  Storage,
  TrustKey,
} from '@stowage/types';
import type {
  PullArtifactResult,
  PushArtifactOptions,
  PushArtifactResult,
} from './artifact/artifact-types.ts';
import type { CheckOptions, CheckReport } from './check-store.ts';
import type { CopyOptions, CopyResult } from './copy/copy-types.ts';
import type { GarbageReport } from './garbage-collector.ts';
import type { ImageInspect, ImageSummary } from './inspect-image.ts';
import type { PullPlan } from './pull/plan-pull.ts';
import type { PullResult } from './pull/pull-result.ts';
import type { PushImageOptions } from './push/push-context.ts';
import type { PushResult } from './push/push-result.ts';
import type { RemoveResult } from './remove-image.ts';

/**
 * How a {@link Stowage} is opened, and how registries are reached: mirrors, insecure registries, certificates, proxies,
 * limits are those of `createRegistryService` and `createRepository`.
 */
export interface StowageOptions extends RegistryServiceInit {
  /**
   * The directory of the store: a path in Node, Deno and Bun, in a page the name of a directory of the origin private
   * file system, for example `images`. It is made where it is missing. Default: memory.
   */
  readonly root?: string | undefined;
  /** A storage of the caller's, in place of `root`. It is not closed with the Stowage. */
  readonly storage?: Storage | undefined;
  /** Credentials: one set that is for one registry (its `serverAddress` says which), or a function of the host. */
  readonly auth?: AuthConfig | CredentialProvider | undefined;
  /** How many layers are downloaded at once. Default 3, as in docker. */
  readonly concurrency?: number | undefined;
  /** How many layers are uploaded at once. Default 5, as in docker. */
  readonly uploadConcurrency?: number | undefined;
  /** Whether manifests of schema 1, which docker wrote before 2016, are refused. Default `false`. */
  readonly requireSchema2?: boolean | undefined;
  /**
   * Whether the signatures of manifests of schema 1 are verified, each by the key that comes with it: `true`, or the
   * public keys (RFC 7517) of which one at least must have signed. A manifest whose signatures do not pass is refused
   * with `INVALID_MANIFEST`. Default `false`: they are not looked at, as in docker.
   */
  readonly verifySchema1Signatures?: ImagePullConfig['verifySchema1Signatures'];
  /** Told once an image was pulled or pushed: `('busybox:latest', 'busybox', 'pull')`. Default: nobody is. */
  readonly onImageEvent?: ImageEventLogger | undefined;
}

/** How an image is pulled. */
export interface PullOptions extends AbortOptions {
  /** What to choose from an index, parsed or as `os/architecture[/variant]`. Default: linux on this processor. */
  readonly platform?: Platform | string | undefined;
  /** Whether every tag of the repository is pulled; the reference is then a name alone. Default `false`. */
  readonly allTags?: boolean | undefined;
  /**
   * Whether layers are stored as they come, verified by their digests, and not inflated: their DiffIDs are found out, and
   * held against the configuration, when the image is first used. Default `false`.
   */
  readonly digestsOnly?: boolean | undefined;
  /** Told of every step. */
  readonly onProgress?: ProgressOutput | undefined;
  /** Told after every step where the pull stands as a whole: bytes, rate and the time that is left. */
  readonly onSnapshot?: ((snapshot: ProgressSnapshot) => void) | undefined;
}

/** How an artifact is pulled. */
export type PullArtifactOptions = Omit<PullOptions, 'allTags' | 'digestsOnly'>;

/** How an image is pushed. */
export interface PushOptions extends PushImageOptions {
  /** Whether every tag of the repository is pushed; the reference is then a name alone. Default `false`. */
  readonly allTags?: boolean | undefined;
  /** Signs manifests of schema 1, where `allowSchema1Push` is set. None is ever made without. */
  readonly trustKey?: TrustKey | undefined;
  /** Told of every step. */
  readonly onProgress?: ProgressOutput | undefined;
}

/** What a plan is made for. */
export type PlanOptions = Pick<PullOptions, 'platform' | 'signal'>;

/** How a reference is resolved. */
export interface ResolveOptions extends AbortOptions {
  /** Follow an index to the image for this platform. Default: answer the index itself. */
  readonly platform?: Platform | string | undefined;
}

/** How an archive is loaded. */
export interface LoadOptions extends Omit<LoadArchiveOptions, 'platform'> {
  /** What to choose from an index within an OCI layout. Default: linux on this processor. */
  readonly platform?: Platform | string | undefined;
}

/** How an image is removed. */
export interface RemoveOptions extends AbortOptions {
  /** Whether an image named by its ID goes although several names point to it. Default `false`. */
  readonly force?: boolean | undefined;
}

/** How an image is looked into where it is. */
export interface ViewRemoteOptions extends AbortOptions {
  /** What to choose from an index. Default: linux on this processor. */
  readonly platform?: Platform | string | undefined;
  /**
   * Whether seek indexes and tables of SOCI's are used that refer to the image in its registry. Whoever may push to the
   * repository may push such things, and nothing in the image vouches for them. Default `true`.
   */
  readonly referrers?: boolean | undefined;
}

/** How the seek indexes of an image are pushed. */
export interface PushSeekIndexesOptions extends AbortOptions {
  /** What to choose from an index. Default: linux on this processor. */
  readonly platform?: Platform | string | undefined;
  /** Told of every step. */
  readonly onProgress?: ProgressOutput | undefined;
}

/** An image's merged file tree. It keeps the image's layers until it is closed. */
export interface OpenImageView extends ImageView, AsyncDisposable {
  /** Lets go of the layers. Idempotent. */
  close(): Promise<void>;
}

/**
 * Container images in a store: pulled from registries, kept, named, looked into. References are what people type
 * (`busybox`, `ghcr.io/a/b:v1`, `name@sha256:...`); methods that work on images already here also take an image ID or
 * the beginning of one.
 */
export interface Stowage extends AsyncDisposable {
  /**
   * Downloads an image and names it. What is here already is not downloaded again; a pull that was cut off goes on
   * where it ended.
   *
   * @throws see `pull`
   */
  pull(reference: string, options?: PullOptions): Promise<PullResult>;
  /**
   * Sends an image to the registry of its name. One that was pulled goes as it came, with the same digests; what the
   * registry has, or can take from another of its repositories, is not sent again.
   *
   * @throws see the function `push`
   */
  push(reference: string, options?: PushOptions): Promise<PushResult>;
  /**
   * What a pull would do, without doing it: what is here, what would come over the wire and in how many requests.
   * Registry and store are read and nothing is stored.
   *
   * @throws see `pull`
   */
  plan(reference: string, options?: PlanOptions): Promise<PullPlan>;
  /**
   * Copies what a reference names, with everything beneath it, from registry to registry: nothing is stored on the way.
   * Blobs that the target has are not sent, and within one registry they are mounted where it lets them be; else they
   * pass through as a stream. Manifests stay as they are, byte for byte. The target gets its name last, when all the
   * rest is there. `NOT_FOUND`, `PLATFORM_MISMATCH`, `DIGEST_MISMATCH` and `SIZE_MISMATCH` for content that is not what
   * was promised, `LIMIT_EXCEEDED`, `UNSUPPORTED` for manifests of unknown types, `INVALID_ARGUMENT` for a target with
   * a digest that the copy has not; what else either registry answers.
   *
   * @param source with a tag or a digest, else `latest`
   * @param target the same
   */
  copy(source: string, target: string, options?: CopyOptions): Promise<CopyResult>;
  /**
   * Pushes files as an artifact, an OCI manifest with an empty configuration. With a `subject` it refers to another
   * manifest of the repository, and is listed among its referrers; without a tag it has its digest alone then.
   * `INVALID_ARGUMENT` for a reference with a digest and for what is no media type; `NOT_FOUND` for the subject;
   * `SIZE_MISMATCH`; what else the registry answers.
   */
  pushArtifact(reference: string, options: PushArtifactOptions): Promise<PushArtifactResult>;
  /** Pulls an artifact into the store, and gives its files. `UNSUPPORTED` for an image; see {@link Stowage.pull}. */
  pullArtifact(reference: string, options?: PullArtifactOptions): Promise<PullArtifactResult>;
  /**
   * What refers to a manifest in its registry: signatures, SBOMs, attestations. Nothing is stored. `NOT_FOUND` for a tag
   * that is not there.
   */
  referrers(reference: string, options?: ReferrersOptions): AsyncIterable<Descriptor>;
  /** The images in the store, the latest first. */
  images(options?: AbortOptions): Promise<readonly ImageSummary[]>;
  /** All that is known of an image. `NOT_FOUND`, `AMBIGUOUS`. */
  inspect(reference: string, options?: AbortOptions): Promise<ImageInspect>;
  /** The merged file tree of an image. `NOT_FOUND`, `AMBIGUOUS`. */
  view(reference: string, options?: AbortOptions): Promise<OpenImageView>;
  /**
   * The merged file tree of an image that stays in its registry: what is read comes by single ranges of its layers. A layer
   * that has a table of contents which the manifest vouches for (eStargz, zstd:chunked) is opened by that, else by a seek
   * index or a table of SOCI's that refers to the image; any other one is streamed once. Seek indexes are kept in the
   * store until `gc`. Contents that are read by one are not verified: the registry is trusted for them, and whoever pushed
   * what refers to the image. Nothing has to be closed.
   *
   * @throws see `pull`; `UNSUPPORTED` for images of schema 1
   */
  viewRemote(reference: string, options?: ViewRemoteOptions): Promise<ImageView>;
  /**
   * Makes the seek indexes of the layers of an image in a registry, and pushes them beside it as one artifact that refers to
   * it: whoever looks into the image by {@link Stowage.viewRemote} then need not stream its layers. What this store knows of
   * layers is taken, the others are streamed once. The artifact is the same every time, and one that is there is not pushed
   * again. `LIMIT_EXCEEDED` for a layer with too many entries for an index.
   *
   * @throws see `viewRemote` and `pushArtifact`
   */
  pushSeekIndexes(reference: string, options?: PushSeekIndexesOptions): Promise<PushArtifactResult>;
  /** How two images differ, as `diffViews` of `@stowage/layer-store` tells. `NOT_FOUND`, `AMBIGUOUS`. */
  diff(before: string, after: string, options?: DiffViewsOptions): Promise<readonly ViewDifference[]>;
  /**
   * Unpacks an image into a directory, in Node, Deno and Bun. `NOT_FOUND`, `AMBIGUOUS`, `UNSUPPORTED` in a page; see
   * `extract` of `@stowage/layer-store/node`.
   */
  extract(reference: string, options: ExtractOptions): Promise<ExtractResult>;
  /** Gives an image another name; a tag that named another image is moved. `NOT_FOUND`, `INVALID_REFERENCE`. */
  tag(source: string, target: string, options?: AbortOptions): Promise<void>;
  /**
   * Takes a name from an image, and with its last name the image itself with all that nothing else uses. `CONFLICT`
   * for an ID that several repositories name, unless `force` is set.
   */
  remove(reference: string, options?: RemoveOptions): Promise<RemoveResult>;
  /**
   * Images as an archive, which docker and tools for OCI layouts read. A name alone stands for all its tags, an ID for
   * the image without a name. The stream fails with `NOT_FOUND` or `AMBIGUOUS` where there is no such image.
   *
   * @throws see `saveArchive` of `@stowage/image-store`
   */
  save(references: readonly string[], options?: SaveArchiveOptions): ByteStream;
  /**
   * Brings in the images of an archive: of `docker save` in any of its forms, or an OCI layout in a tar, plain or
   * compressed. They get the names that the archive gives them only where `tags` says so; an image without a name stays
   * until the next `gc`.
   *
   * @throws see `loadArchive` of `@stowage/image-store`
   */
  load(archive: ByteStream, options?: LoadOptions): Promise<LoadResult>;
  /** What a reference names in its registry. Nothing is stored. */
  resolve(reference: string, options?: ResolveOptions): Promise<Descriptor>;
  /** Every tag of a repository, in the registry's order. */
  tags(name: string, options?: AbortOptions): AsyncIterable<string>;
  /**
   * Proves that credentials are good: those for the registry that their `serverAddress` names, Docker Hub by default.
   * They are not kept: open with them as `auth` to use them. `UNAUTHENTICATED`.
   */
  login(auth: AuthConfig, options?: AbortOptions): Promise<LoginResult>;
  /** Searches Docker Hub, or the registry that the term begins with, by docker's first API. `INVALID_ARGUMENT`. */
  search(term: string, options?: SearchOptions): Promise<SearchResults>;
  /** Removes images without a name, layers and blobs that nothing uses, and downloads left alone for a week. */
  gc(options?: AbortOptions): Promise<GarbageReport>;
  /**
   * Reads and verifies everything in the store, from the blobs up, and reports all that is wrong at once. With `repair`,
   * what cannot be trusted is taken out; nothing else is changed.
   */
  check(options?: CheckOptions): Promise<CheckReport>;
  /** Ends running pulls and closes the storage, where it was opened here. Idempotent. */
  close(): Promise<void>;

  /** The storage under all of it. */
  readonly storage: Storage;
  /** Blobs by digest. */
  readonly content: ContentStore;
  /** Small values. */
  readonly metadata: MetadataStore;
  /** Layers by ChainID. */
  readonly layers: LayerStore;
  /** Images by ID. */
  readonly imageStore: ImageStore;
  /** Names. */
  readonly references: ReferenceStore;
  /** Registries and how to reach them. */
  readonly registry: RegistryService;
}
