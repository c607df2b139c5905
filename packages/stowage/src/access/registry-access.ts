import { createRepository, createTokenCache } from '@stowage/registry';
import type { RepositoryInit } from '@stowage/registry';
import { DEFAULT_DOMAIN, familiarString } from '@stowage/types';
import type {
  AbortOptions,
  OpenRepository,
  Reference,
  RegistryEndpoint,
  RegistryService,
  Repository,
  RepositoryAction,
} from '@stowage/types';
import { translatePullError } from '../pull/translate-pull-error.ts';
import { tryEndpoints } from '../pull/try-endpoints.ts';

/** What reaching a registry takes. */
export interface RegistryAccessInit extends Omit<RepositoryInit, 'endpoint' | 'name' | 'actions' | 'tokens'> {
  readonly registry: RegistryService;
}

/** Does some work at the first endpoint of a registry that lets it succeed. */
export type AtEndpoints = <T>(
  work: (repository: Repository, endpoint: RegistryEndpoint) => Promise<T>,
  options?: AbortOptions,
) => Promise<T>;

/** Reaches repositories with one set of credentials, tokens and connections. */
export interface RegistryAccess {
  readonly openRepository: OpenRepository;
  /** Reads from the first endpoint of a reference's registry that answers. */
  read<T>(
    reference: Reference,
    work: (repository: Repository) => Promise<T>,
    options?: AbortOptions,
  ): Promise<T>;
  /**
   * What reads from a repository over and over: what one endpoint does not give, the next one may. Those before the one
   * that gave something last are not asked again.
   */
  reader(reference: Reference, options?: AbortOptions): Promise<AtEndpoints>;
  /** What writes to a repository, at the endpoints that can be written to. */
  writer(reference: Reference, options?: AbortOptions): Promise<AtEndpoints>;
}

/** Makes a {@link RegistryAccess}. */
export function createRegistryAccess({ registry, ...init }: RegistryAccessInit): RegistryAccess {
  const tokens = createTokenCache({ clock: init.clock });
  const openRepository: OpenRepository = (endpoint, name, actions) =>
    createRepository({ ...init, endpoint, name, actions, tokens });

  const chain = (
    endpoints: readonly RegistryEndpoint[],
    reference: Reference,
    actions: readonly RepositoryAction[],
  ): AtEndpoints => {
    const { path: name = '' } = reference;
    const opened = new Map<RegistryEndpoint, Repository>();
    let order = endpoints;
    return (work, options = {}) =>
      tryEndpoints(
        order,
        async (endpoint) => {
          const repository = opened.get(endpoint) ?? openRepository(endpoint, name, actions);
          opened.set(endpoint, repository);
          const result = await work(repository, endpoint);
          order = order.slice(order.indexOf(endpoint));
          return result;
        },
        { ...options, subject: familiarString(reference) },
      );
  };

  const reader: RegistryAccess['reader'] = async (reference, options = {}) => {
    const { domain = DEFAULT_DOMAIN, path: repository } = reference;
    const endpoints = await registry.lookupPullEndpoints(domain, { ...options, repository });
    const attempt = chain(endpoints, reference, ['pull']);
    return async (work, { signal } = options) => {
      try {
        return await attempt(work, { signal });
      } catch (error) {
        signal?.throwIfAborted();
        throw translatePullError(error, reference);
      }
    };
  };

  return {
    openRepository,
    reader,
    async read(reference, work, options) {
      return await (
        await reader(reference, options)
      )(work);
    },
    async writer(reference, options = {}) {
      const { domain = DEFAULT_DOMAIN, path: repository } = reference;
      const endpoints = await registry.lookupPushEndpoints(domain, { ...options, repository });
      return chain(endpoints, reference, ['pull', 'push']);
    },
  };
}
