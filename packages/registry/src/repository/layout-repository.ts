import { systemClock } from '@stowage/core';
import {
  isStowageError,
  MEDIA_TYPES,
  parseDigest,
  parseIndex,
  parseManifest,
  parseOciLayout,
  StowageError,
} from '@stowage/types';
import type {
  AbortOptions,
  Clock,
  Descriptor,
  Digest,
  Fetch,
  FetchedManifest,
  ListOptions,
  ManifestReader,
  Repository,
} from '@stowage/types';
import { AnonymousSession } from '../session/anonymous-session.ts';
import { createBlobReader } from '../blob/blob-reader.ts';
import { readBody } from '../transport/body.ts';
import { parseEndpoint } from '../address/endpoint.ts';
import { createForeignRequester } from '../blob/foreign-urls.ts';
import { MAX_MANIFEST_SIZE, verifyManifest } from '../manifest/manifest-content.ts';
import { checkReference } from '../manifest/manifest-reader.ts';
import { describeReferrer, listReferrers } from '../manifest/referrers.ts';
import type { ListedReferrer } from '../manifest/referrers.ts';
import type { NetworkOptions } from '../transport/network-options.ts';
import type { Requester } from '../session/requester.ts';
import { readOnly } from './writers-on-demand.ts';
import { createTransport } from '../transport/transport.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';
const MAX_LAYOUT_FILE = 64 * 1024;

/** How a layout is reached. */
export interface LayoutRepositoryInit extends NetworkOptions {
  /** The folder on an http or https server in which `oci-layout`, `index.json` and `blobs` are. */
  readonly url: string;
  /** What `Repository.name` says. Default: the path of the URL, without the slashes around it. */
  readonly name?: string | undefined;
  /** The way to the network. Default: undici in Node; else `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /** A number from 0 up to 1, for the jitter of retries. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Headers for every request. Default none. */
  readonly metaHeaders?: Readonly<Record<string, string>> | undefined;
  /** Sent where the runtime allows it: everywhere but in pages. Default `stowage`. */
  readonly userAgent?: string | undefined;
}

/**
 * Opens an OCI image layout on any static server as a repository (image-spec, "Image Layout"): tags are the names that
 * `index.json` gives its entries. Nothing is sent before the first call, and never any credentials. `index.json` is
 * read anew by each call that goes by a tag.
 *
 * It can only be read from: calls that would change it fail with `UNSUPPORTED`. The others fail as those of a registry's
 * repository do, and besides: `NOT_FOUND` where there is no layout, `UNSUPPORTED`
 * for a version of the layout other than 1.0.0, `AMBIGUOUS` for a tag that several entries have.
 *
 * @param init where the layout is
 * @throws `INVALID_ARGUMENT` for anything but an http or https URL without credentials, query and fragment
 *
 * @example
 * ```ts
 * import { createLayoutRepository } from '@stowage/registry';
 *
 * const files: Record<string, unknown> = {
 *   'https://static.example/app/oci-layout': { imageLayoutVersion: '1.0.0' },
 *   'https://static.example/app/index.json': { schemaVersion: 2, manifests: [] },
 * };
 * const repository = createLayoutRepository({
 *   url: 'https://static.example/app',
 *   fetch: async (url) => Response.json(files[url]),
 * });
 * for await (const tag of repository.tags()) console.log(tag); // no images, no tags
 * ```
 */
export function createLayoutRepository(init: LayoutRepositoryInit): Repository {
  const { clock = systemClock, random = Math.random, retry } = init;
  const base = parseBase(init.url);
  const endpoint = parseEndpoint({ url: base.origin, mirror: true, official: false, insecure: false });
  const deps = { clock, random, retry };
  const requester = new AnonymousSession({ ...deps, transport: createTransport({ ...init, endpoint }) });
  const layout = new Layout(requester, base);
  const manifests = new LayoutManifests(layout);
  const writers = readOnly('a layout on a server');
  const blobs = createBlobReader({
    ...deps,
    requester,
    urlOf: (digest) => layout.blobUrl(digest),
    foreign: createForeignRequester({ ...init, ...deps, registry: endpoint }),
  });
  return {
    name: init.name ?? base.pathname.replace(/^\/+|\/+$/g, ''),
    manifests: {
      head: (reference, options) => manifests.head(reference, options),
      get: (reference, options) => manifests.get(reference, options),
      ...writers.manifests,
    },
    blobs: { ...blobs, ...writers.blobs },
    tags: (options) => layout.tags(options),
    referrers: (digest, options = {}) =>
      listReferrers(manifests, digest, layout.referrers(manifests, digest, options), options),
  };
}

