import { formatReference, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  ByteStream,
  Descriptor,
  Digest,
  FetchedManifest,
  Reference,
} from '@stowage/types';
import type { AtEndpoints } from '../access/registry-access.ts';
import { unlessMissing } from '../access/unless-missing.ts';
import { readSourceManifest } from './source-manifest.ts';
import type { NamedBlob, SourceManifest } from './source-manifest.ts';

/** The most bytes that all manifests of a copy may have: they are held in memory. */
const MAX_BYTES = 64 * 1024 * 1024;

/** What a copy reads from; whatever comes is verified. */
export class CopySource {
  readonly reference: Reference;
  readonly #read: AtEndpoints;
  readonly #maxManifests: number;
  readonly #manifests = new Map<Digest, Promise<SourceManifest>>();
  readonly #counted = new Set<Digest>();
  readonly #made = new Set<Digest>();
  #bytes = 0;

  constructor(reference: Reference, read: AtEndpoints, maxManifests: number) {
    this.reference = reference;
    this.#read = read;
    this.#maxManifests = maxManifests;
  }

  /** What the reference names. */
  async root({ signal }: AbortOptions): Promise<SourceManifest> {
    const { digest, tag = '' } = this.reference;
    const root = await this.#get(digest ?? tag, { signal });
    this.#enter(root);
    return root;
  }

  /** What another tag of the repository names, if anything. */
  async tagged(tag: string, { signal }: AbortOptions): Promise<SourceManifest | undefined> {
    const manifest = await unlessMissing(this.#get(tag, { signal }));
    if (manifest !== undefined) this.#enter(manifest);
    return manifest;
  }

  /** Enters a manifest that was made of others: the registry has none of that digest. */
  add(manifest: SourceManifest): void {
    this.#enter(manifest);
    this.#made.add(manifest.descriptor.digest);
  }

  /**
   * Counts a manifest, whether or not it is read.
   *
   * @throws `LIMIT_EXCEEDED`
   */
  count(digest: Digest): void {
    this.#counted.add(digest);
    if (this.#counted.size <= this.#maxManifests) return;
    throw this.#tooLarge(`more than ${String(this.#maxManifests)} manifests`);
  }

  /** A manifest that another one names; each is fetched once. */
  async manifest({ digest, size }: Descriptor, { signal }: AbortOptions): Promise<SourceManifest> {
    this.count(digest);
    const reading = this.#manifests.get(digest) ?? this.#get(digest, { signal });
    this.#manifests.set(digest, reading);
    const manifest = await reading;
    if (manifest.descriptor.size !== size) {
      const found = String(manifest.descriptor.size);
      throw new StowageError('SIZE_MISMATCH', `manifest ${digest} has ${found} bytes, not ${String(size)}`);
    }
    return manifest;
  }

  /** Streams a blob from the byte at `offset` on. */
  async open(
    { digest, size, urls }: NamedBlob,
    offset: number,
    { signal }: AbortOptions,
  ): Promise<ByteStream> {
    return await this.#read(({ blobs }) => blobs.open(digest, { offset, size, urls, signal }), { signal });
  }

  /** The size of a blob. */
  async sizeOf({ digest, size }: NamedBlob, { signal }: AbortOptions): Promise<number> {
    return size ?? (await this.#read(({ blobs }) => blobs.stat(digest, { signal }), { signal })).size;
  }

  /** What refers to a manifest, by what the registry says. */
  async referrers(digest: Digest, { signal }: AbortOptions): Promise<Descriptor[]> {
    if (this.#made.has(digest)) return [];
    const maxEntries = this.#maxManifests;
    return await this.#read(
      async (remote) => {
        const all: Descriptor[] = [];
        for await (const referrer of remote.referrers(digest, { maxEntries, signal })) all.push(referrer);
        return all;
      },
      { signal },
    );
  }

  #enter(manifest: SourceManifest): void {
    this.count(manifest.descriptor.digest);
    this.#manifests.set(manifest.descriptor.digest, Promise.resolve(manifest));
  }

  async #get(wanted: string, { signal }: AbortOptions): Promise<SourceManifest> {
    const get = (): Promise<FetchedManifest> =>
      this.#read(({ manifests }) => manifests.get(wanted, { signal }), { signal });
    const manifest = readSourceManifest(await get());
    this.#bytes += manifest.bytes.byteLength;
    if (this.#bytes > MAX_BYTES) throw this.#tooLarge(`more than ${String(MAX_BYTES)} bytes of manifests`);
    return manifest;
  }

  #tooLarge(what: string): StowageError {
    return new StowageError('LIMIT_EXCEEDED', `${formatReference(this.reference)} has ${what}`);
  }
}
