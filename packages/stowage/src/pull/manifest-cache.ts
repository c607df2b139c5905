import {
  DEFAULT_DOMAIN,
  detectManifestMediaType,
  essenceOf,
  isStowageError,
  MEDIA_TYPES,
  parseManifest,
  parseSignedManifest,
  StowageError,
} from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  Clock,
  ContentStore,
  Descriptor,
  FetchedManifest,
  Lease,
  Manifest,
  Reference,
  Repository,
  SignedManifest,
} from '@stowage/types';
import { fetchOnce } from './open-ingest.ts';
import type { PullContext } from './pull-context.ts';
import { share } from './share.ts';

/** The largest manifest that is accepted, in bytes; what the distribution specification asks registries to take. */
export const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024;

const SOURCE_LABEL = 'containerd.io/distribution.source.';

/** Whether a media type is one of schema 1. */
export function isSchema1(mediaType: string): boolean {
  return mediaType === MEDIA_TYPES.dockerSchema1 || mediaType === MEDIA_TYPES.dockerSchema1Signed;
}

/** What names a manifest that is wanted. */
export type ManifestTarget = Pick<Descriptor, 'digest'> & { readonly mediaType?: string };

/** A manifest and the descriptor that it is stored under. */
export interface CachedManifest {
  readonly manifest: Manifest | SignedManifest;
  readonly descriptor: Descriptor;
}

/** What a {@link ManifestCache} works with. */
export interface ManifestCacheDeps {
  readonly contentStore: ContentStore;
  readonly remote: Repository;
  /** What is being pulled. */
  readonly reference: Reference;
  /** Where downloads are shared with other pulls. */
  readonly shared: PullContext['shared'];
  /** Waits for what other processes download. */
  readonly clock: Clock;
  /** Keeps what is read from being collected. */
  readonly lease?: Lease | undefined;
}

/**
 * Reads manifests through the content store: one that is there costs no download (moby's `manifestStore`).
 *
 * A reference by digest is trusted to name content of its repository only if that repository was seen to have it: where
 * the content came from elsewhere, the registry is asked with a HEAD first.
 *
 * Of a manifest of schema 1 what was signed is kept, since that is what its digest is of.
 */
export class ManifestCache {
  readonly #content: ContentStore;
  readonly #remote: Repository;
  readonly #reference: Reference;
  readonly #shared: PullContext['shared'];
  readonly #clock: Clock;
  readonly #lease: Lease | undefined;

  constructor({ contentStore, remote, reference, shared, clock, lease }: ManifestCacheDeps) {
    this.#content = contentStore;
    this.#remote = remote;
    this.#reference = reference;
    this.#shared = shared;
    this.#clock = clock;
    this.#lease = lease;
  }

  /**
   * @param target what is wanted; its digest was verified by whoever made it, or is verified here
   * @throws what {@link parseManifest} and the repository's manifest reader throw
   */
  async get(target: ManifestTarget, options: AbortOptions = {}): Promise<CachedManifest> {
    await this.#lease?.add([target.digest], options);
    const cached = await this.#fromContent(target, options);
    if (cached !== undefined) return cached;
    return share(
      this.#shared,
      `manifest:${this.#remote.name}@${target.digest}`,
      (job) => this.#fromRemote(target, job),
      options,
    );
  }

  /**
   * For registries that answer a tag and not the digest that it names: the manifest of the tag, kept as any other.
   *
   * @throws what the repository's manifest reader throws, in moby's words
   */
  async getByTag(tag: string, options: AbortOptions = {}): Promise<CachedManifest> {
    let fetched: FetchedManifest;
    try {
      fetched = await this.#remote.manifests.get(tag, options);
    } catch (cause) {
      options.signal?.throwIfAborted();
      if (!isStowageError(cause)) throw cause;
      const message = `error after falling back to get manifest by tag: ${cause.message}`;
      throw new StowageError(cause.code, message, { cause });
    }
    await this.#lease?.add([fetched.descriptor.digest], options);
    return await this.#keep(fetched.descriptor, () => Promise.resolve(fetched), options);
  }

  #fromRemote(target: ManifestTarget, options: AbortOptions): Promise<CachedManifest> {
    return this.#keep(target, () => this.#remote.manifests.get(target.digest, options), options);
  }

  /** Brings a manifest into the content store, unless somebody else does. */
  async #keep(
    target: ManifestTarget,
    fetch: () => Promise<FetchedManifest>,
    options: AbortOptions,
  ): Promise<CachedManifest> {
    const { digest } = target;
    let fresh: CachedManifest | undefined;
    const fetchBytes = async (): Promise<Bytes> => {
      const { descriptor, bytes } = await fetch();
      const manifest = readManifest(bytes, target.mediaType ?? descriptor.mediaType, false);
      const kept = manifest.kind === 'signed' ? manifest.canonical : bytes;
      fresh = { manifest, descriptor: describe(manifest, digest, kept) };
      return kept;
    };
    const ref = `${/index|list/.test(target.mediaType ?? '') ? 'index' : 'manifest'}-${digest}`;
    const expected = { ...options, digest, labels: this.#sourceLabel({}) };
    await fetchOnce(this.#content, ref, expected, fetchBytes, this.#clock);
    // Somebody else was quicker; and where it is gone again, it is fetched after all.
    return fresh ?? (await this.#fromContent(target, options)) ?? this.#keep(target, fetch, options);
  }

  async #fromContent(target: ManifestTarget, options: AbortOptions): Promise<CachedManifest | undefined> {
    const { digest, mediaType } = target;
    let labels: Readonly<Record<string, string>>;
    try {
      ({ labels } = await this.#content.info(digest, options));
    } catch (error) {
      if (isStowageError(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
    if (!this.#isFromHere(labels)) {
      if (this.#reference.digest === digest) await this.#remote.manifests.head(digest, options);
      await this.#content.update(digest, this.#sourceLabel(labels), options);
    }
    const bytes = await this.#content.read(digest, { ...options, maxBytes: MAX_MANIFEST_BYTES });
    const manifest = readManifest(bytes, mediaType, true);
    return { manifest, descriptor: describe(manifest, digest, bytes) };
  }

  #isFromHere(labels: Readonly<Record<string, string>>): boolean {
    return (labels[this.#labelKey()] ?? '').split(',').includes(this.#remote.name);
  }

  /** The label with this repository added: unique, sorted names. */
  #sourceLabel(labels: Readonly<Record<string, string>>): Record<string, string> {
    const key = this.#labelKey();
    const names = new Set(
      [...(labels[key] ?? '').split(','), this.#remote.name].filter((name) => name !== ''),
    );
    return { [key]: [...names].sort().join(',') };
  }

  #labelKey(): string {
    return SOURCE_LABEL + (this.#reference.domain ?? DEFAULT_DOMAIN);
  }
}

/** Reads a manifest of any kind; `kept` where it is from the store, in which schema 1 has no signatures. */
export function readManifest(
  bytes: Bytes,
  mediaType: string | undefined,
  kept: boolean,
): Manifest | SignedManifest {
  const type = essenceOf(mediaType ?? detectManifestMediaType(bytes));
  if (!isSchema1(type)) return parseManifest(bytes, type);
  return parseSignedManifest(bytes, { allowUnsigned: kept, maxBytes: MAX_MANIFEST_BYTES });
}

function describe(
  { mediaType, kind }: Manifest | SignedManifest,
  digest: Descriptor['digest'],
  bytes: Bytes,
): Descriptor {
  const type = kind === 'signed' ? MEDIA_TYPES.dockerSchema1 : mediaType;
  return { mediaType: type, digest, size: bytes.byteLength };
}
