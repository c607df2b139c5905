import { hostPlatform, iterate, streamFrom } from '@stowage/core';
import type { LoadResult, SaveArchiveDeps, SaveArchiveOptions } from '@stowage/image-store';
import type { DiffViewsOptions, ImageView, ViewDifference } from '@stowage/layer-store';
import type { ExtractOptions, ExtractResult } from '@stowage/layer-store/node';
import { createTransferManager } from '@stowage/transfer';
import type { TransferManager } from '@stowage/transfer';
import {
  discardProgress,
  parseNormalizedNamed,
  parsePlatform,
  StowageError,
  tagNameOnly,
  trimNamed,
} from '@stowage/types';
import type {
  AbortOptions,
  AuthConfig,
  Bytes,
  ByteStream,
  Clock,
  ContentStore,
  Descriptor,
  ImageEventLogger,
  ImagePullConfig,
  ImageStore,
  LayerStore,
  LayerUploadManager,
  LeaseManager,
  LoginResult,
  MetadataStore,
  Platform,
  ReferenceStore,
  ReferrersOptions,
  RegistryService,
  Repository,
  RootFSDownloadManager,
  SearchOptions,
  SearchResults,
  Storage,
} from '@stowage/types';
import type { CheckOptions, CheckReport } from './check-store.ts';
import type {
  PullArtifactResult,
  PushArtifactOptions,
  PushArtifactResult,
} from './artifact/artifact-types.ts';
import type { CopyOptions, CopyResult } from './copy/copy-types.ts';
import { findImage } from './find-image.ts';
import type { GarbageReport } from './garbage-collector.ts';
import { createImageConfigStore } from './image-config-store.ts';
import { withImageLayers } from './image-layers.ts';
import { inspectImage, listImages } from './inspect-image.ts';
import type { ImageInspect, ImageSummary } from './inspect-image.ts';
import { createLeaseManager } from './leases.ts';
import { openView } from './open-view.ts';
import { observeWhole } from './pull/observe-whole.ts';
import type { PullPlan } from './pull/plan-pull.ts';
import { pull } from './pull/pull.ts';
import type { PullResult } from './pull/pull-result.ts';
import { listEntries } from './access/list-entries.ts';
import type { RegistryAccess } from './access/registry-access.ts';
import { RunningCalls } from './running-calls.ts';
import type { PushResult } from './push/push-result.ts';
import { removeArtifact, removeNames } from './remove-image.ts';
import type { RemoveResult } from './remove-image.ts';
import { resolveImage } from './pull/resolve-image.ts';
import { SCHEMA2_TYPES } from './pull/schema2-types.ts';
import { warnOfPlatform } from './pull/warn-of-platform.ts';
import type {
  LoadOptions,
  OpenImageView,
  PlanOptions,
  PullArtifactOptions,
  PullOptions,
  PushOptions,
  PushSeekIndexesOptions,
  RemoveOptions,
  ResolveOptions,
  Stowage,
  StowageOptions,
  ViewRemoteOptions,
} from './stowage.ts';

/** What an {@link OpenedStowage} is made of. */
export interface StowageParts {
  readonly storage: Storage;
  readonly ownsStorage: boolean;
  readonly layers: LayerStore;
  readonly imageStore: ImageStore;
  readonly references: ReferenceStore;
  readonly registry: RegistryService;
  readonly access: RegistryAccess;
  readonly downloads: RootFSDownloadManager;
  readonly auth: StowageOptions['auth'];
  readonly uploadConcurrency: number | undefined;
  readonly clock: Clock;
  readonly requireSchema2: boolean;
  readonly verifySchema1Signatures: ImagePullConfig['verifySchema1Signatures'];
  readonly onImageEvent: ImageEventLogger | undefined;
}

/** The operations of a store on its parts. */
export class OpenedStowage implements Stowage {
  readonly storage: Storage;
  readonly content: ContentStore;
  readonly metadata: MetadataStore;
  readonly layers: LayerStore;
  readonly imageStore: ImageStore;
  readonly references: ReferenceStore;
  readonly registry: RegistryService;

