import { systemClock } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import type { AbortOptions, Clock, Digest, Storage } from '@stowage/types';
import { blobEndpoint } from './blob-endpoint.ts';
import { createCors } from './cors.ts';
import type { Cors, CorsOptions } from './cors.ts';
import { baseEndpoint, catalogEndpoint, referrersEndpoint, tagsEndpoint } from './listing-endpoints.ts';
import { manifestEndpoint } from './manifest-endpoint.ts';
import { faultResponse, RegistryFault } from './registry-fault.ts';
import type { RegistryLimits } from './registry-limits.ts';
import { RepositoryIndex } from './repository-index.ts';
import { parseRoute } from './routes.ts';
import type { Route } from './routes.ts';
import type { Exchange, Methods, ServerContext } from './server-context.ts';
import { uploadEndpoint, uploadsEndpoint } from './upload-endpoint.ts';
import type { MayPull } from './upload-endpoint.ts';
import { UploadSessions } from './upload-sessions.ts';

/** A registry: it answers requests below `/v2/` and keeps no state of its own. Rejects only when a request is aborted. */
export type RegistryServer = (request: Request) => Promise<Response>;

/** What a request wants to do, for {@link AuthorizeAccess}. */
export interface RegistryAccess {
  /** `ping` is the question whether this is a registry, `catalog` lists the names of all repositories. */
  readonly action: 'ping' | 'catalog' | 'pull' | 'push' | 'delete';
  /** The repository, for `pull`, `push` and `delete`. */
  readonly repository?: string;
}

/**
 * Decides about access. Asked before anything is read or written; once more, with `pull`, about the repository that a
 * blob is to be mounted from.
 *
 * @param request the request; its body must be left alone
 * @param access what it wants to do
 * @returns `undefined` to let it through; else the answer, such as 401 with `WWW-Authenticate`, or 403
 */
export type AuthorizeAccess = (request: Request, access: RegistryAccess) => Promise<Response | undefined>;

/** What a registry is made of. */
export interface RegistryServerOptions {
  /** Where content is kept. It may be used by others at the same time. */
  readonly storage: Storage;
  /** Whether everything that would change the registry is refused. Default `false`. */
  readonly readOnly?: boolean | undefined;
  /** Decides about access. Default: everybody may do everything. */
  readonly authorize?: AuthorizeAccess | undefined;
  /** What pages of other origins may do; `false`: nothing. Default: the same as everybody else. */
  readonly cors?: CorsOptions | false | undefined;
  /** The sizes and numbers that are accepted. */
  readonly limits?: Partial<RegistryLimits> | undefined;
  /** Told of errors that are answered with a bare 500, for a log. Default: nobody is told. */
  readonly onError?: ((error: unknown, request: Request) => void) | undefined;
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
  /** Names uploads: letters, digits and dashes. Default `crypto.randomUUID`, which a page has in secure contexts only. */
  readonly randomId?: (() => string) | undefined;
}

const DEFAULT_LIMITS: RegistryLimits = Object.freeze({
  manifestBytes: 4 * 1024 * 1024,
  blobBytes: 64 * 1024 ** 3,
  minChunkBytes: 0,
  maxChunkBytes: Infinity,
  uploads: 1000,
  uploadIdle: 24 * 60 * 60 * 1000,
});

/**
 * Makes a registry over a storage (OCI distribution-spec 1.1): push and pull of blobs and manifests, resumable and
 * mounted uploads, tags, referrers, deletion. Any server that speaks `Request` and `Response` can serve it.
 *
 * Content is verified as it comes in and shared by all repositories; deleting it makes it invisible in one repository
 * and leaves the bytes to whoever collects garbage, see {@link registryDigests}.
 *
 * @param options the storage, and what else is not as usual
 *
 * @example
 * ```ts
 * import { createRegistryServer } from '@stowage/registry-server';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const server = createRegistryServer({ storage: createMemoryStorage() });
 * const response = await server(new Request('http://localhost/v2/'));
 * console.log(response.status); // 200
 * ```
 */