function parseBase(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === undefined || !isHttp || url.href !== `${url.origin}${url.pathname}`) {
    throw new StowageError('INVALID_ARGUMENT', 'a layout must be an http or https URL of a folder');
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** The files of a layout. */
class Layout {
  readonly #requester: Requester;
  readonly #base: URL;
  #checked = false;

  constructor(requester: Requester, base: URL) {
    this.#requester = requester;
    this.#base = base;
  }

  blobUrl(digest: Digest): string {
    const { algorithm, encoded } = parseDigest(digest);
    return new URL(`blobs/${algorithm}/${encoded}`, this.#base).href;
  }

  /** The entries of `index.json`. */
  async entries({ signal }: AbortOptions): Promise<readonly Descriptor[]> {
    if (!this.#checked) {
      parseOciLayout(await this.#read(new URL('oci-layout', this.#base).href, MAX_LAYOUT_FILE, signal));
      this.#checked = true;
    }
    const bytes = await this.#read(new URL('index.json', this.#base).href, MAX_MANIFEST_SIZE, signal);
    return parseIndex(bytes).manifests;
  }

  async manifest(digest: Digest, mediaType: string, { signal }: AbortOptions): Promise<FetchedManifest> {
    const bytes = await this.#read(this.blobUrl(digest), MAX_MANIFEST_SIZE, signal);
    return await verifyManifest(bytes, digest, mediaType);
  }

  async *tags({ signal, maxEntries = Infinity }: ListOptions = {}): AsyncGenerator<string> {
    const names = (await this.entries({ signal })).map(nameOf).filter((name) => name !== undefined);
    const tags = new Set(names.filter(isTag));
    if (tags.size > maxEntries) {
      throw new StowageError('LIMIT_EXCEEDED', `list of tags has more than ${maxEntries} entries`);
    }
    yield* tags;
  }

  /** The entries whose manifests say that they are about another one. */
  async *referrers(
    manifests: ManifestReader,
    subject: Digest,
    { signal }: AbortOptions,
  ): AsyncGenerator<ListedReferrer> {
    for (const descriptor of await this.entries({ signal })) {
      if (!REFERRERS.includes(descriptor.mediaType)) continue;
      const { bytes } = await manifests.get(descriptor.digest, { signal });
      if (parseManifest(bytes, descriptor.mediaType).subject?.digest !== subject) continue;
      yield { descriptor: describeReferrer(descriptor, bytes), filtered: false };
    }
  }

  async #read(url: string, maxBytes: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return await this.#requester.exchange({ method: 'GET', url, signal }, async (answer) => {
      if (answer.response.status === 200) return await readBody(answer, { maxBytes, signal });
      throw await this.#requester.failure(answer, signal);
    });
  }
}

const REFERRERS: readonly string[] = [MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociIndex];

/** The manifests of a layout. */
class LayoutManifests implements ManifestReader {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  async head(reference: string, options: AbortOptions = {}): Promise<Descriptor> {
    return (await this.get(reference, options)).descriptor;
  }

  async get(reference: string, options: AbortOptions = {}): Promise<FetchedManifest> {
    const digest = checkReference(reference);
    const entries = await this.#layout.entries(options);
    const found = digest === undefined ? taggedEntry(entries, reference) : undefined;
    const wanted = digest ?? found?.digest;
    if (wanted === undefined) {
      throw new StowageError('NOT_FOUND', `no manifest ${reference} in the layout`);
    }
    const mediaType = entries.find((entry) => entry.digest === wanted)?.mediaType ?? '';
    return await this.#layout.manifest(wanted, mediaType, options);
  }
}

function taggedEntry(entries: readonly Descriptor[], tag: string): Descriptor | undefined {
  const found = entries.filter((entry) => nameOf(entry) === tag);
  if (new Set(found.map(({ digest }) => digest)).size > 1) {
    throw new StowageError('AMBIGUOUS', `several manifests ${tag} in the layout`);
  }
  return found[0];
}

function nameOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[REF_NAME];
}

/** Whether a name can be asked for: a layout may name its entries by more than a tag. */
function isTag(name: string): boolean {
  try {
    return checkReference(name) === undefined;
  } catch (error) {
    if (isStowageError(error)) return false;
    throw error;
  }
}