  readonly #parts: StowageParts;
  #uploads: LayerUploadManager | undefined;
  readonly #leases: LeaseManager;
  /** What pulls that run at one time share. */
  readonly #shared: TransferManager = createTransferManager({ concurrency: 0 });
  readonly #calls = new RunningCalls();

  constructor(parts: StowageParts) {
    this.storage = parts.storage;
    this.content = parts.storage.content;
    this.metadata = parts.storage.metadata;
    this.layers = parts.layers;
    this.imageStore = parts.imageStore;
    this.references = parts.references;
    this.registry = parts.registry;
    this.#parts = parts;
    this.#leases = createLeaseManager(parts.storage, { clock: parts.clock });
  }

  async pull(text: string, options: PullOptions = {}): Promise<PullResult> {
    const { allTags = false, digestsOnly = false, onProgress = discardProgress, onSnapshot } = options;
    // Docker's clients once asked for all tags with a colon at the end.
    const parsed = parseNormalizedNamed(text.replace(/:$/, ''));
    if (allTags && (parsed.tag !== undefined || parsed.digest !== undefined)) {
      throw new StowageError('INVALID_ARGUMENT', `tag can't be used with --all-tags/-a`);
    }
    const reference = allTags ? parsed : tagNameOnly(parsed);
    const platform = platformOf(options.platform);
    const own = {
      ...this.#pullConfig(),
      imageStore: createImageConfigStore(this.imageStore, {
        host: platform,
        clock: this.#parts.clock,
        pending: digestsOnly,
      }),
      progressOutput: onProgress,
      platform,
      digestsOnly,
    };
    const config = onSnapshot === undefined ? own : observeWhole(own, onSnapshot, this.#parts.clock);
    const result = await this.#calls.run(options, (signal) =>
      pull(reference, config, { signal, shared: this.#shared, clock: this.#parts.clock }),
    );
    if (!allTags) warnOfPlatform(result, platform, onProgress);
    return result;
  }

  /** What every pull into this store has in common. */
  #pullConfig(): Omit<ImagePullConfig, 'progressOutput' | 'platform' | 'imageStore'> {
    const { access, downloads, onImageEvent, requireSchema2, verifySchema1Signatures } = this.#parts;
    return {
      ...{ requireSchema2, verifySchema1Signatures },
      registryService: this.registry,
      imageEventLogger: onImageEvent,
      metadataStore: this.metadata,
      referenceStore: this.references,
      contentStore: this.content,
      downloadManager: downloads,
      layerScanner: this.layers,
      leases: this.#leases,
      openRepository: access.openRepository,
      schema2Types: SCHEMA2_TYPES,
    };
  }

  plan(text: string, options: PlanOptions = {}): Promise<PullPlan> {
    const reference = tagNameOnly(parseNormalizedNamed(text.replace(/:$/, '')));
    const platform = platformOf(options.platform) ?? hostPlatform();
    return this.#calls.run(options, async (signal) => {
      // Few need it, and a page should not have to load it.
      const { planPull } = await import('./pull/plan-pull.ts');
      const work = (remote: Repository): Promise<PullPlan> =>
        planPull(remote, this.content, reference, platform, { signal });
      return await this.#parts.access.read(reference, work, { signal });
    });
  }

  push(text: string, options: PushOptions = {}): Promise<PushResult> {
    return this.#calls.run(options, async (signal) => {
      // Few pages need it.
      const { createUploadManager, pushFromStore } = await import('./push-from-store.ts');
      const { access, auth, clock, onImageEvent, requireSchema2, uploadConcurrency } = this.#parts;
      this.#uploads ??= createUploadManager({ concurrency: uploadConcurrency, clock });
      const deps = {
        ...this.#stores(),
        ...{ content: this.content, metadata: this.metadata, registry: this.registry, leases: this.#leases },
        ...{ auth, uploads: this.#uploads, openRepository: access.openRepository },
        ...{ requireSchema2, onImageEvent },
      };
      return await pushFromStore(text, deps, { ...options, signal });
    });
  }

  copy(source: string, target: string, options: CopyOptions = {}): Promise<CopyResult> {
    return this.#calls.run(options, async (signal) => {
      const { copyImage } = await import('./copy/copy-image.ts');
      return await copyImage(source, target, this.#parts.access, { ...options, signal });
    });
  }

  pushArtifact(reference: string, options: PushArtifactOptions): Promise<PushArtifactResult> {
    return this.#calls.run(options, async (signal) => {
      const { pushArtifact } = await import('./artifact/push-artifact.ts');
      return await pushArtifact(reference, this.#parts.access, { ...options, signal });
    });
  }

  async pullArtifact(reference: string, options: PullArtifactOptions = {}): Promise<PullArtifactResult> {
    const result = await this.pull(reference, options);
    const { readArtifact } = await import('./artifact/read-artifact.ts');
    return await readArtifact(result, this.content, options);
  }

  async *referrers(text: string, options: ReferrersOptions = {}): AsyncGenerator<Descriptor> {
    const reference = tagNameOnly(parseNormalizedNamed(text));
    const signal = this.#calls.signal(options);
    const { digest = (await this.resolve(text, { signal })).digest } = reference;
    const list = (remote: Repository): AsyncIterable<Descriptor> =>
      remote.referrers(digest, { ...options, signal });
    yield* listEntries(this.#parts.access, reference, list, signal);
  }

  images(options?: AbortOptions): Promise<ImageSummary[]> {
    return listImages(this, options);
  }

  async inspect(text: string, options?: AbortOptions): Promise<ImageInspect> {
    const { image } = await findImage(text, this, options);
    return inspectImage(image, this, options);
  }

  async view(text: string, options?: AbortOptions): Promise<OpenImageView> {
    const { image } = await findImage(text, this, options);
    return openView(image, this, options);
  }

  viewRemote(text: string, options: ViewRemoteOptions = {}): Promise<ImageView> {
    const reference = tagNameOnly(parseNormalizedNamed(text));
    return this.#calls.run(options, async (signal) => {
      const { viewRemote } = await import('./remote/view-remote.ts');
      const platform = platformOf(options.platform);
      return await viewRemote(reference, this.#remotes(), { referrers: options.referrers, platform, signal });
    });
  }

  pushSeekIndexes(text: string, options: PushSeekIndexesOptions = {}): Promise<PushArtifactResult> {
    const reference = tagNameOnly(parseNormalizedNamed(text));
    const platform = platformOf(options.platform);
    return this.#calls.run(options, async (signal) => {
      const { pushSeekIndexes } = await import('./remote/push-seek-indexes.ts');
      const { onProgress } = options;
      return await pushSeekIndexes(reference, this.#remotes(), { platform, onProgress, signal });
    });
  }

  async diff(
    before: string,
    after: string,
    options: DiffViewsOptions = {},
  ): Promise<readonly ViewDifference[]> {
    const { diffImages } = await import('./diff-images.ts');
    return await diffImages(this, before, after, options);
  }

  extract(text: string, options: ExtractOptions): Promise<ExtractResult> {
    return this.#calls.run(options, async (signal) => {
      const { image } = await findImage(text, this, { signal });
      // It needs files, which a page has not.
      const { extractLayers } = await import('#platform');
      return await withImageLayers(image, this, (stack) => extractLayers(stack, { ...options, signal }), {
        signal,
      });
    });
  }

  async tag(source: string, target: string, options?: AbortOptions): Promise<void> {
    const name = tagNameOnly(parseNormalizedNamed(target));
    const { image, association } = await findImage(source, this, options);
    await this.references.addTag(name, image.id, true, { ...options, target: association?.target });
    await this.imageStore.setLastUpdated(image.id, this.#parts.clock.now(), options);
  }

  async remove(text: string, options: RemoveOptions = {}): Promise<RemoveResult> {
    const artifact = await removeArtifact(text, this.references, options);
    if (artifact !== undefined) {
      if (artifact.deleted.length > 0) await this.gc(options);
      return artifact;
    }
    const found = await findImage(text, this, options);
    const { untagged, named } = await removeNames(found, this.references, options);
    if (named) return { untagged, deleted: [] };
    const layers = await this.imageStore.delete(found.image.id, options);
    await this.gc(options);
    return { untagged, deleted: [found.image.id, ...layers.map(({ chainId }) => chainId)] };
  }

  save(references: readonly string[], options: SaveArchiveOptions = {}): ByteStream {
    const deps = { ...this.#stores(), leases: this.#leases };
    const signal = this.#calls.signal(options);
    return streamFrom(savedImages(references, deps, { ...options, signal }));
  }

  load(archive: ByteStream, options: LoadOptions = {}): Promise<LoadResult> {
    const deps = { ...this.#stores(), leases: this.#leases, clock: this.#parts.clock };
    const platform = platformOf(options.platform);
    return this.#calls.run(options, async (signal) => {
      const { loadImages } = await import('./archives.ts');
      return await loadImages(archive, deps, { ...options, platform, signal });
    });
  }

  resolve(text: string, options: ResolveOptions = {}): Promise<Descriptor> {
    const reference = tagNameOnly(parseNormalizedNamed(text));
    const platform = platformOf(options.platform);
    return this.#calls.run(options, (signal) =>
      this.#parts.access.read(reference, (remote) => resolveImage(remote, reference, platform, { signal }), {
        signal,
      }),
    );
  }

  async *tags(name: string, options: AbortOptions = {}): AsyncGenerator<string> {
    const reference = trimNamed(parseNormalizedNamed(name));
    const signal = this.#calls.signal(options);
    yield* listEntries(this.#parts.access, reference, (remote) => remote.tags({ signal }), signal);
  }

  login(auth: AuthConfig, options: AbortOptions = {}): Promise<LoginResult> {
    return this.#calls.run(options, (signal) => this.registry.auth(auth, { signal }));
  }

  search(term: string, options: SearchOptions = {}): Promise<SearchResults> {
    return this.#calls.run(options, (signal) => this.registry.search(term, { ...options, signal }));
  }

  async gc(options: AbortOptions = {}): Promise<GarbageReport> {
    // Most pages never collect.
    const { collectGarbage } = await import('./garbage-collector.ts');
    return await collectGarbage({ ...this.#stores(), clock: this.#parts.clock }, options);
  }

  check(options: CheckOptions = {}): Promise<CheckReport> {
    return this.#calls.run(options, async (signal) => {
      // Few need it, and a page should not have to load it.
      const { checkStore } = await import('./check-store.ts');
      return await checkStore(this.#stores(), { ...options, signal });
    });
  }

  async close(): Promise<void> {
    await this.#calls.close();
    if (this.#parts.ownsStorage) await this.storage.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #remotes(): { readonly access: RegistryAccess; readonly storage: Storage } {
    return { access: this.#parts.access, storage: this.storage };
  }

  #stores(): Pick<Stowage, 'storage' | 'imageStore' | 'layers' | 'references'> {
    const { storage, imageStore, layers, references } = this;
    return { storage, imageStore, layers, references };
  }
}

function platformOf(platform: Platform | string | undefined): Platform | undefined {
  return typeof platform === 'string' ? parsePlatform(platform, hostPlatform()) : platform;
}

/** The bytes of an archive. What makes them is loaded when they are first asked for. */
async function* savedImages(
  references: readonly string[],
  deps: SaveArchiveDeps,
  options: SaveArchiveOptions,
): AsyncGenerator<Bytes, void, undefined> {
  const { saveArchive } = await import('./archives.ts');
  yield* iterate(saveArchive(references, deps, options));
}
