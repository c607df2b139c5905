import { formatReference, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  Descriptor,
  Digest,
  Reference,
  RegistryEndpoint,
  Repository,
} from '@stowage/types';
import type { AtEndpoints } from '../access/registry-access.ts';
import { unlessMissing } from '../access/unless-missing.ts';
import type { SourceManifest } from './source-manifest.ts';

/** What a copy writes to. */
export class CopyTarget {
  readonly reference: Reference;
  readonly endpoint: RegistryEndpoint;
  readonly repository: Repository;
  /** What the reference named before. */
  readonly named: Descriptor | undefined;

  constructor(
    reference: Reference,
    { endpoint, repository, named }: Pick<CopyTarget, 'endpoint' | 'repository' | 'named'>,
  ) {
    this.reference = reference;
    this.endpoint = endpoint;
    this.repository = repository;
    this.named = named;
  }

  /** Finds the endpoint to write to: the first that tells what the reference names, if anything. */
  static async open(reference: Reference, write: AtEndpoints, options: AbortOptions): Promise<CopyTarget> {
    const { digest, tag } = reference;
    return await write(async (repository, endpoint) => {
      const named = await unlessMissing(repository.manifests.head(tag ?? digest ?? '', options));
      return new CopyTarget(reference, { endpoint, repository, named });
    });
  }

  /**
   * Refuses a manifest that the reference cannot name.
   *
   * @throws `INVALID_ARGUMENT`
   */
  check({ descriptor }: SourceManifest): void {
    const { digest } = this.reference;
    if (digest === undefined || digest === descriptor.digest) return;
    const message = `${formatReference(this.reference)} cannot name ${descriptor.digest}`;
    throw new StowageError('INVALID_ARGUMENT', message);
  }

  /** Whether a manifest is there. */
  async hasManifest(digest: Digest, options: AbortOptions): Promise<boolean> {
    if (this.named?.digest === digest) return true;
    return (await unlessMissing(this.repository.manifests.head(digest, options))) !== undefined;
  }

  /** The size of a blob that is there. */
  async blobSize(digest: Digest, options: AbortOptions): Promise<number | undefined> {
    return (await unlessMissing(this.repository.blobs.stat(digest, options)))?.size;
  }

  /** Puts a manifest under its digest. */
  async put({ descriptor, bytes }: SourceManifest, options: AbortOptions): Promise<void> {
    await this.repository.manifests.put(descriptor.digest, bytes, descriptor.mediaType, options);
  }

  /** Puts a manifest under the tag of the reference. */
  async name({ descriptor, bytes }: SourceManifest, options: AbortOptions): Promise<void> {
    const { digest, tag } = this.reference;
    await this.repository.manifests.put(tag ?? digest ?? '', bytes, descriptor.mediaType, options);
  }
}