export function createRegistryServer(options: RegistryServerOptions): RegistryServer {
  const { storage, authorize, onError, readOnly = false } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const context: ServerContext = {
    storage,
    index: new RepositoryIndex(storage),
    sessions: new UploadSessions(storage, limits, options.clock ?? systemClock),
    limits,
    randomId: options.randomId ?? (() => globalThis.crypto.randomUUID()),
  };
  const cors = createCors(options.cors);

  async function answer(request: Request): Promise<Response> {
    if (request.method === 'OPTIONS') return cors.preflight();
    const { pathname, searchParams } = new URL(request.url);
    const route = parseRoute(pathname);
    const exchange: Exchange = { request, query: searchParams, context, options: { signal: request.signal } };
    const mayPull: MayPull = async (repository) =>
      (await authorize?.(request, { action: 'pull', repository })) === undefined;
    const handler = handlerFor(request.method, endpointOf(exchange, route, mayPull), readOnly);
    return (await authorize?.(request, accessOf(request.method, route))) ?? handler();
  }

  return async function serve(request) {
    request.signal.throwIfAborted();
    try {
      return seal(request, await answer(request), cors);
    } catch (error) {
      request.signal.throwIfAborted();
      const fault = faultOf(error);
      if (fault.status === 500) onError?.(error, request);
      return seal(request, faultResponse(fault), cors);
    }
  };
}

/**
 * Every digest that some repository of a registry holds, in no order and some more than once: what a garbage collector
 * must keep, with whatever these manifests refer to.
 *
 * @param storage the storage of the registry
 * @param options how to end early
 *
 * @example
 * ```ts
 * import { registryDigests } from '@stowage/registry-server';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * for await (const digest of registryDigests(createMemoryStorage())) console.log(digest); // nothing yet
 * ```
 */
export function registryDigests(storage: Storage, options?: AbortOptions): AsyncIterable<Digest> {
  return new RepositoryIndex(storage).digests(options);
}

function endpointOf(exchange: Exchange, route: Route, mayPull: MayPull): Methods {
  switch (route.kind) {
    case 'base':
      return baseEndpoint();
    case 'catalog':
      return catalogEndpoint(exchange);
    case 'tags':
      return tagsEndpoint(exchange, route.repository);
    case 'manifest':
      return manifestEndpoint(exchange, route.repository, route.reference);
    case 'blob':
      return blobEndpoint(exchange, route.repository, route.digest);
    case 'referrers':
      return referrersEndpoint(exchange, route.repository, route.digest);
    case 'uploads':
      return uploadsEndpoint(exchange, route.repository, mayPull);
    case 'upload':
      return uploadEndpoint(exchange, route.repository, route.id);
  }
}

/** Finds what serves a method. Reading is all that is left of an endpoint of a registry that is read-only. */
function handlerFor(method: string, methods: Methods, readOnly: boolean): () => Promise<Response> {
  const allowed = Object.keys(methods).filter((one) => !readOnly || one === 'GET' || one === 'HEAD');
  const handler = allowed.includes(method) ? methods[method] : undefined;
  if (handler !== undefined) return handler;
  const why = readOnly && method in methods ? 'the registry is read-only' : 'the operation is unsupported';
  throw new RegistryFault(405, 'UNSUPPORTED', why, { headers: { Allow: allowed.join(', ') } });
}

function accessOf(method: string, route: Route): RegistryAccess {
  if (route.kind === 'base') return { action: 'ping' };
  if (route.kind === 'catalog') return { action: 'catalog' };
  const { kind, repository } = route;
  if (kind === 'uploads' || kind === 'upload' || method === 'PUT') return { action: 'push', repository };
  return { action: method === 'DELETE' ? 'delete' : 'pull', repository };
}

function faultOf(error: unknown): RegistryFault {
  if (error instanceof RegistryFault) return error;
  if (isStowageError(error, 'UNAVAILABLE')) {
    return new RegistryFault(503, 'UNAVAILABLE', error.message, { headers: { 'Retry-After': '1' } });
  }
  return new RegistryFault(500, 'UNKNOWN', 'internal error');
}

/** Gives an answer the headers that every answer has, and takes the body from one to HEAD. */
function seal(request: Request, response: Response, cors: Cors): Response {
  const headers = new Headers(response.headers);
  headers.set('Docker-Distribution-API-Version', 'registry/2.0');
  headers.set('X-Content-Type-Options', 'nosniff');
  cors.apply(headers);
  if (request.method !== 'HEAD') return new Response(response.body, { status: response.status, headers });
  response.body?.cancel().catch(() => undefined);
  return new Response(null, { status: response.status, headers });
}
