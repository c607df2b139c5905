import { isStowageError, MEDIA_TYPES, parseManifest } from '@stowage/types';
import type { Descriptor, Digest } from '@stowage/types';
import { jsonResponse, RegistryFault } from './registry-fault.ts';
import type { Exchange, Methods } from './server-context.ts';

/** The most names that one answer lists, and how many it lists when no number is asked for. */
const MAX_PAGE = 1000;
/** The most bytes of descriptors that one answer lists: clients read no larger manifests than this. */
const MAX_REFERRER_BYTES = 3 * 1024 * 1024;

/** `/v2/` (distribution-spec, end-1). */
export function baseEndpoint(): Methods {
  const answer = (): Promise<Response> => Promise.resolve(jsonResponse({}));
  return { GET: answer, HEAD: answer };
}

/** `/v2/_catalog`, which the distribution-spec keeps for history's sake. */
export function catalogEndpoint(exchange: Exchange): Methods {
  const { query, context, options } = exchange;
  return {
    GET: async () => {
      const limit = pageSize(query);
      const page = pageOf(await context.index.repositories(options), query.get('last'), limit);
      return jsonResponse({ repositories: page.names }, nextLink('/v2/_catalog', page));
    },
  };
}

/** `/v2/<name>/tags/list` (distribution-spec, end-8a and end-8b). */
export function tagsEndpoint(exchange: Exchange, repository: string): Methods {
  const { query, context, options } = exchange;
  return {
    GET: async () => {
      const limit = pageSize(query);
      const tags = await context.index.tags(repository, options);
      if (tags === undefined) {
        throw new RegistryFault(404, 'NAME_UNKNOWN', 'repository name not known to registry', {
          details: [{ name: repository }],
        });
      }
      const page = pageOf(tags, query.get('last'), limit);
      return jsonResponse(
        { name: repository, tags: page.names },
        nextLink(`/v2/${repository}/tags/list`, page),
      );
    },
  };
}

/** `/v2/<name>/referrers/<digest>` (distribution-spec, end-12a and end-12b). */
export function referrersEndpoint(exchange: Exchange, repository: string, subject: Digest): Methods {
  return { GET: () => listReferrers(exchange, repository, subject) };
}

async function listReferrers(exchange: Exchange, repository: string, subject: Digest): Promise<Response> {
  const { query, context, options } = exchange;
  const wanted = query.get('artifactType');
  const last = query.get('last') ?? '';
  const digests = (await context.index.referrers(repository, subject, options)).filter((one) => one > last);
  const headers: Record<string, string> = { 'Content-Type': MEDIA_TYPES.ociIndex };
  if (wanted !== null) headers['OCI-Filters-Applied'] = 'artifactType';

  const manifests: Descriptor[] = [];
  let bytes = 0;
  let listed = '';
  for (const digest of digests.sort()) {
    const descriptor = await describe(exchange, repository, digest);
    if (descriptor !== undefined && (wanted === null || descriptor.artifactType === wanted)) {
      bytes += JSON.stringify(descriptor).length;
      if (manifests.length > 0 && bytes > MAX_REFERRER_BYTES) {
        const next = new URLSearchParams(wanted === null ? {} : { artifactType: wanted });
        next.set('last', listed);
        headers['Link'] = `</v2/${repository}/referrers/${subject}?${next.toString()}>; rel="next"`;
        break;
      }
      manifests.push(descriptor);
    }
    listed = digest;
  }
  return jsonResponse({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests }, headers);
}

/** A manifest as the list of referrers shows it, or `undefined` where its content is gone. */
async function describe(
  { context, options }: Exchange,
  repository: string,
  digest: Digest,
): Promise<Descriptor | undefined> {
  const record = await context.index.manifest(repository, digest, options);
  if (record === undefined) return undefined;
  const maxBytes = context.limits.manifestBytes;
  try {
    const bytes = await context.storage.content.read(digest, { ...options, maxBytes });
    const manifest = parseManifest(bytes, record.mediaType);
    const artifactType =
      manifest.artifactType ?? (manifest.kind === 'manifest' ? manifest.config.mediaType : undefined);
    return {
      mediaType: record.mediaType,
      digest,
      size: bytes.byteLength,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
    };
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

/** A part of a sorted list. */
interface Page {
  readonly names: readonly string[];
  /** How many were asked for. */
  readonly limit: number;
  /** Whether the list goes on. */
  readonly more: boolean;
}

/** The names after `last`, sorted by their characters' codes (distribution-spec, "Listing Tags": ASCIIbetical). */
function pageOf(all: readonly string[], last: string | null, limit: number): Page {
  const after = all.filter((name) => last === null || name > last).sort();
  return { names: after.slice(0, limit), limit, more: limit > 0 && after.length > limit };
}

/** How many names are wanted. A number that is too large is not refused: clients ask for 10000 to get everything. */
function pageSize(query: URLSearchParams): number {
  const n = query.get('n');
  if (n === null) return MAX_PAGE;
  if (!/^\d{1,100}$/.test(n)) {
    throw new RegistryFault(400, 'PAGINATION_NUMBER_INVALID', 'invalid number of results requested', {
      details: [{ n }],
    });
  }
  return Math.min(Number(n), MAX_PAGE);
}

function nextLink(path: string, { names, limit, more }: Page): Record<string, string> {
  const last = names.at(-1);
  if (!more || last === undefined) return {};
  const query = new URLSearchParams({ last, n: String(limit) });
  return { Link: `<${path}?${query.toString()}>; rel="next"` };
}
