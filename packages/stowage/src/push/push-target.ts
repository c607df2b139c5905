import { checkV2MetadataHmac, computeV2MetadataHmacKey, createV2MetadataService } from '@stowage/image-store';
import { createRepository } from '@stowage/registry';
import { isDigest, isStowageError, referenceName, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  AuthConfig,
  ContentStore,
  Descriptor,
  Digest,
  DiffID,
  ImagePushConfig,
  MetadataStore,
  Reference,
  RegistryEndpoint,
  Repository,
  V2Metadata,
  V2MetadataService,
} from '@stowage/types';
import { layerKind, sentType } from './layer-to-push.ts';
import type { LayerToPush } from './layer-to-push.ts';
import type { SeenLayer } from './rank-metadata.ts';
import { noteSentType, readSentType } from './sent-types.ts';

/** Where one push goes, and what is known of it. */
export class PushTarget {
  readonly endpoint: RegistryEndpoint;
  readonly remote: Repository;
  /** The repository, without tag and digest. */
  readonly name: Reference;
  /** Its full name. */
  readonly repository: string;
  readonly content: ContentStore;
  readonly #metadata: V2MetadataService;
  readonly #store: MetadataStore;
  readonly #hmacKey: string | undefined;
  readonly #auth: AuthConfig | undefined;
  /** Layers that are known to be in the repository. */
  readonly #known = new Map<string, Descriptor>();

  constructor(
    endpoint: RegistryEndpoint,
    name: Reference,
    hmacKey: string | undefined,
    config: ImagePushConfig,
  ) {
    this.endpoint = endpoint;
    this.remote = openRemote(endpoint, name, config);
    this.name = name;
    this.repository = referenceName(name);
    this.content = config.contentStore;
    this.#metadata = createV2MetadataService(config.metadataStore);
    this.#store = config.metadataStore;
    this.#hmacKey = hmacKey;
    this.#auth = config.authConfig;
  }

  static async open(
    endpoint: RegistryEndpoint,
    name: Reference,
    config: ImagePushConfig,
  ): Promise<PushTarget> {
    try {
      return new PushTarget(endpoint, name, await computeV2MetadataHmacKey(config.authConfig), config);
    } catch (cause) {
      if (!isStowageError(cause, 'INVALID_ARGUMENT')) throw cause;
      const message = `failed to compute hmac key of auth config: ${cause.message}`;
      throw new StowageError(cause.code, message, { cause });
    }
  }

  /** Whether there are credentials: what an anonymous user may not do says nothing about anybody else. */
  get hasAuthInfo(): boolean {
    const { registryToken = '', username = '', password = '' } = this.#auth ?? {};
    return registryToken !== '' || (username !== '' && password !== '');
  }

  /** What names a layer among those of this repository. */
  keyOf({ diffId, blob, compression }: LayerToPush): string {
    return `${this.repository} ${diffId} ${blob?.digest ?? compression}`;
  }

  known(layer: LayerToPush): Descriptor | undefined {
    return this.#known.get(this.keyOf(layer));
  }

  /** Notes that a layer is in the repository. */
  note(layer: LayerToPush, descriptor: Descriptor): void {
    this.#known.set(this.keyOf(layer), descriptor);
  }

  /** Where the layer was seen as a blob that will do. */
  async seen(layer: LayerToPush, options: AbortOptions): Promise<SeenLayer[]> {
    const seen: SeenLayer[] = [];
    for (const metadata of await this.#metadata.getMetadata(layer.diffId, options)) {
      if (!(await this.#fits(metadata, layer, options))) continue;
      seen.push({ metadata, isOurs: await checkV2MetadataHmac(metadata, this.#hmacKey) });
    }
    return seen;
  }

  async #fits(
    { digest }: V2Metadata,
    { blob, compression }: LayerToPush,
    options: AbortOptions,
  ): Promise<boolean> {
    if (blob !== undefined) return digest === blob.digest;
    const noted = await readSentType(this.#store, digest, options);
    const kind = noted === undefined ? 'gzip' : layerKind(noted)?.compression;
    return kind === compression;
  }

  /** Remembers that the repository has a layer. */
  async remember(layer: LayerToPush, digest: Digest, options: AbortOptions): Promise<void> {
    const { diffId, blob, compression } = layer;
    // Artifacts have layers of no DiffID.
    if ((diffId as string) === digest && blob !== undefined && !isTar(blob)) return;
    const where = { digest, sourceRepository: this.repository };
    await this.#metadata.tagAndAdd(diffId, this.#hmacKey, where, { ...options, durable: false });
    if (blob !== undefined || compression === 'gzip') return;
    await noteSentType(this.#store, digest, sentType(compression), { ...options, durable: false });
  }

  /** Forgets that a repository has a layer. */
  forget(metadata: V2Metadata, options: AbortOptions): Promise<void> {
    return this.#metadata.remove(metadata, { ...options, durable: false });
  }
}

/** Whether a blob is its own tar stream. */
function isTar({ mediaType }: Descriptor): boolean {
  return layerKind(mediaType)?.compression === 'none';
}

/** The DiffID of a layer in a manifest; what has none goes by its digest. */
export function diffIdOf(value: DiffID | undefined, { digest }: Descriptor): DiffID {
  return value !== undefined && isDigest(value) ? value : (digest as string as DiffID);
}

function openRemote(
  endpoint: RegistryEndpoint,
  { path = '' }: Reference,
  { openRepository, authConfig: auth, metaHeaders }: ImagePushConfig,
): Repository {
  if (openRepository !== undefined) return openRepository(endpoint, path, ['pull', 'push']);
  return createRepository({ endpoint, name: path, auth, metaHeaders, actions: ['pull', 'push'] });
}
