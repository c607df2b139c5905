import { createRepository, createTokenCache } from '@stowage/registry';
import type { RepositoryInit } from '@stowage/registry';
import { DEFAULT_DOMAIN, familiarString } from '@stowage/types';
import type { AbortOptions, OpenRepository, Reference, RegistryService, Repository } from '@stowage/types';
import { translatePullError } from './pull/translate-pull-error.ts';
import { tryEndpoints } from './pull/try-endpoints.ts';

/** What reaching a registry takes. */
export interface RegistryAccessInit extends Omit<RepositoryInit, 'endpoint' | 'name' | 'actions' | 'tokens'> {
  readonly registry: RegistryService;
}

/** Reaches repositories with one set of credentials, tokens and connections. */
export interface RegistryAccess {
  readonly openRepository: OpenRepository;
  /** Reads from the first endpoint of a reference's registry that answers. */
  read<T>(
    reference: Reference,
    work: (repository: Repository) => Promise<T>,
    options?: AbortOptions,
  ): Promise<T>;
}

/** Makes a {@link RegistryAccess}. */
export function createRegistryAccess({ registry, ...init }: RegistryAccessInit): RegistryAccess {
  const tokens = createTokenCache({ clock: init.clock });
  const openRepository: OpenRepository = (endpoint, name, actions) =>
    createRepository({ ...init, endpoint, name, actions, tokens });
  return {
    openRepository,
    async read(reference, work, options = {}) {
      const { domain = DEFAULT_DOMAIN, path: repository } = reference;
      const endpoints = await registry.lookupPullEndpoints(domain, { ...options, repository });
      try {
        return await tryEndpoints(
          endpoints,
          (endpoint) => work(openRepository(endpoint, reference.path ?? '', ['pull'])),
          { ...options, subject: familiarString(reference) },
        );
      } catch (error) {
        options.signal?.throwIfAborted();
        throw translatePullError(error, reference);
      }
    },
  };
}
