import { systemClock } from '@stowage/core';
import type {
  AuthConfig,
  Clock,
  CredentialProvider,
  Fetch,
  RegistryEndpoint,
  Repository,
  RepositoryAction,
} from '@stowage/types';
import { Authorizer } from '../auth/authorizer.ts';
import { createBlobReader } from '../blob/blob-reader.ts';
import { parseEndpoint } from '../address/endpoint.ts';
import type { Endpoint } from '../address/endpoint.ts';
import { createForeignRequester } from '../blob/foreign-urls.ts';
import { createManifestReader } from '../manifest/manifest-reader.ts';
import { checkName, listTags } from '../listing/name-lister.ts';
import type { NetworkOptions } from '../transport/network-options.ts';
import { rewriteName } from '../address/prefix-mirrors.ts';
import { readOnly, writersOnDemand } from './writers-on-demand.ts';
import { listReferrers, registryReferrers } from '../manifest/referrers.ts';
import type { RetryDeps } from '../transport/retry.ts';
import { Session } from '../session/session.ts';
import { repositoryScope } from '../auth/scope.ts';
import { createTokenCache } from '../auth/token-cache.ts';
import type { TokenCache } from '../auth/token-cache.ts';
import { createTransport } from '../transport/transport.ts';

/** How a repository is reached. */
export interface RepositoryInit extends NetworkOptions {
  /** One of those that a registry service names. */
  readonly endpoint: RegistryEndpoint;
  /** The name within the registry, for example `library/busybox`. */
  readonly name: string;
  /**
   * Credentials for the registry, or how to find them. Credentials with a `serverAddress` go to that host and no other;
   * a mirror gets only those, and what a provider gives for its host. Default: anonymous.
   */
  readonly auth?: AuthConfig | CredentialProvider | undefined;
  /** What tokens are asked for. Default `['pull']`. */
  readonly actions?: readonly RepositoryAction[] | undefined;
  /**
   * The way to the network. Default: undici in Node, else the runtime's `fetch`; Node and Bun leave the certificates of an
   * insecure endpoint unchecked.
   */
  readonly fetch?: Fetch | undefined;
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /** A number from 0 up to 1, for the jitter of retries. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Headers for every request, those to token servers and after redirects too. Default none. */
  readonly metaHeaders?: Readonly<Record<string, string>> | undefined;
  /** Sent where the runtime allows it: everywhere but in pages. Default `stowage`. */
  readonly userAgent?: string | undefined;
  /** Where bearer tokens are kept; give one to several repositories to share them. Default: one of its own. */
  readonly tokens?: TokenCache | undefined;
  /**
   * Hosts, with their ports where those are not the usual ones, of token servers that may see credentials though they
   * are neither the registry's host nor related to it by name, for example `gitlab.example` for `registry.test`.
   * Default none.
   */
  readonly trustedRealms?: readonly string[] | undefined;
}

/**
 * Opens a repository of a registry. To write to it, `actions` must have `push`; a mirror is only read. Nothing is sent
 * before the first call. Where `auth` has nothing for the registry, that call sends its request as it is, and a 401 tells
 * how the registry wants to be authenticated to; with credentials the first call pings the registry for that. Failed requests throw `RegistryError`s; requests that may succeed another time are sent up to
 * three times.
 *
 * Credentials go to the endpoint's own origin, and to a token server only where it evidently belongs to the registry: it
 * is on the same host, one name is under the other, over https both are of one registrable domain, they are a pair that
 * is known, or `trustedRealms` names it. Another one leads to `UNAUTHENTICATED` with reason `realm` and a message that
 * says so. Credentials that a token server refuses make way for none where something is only read.
 *
 * @param init endpoint, name, credentials
 * @throws `INVALID_ARGUMENT` for a malformed endpoint or headers, `INVALID_REFERENCE` for a malformed name, `UNSUPPORTED`
 *   in a page for an endpoint with certificates of its own
 *
 * @example
 * ```ts
 * import { createRepository } from '@stowage/registry';
 *
 * const repository = createRepository({
 *   endpoint: { url: 'https://registry.example', mirror: false, official: false, insecure: false },
 *   name: 'team/app',
 *   fetch: async () => Response.json({ tags: ['v1', 'v2'] }),
 * });
 * for await (const tag of repository.tags()) console.log(tag); // v1, then v2
 * ```
 */
export function createRepository(init: RepositoryInit): Repository {
  const { name, actions = ['pull'] } = init;
  checkName(name);
  const remoteName = rewriteName(name, init.endpoint.rewrite);
  checkName(remoteName);
  const scope = repositoryScope(remoteName, actions.includes('push') ? 'push,pull' : 'pull');
  const { session, deps } = createSession(init, { scope, name: remoteName });
  const foreign = createForeignRequester({ ...init, ...deps, registry: deps.endpoint });
  const urlOf = (reference: string): string => session.url(`manifests/${reference}`);
  const blobUrlOf = (digest: string): string => session.url(`blobs/${digest}`);
  const manifests = createManifestReader(session, urlOf);
  const blobs = createBlobReader({ ...deps, requester: session, urlOf: blobUrlOf, foreign });
  const writers = init.endpoint.mirror
    ? readOnly('a mirror')
    : writersOnDemand(async () => {
        const { createWriters } = await import('./writers.ts');
        return createWriters({
          ...deps,
          ...{ requester: session, manifests, blobs, foreign },
          manifestUrlOf: urlOf,
          blobUrlOf,
          referrersUrlOf: (digest) => session.url(`referrers/${digest}`),
          uploadsUrl: session.url('blobs/uploads/'),
          deleteScope: `repository:${remoteName}:delete`,
          onNotice: init.onNotice,
          allowPrivateRedirects: init.allowPrivateRedirects,
        });
      });
  return {
    name,
    manifests: { ...manifests, ...writers.manifests },
    blobs: { ...blobs, ...writers.blobs },
    tags: (options) => listTags(session, session.url('tags/list'), options),
    referrers: (digest, options = {}) => {
      const listed = registryReferrers(session, session.url(`referrers/${digest}`), options);
      return listReferrers(manifests, digest, listed, options);
    },
  };
}

/** What requests to a registry are made with. */
export interface RegistrySession {
  readonly session: Session;
  readonly authorizer: Authorizer;
  readonly deps: RetryDeps & { readonly endpoint: Endpoint; readonly streams: boolean };
}

/**
 * Makes what sends requests to a registry.
 *
 * @param init as of a repository
 * @param target what tokens are asked for, and the repository within the registry where there is one, already through
 *   its grammar; `offline` asks for refresh tokens too, as a login does
 */
export function createSession(
  init: Omit<RepositoryInit, 'name' | 'actions'>,
  { scope, name, offline }: { readonly scope: string; readonly name?: string; readonly offline?: boolean },
): RegistrySession {
  const { auth, clock = systemClock, random = Math.random, retry, onNotice } = init;
  const { tokens = createTokenCache({ clock }), trustedRealms = [] } = init;
  const endpoint = parseEndpoint(init.endpoint);
  const transport = createTransport({ ...init, endpoint });
  const deps = { endpoint, transport, clock, random, retry, streams: transport.streams };
  const identity = { auth, scope, offline, repository: name, tokens, trustedRealms, onNotice };
  const authorizer = new Authorizer({ ...deps, ...identity });
  return { session: new Session({ ...deps, name: name ?? '', authorizer }), authorizer, deps };
}
