import type { AbortOptions } from '../bytes.ts';
import type { Reference } from '../reference/reference.ts';
import type { AuthConfig, RegistryEndpoint } from './registry.ts';

/** What is known of an index: the registry behind the first part of an image's name. */
export interface IndexInfo {
  /** The host, with its port where it has one; `docker.io` for Docker Hub. */
  readonly name: string;
  /** The mirrors in docker's sense; only Docker Hub has any. */
  readonly mirrors: readonly string[];
  /** Whether this is Docker Hub. */
  readonly official: boolean;
  /** Whether it must be reached over TLS with a certificate that checks out. */
  readonly secure: boolean;
}

/** What a registry service was told, after validation. */
export interface ServiceConfig {
  /** CIDR ranges of registries that take layers which may not be distributed freely. */
  readonly allowNondistributableArtifactsCIDRs: readonly string[];
  /** Hosts of such registries. */
  readonly allowNondistributableArtifactsHostnames: readonly string[];
  /** CIDR ranges of insecure registries, those of this machine included. */
  readonly insecureRegistryCIDRs: readonly string[];
  /** Docker Hub, and every insecure registry that is listed by its host. */
  readonly indexConfigs: Readonly<Record<string, IndexInfo>>;
  /** The mirrors of Docker Hub. */
  readonly mirrors: readonly string[];
}

/** What a registry service knows of a repository. */
export interface RepositoryInfo {
  /** The name, without tag and digest. */
  readonly name: Reference;
  /** Whether this is an official image of Docker Hub. */
  readonly official: boolean;
}

/** What endpoints are looked up for, beside the host. */
export interface LookupOptions extends AbortOptions {
  /** The repository within the registry: a mirror may hold only a part of a registry. Default: any, so no such mirror. */
  readonly repository?: string | undefined;
}

/** What became of a login. */
export interface LoginResult {
  /** What to tell the user: `Login Succeeded`. */
  readonly status: string;
  /** A token to keep in the password's place, where the registry gave one. */
  readonly identityToken?: string | undefined;
}

/** How a registry is searched. */
export interface SearchOptions extends AbortOptions {
  /** How many results are asked for, 1 to 100. Default 25. */
  readonly limit?: number | undefined;
  /** `is-official` and `is-automated` (`true` or `false`) and `stars` (the least number), each with its values. */
  readonly filters?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Credentials for the index. Default: those that the service was given. */
  readonly auth?: AuthConfig | undefined;
}

/** One repository that a search found. */
export interface SearchResult {
  readonly name: string;
  readonly description: string;
  /** How many users like it. */
  readonly starCount: number;
  readonly isOfficial: boolean;
  readonly isAutomated: boolean;
}

/** What a search found. */
export interface SearchResults {
  /** What was searched for, in the registry's words. */
  readonly query: string;
  /** How many results there are. */
  readonly numResults: number;
  readonly results: readonly SearchResult[];
}

/** Knows registries and how to reach them. Only `auth` and `search` send anything to them. */
export interface RegistryService {
  /** What is known of the repository of a reference, whose tag and digest do not matter. `INVALID_REFERENCE` for a reference without a name. */
  resolveRepository(reference: Reference): RepositoryInfo;
  /** What is known of an index. `INVALID_ARGUMENT` for a malformed name. */
  resolveIndex(name: string, options?: AbortOptions): Promise<IndexInfo>;
  /** The endpoints to pull from, in the order to try them. */
  lookupPullEndpoints(host: string, options?: LookupOptions): Promise<readonly RegistryEndpoint[]>;
  /** The endpoints to push to, in the order to try them. */
  lookupPushEndpoints(host: string, options?: LookupOptions): Promise<readonly RegistryEndpoint[]>;
  /**
   * Logs in at a registry: proves that credentials are good there. Nothing is kept.
   * `UNAUTHENTICATED` where they are not.
   *
   * @param auth the credentials; `serverAddress` says where, Docker Hub when it is left out
   */
  auth(auth: AuthConfig, options?: AbortOptions): Promise<LoginResult>;
  /** Searches an index by the old search API. `INVALID_ARGUMENT` for a malformed term, limit or filter. */
  search(term: string, options?: SearchOptions): Promise<SearchResults>;
  /** A copy of what the service was told. */
  serviceConfig(): ServiceConfig;
}
