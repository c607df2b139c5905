import { createRepository, createTokenCache } from '@stowage/registry';
import { DEFAULT_DOMAIN, familiarString } from '@stowage/types';
import type {
  AbortOptions,
  AuthConfig,
  Clock,
  CredentialProvider,
  Fetch,
  OpenRepository,
  Reference,
  RegistryService,
  Repository,
} from '@stowage/types';
import { translatePullError } from './translate-pull-error.ts';
import { tryEndpoints } from './try-endpoints.ts';

/** What reaching a registry takes. */
export interface RegistryAccessInit {
  readonly registry: RegistryService;
  readonly auth?: AuthConfig | CredentialProvider | undefined;
  readonly fetch?: Fetch | undefined;
  /** Times retries and the life of tokens. */
  readonly clock: Clock;
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
export function createRegistryAccess({ registry, auth, fetch, clock }: RegistryAccessInit): RegistryAccess {
  const tokens = createTokenCache({ clock });
  const openRepository: OpenRepository = (endpoint, name, actions) =>
    createRepository({ endpoint, name, actions, auth, fetch, clock, tokens });
  return {
    openRepository,
    async read(reference, work, options = {}) {
      const host = reference.domain ?? DEFAULT_DOMAIN;
      const endpoints = await registry.lookupPullEndpoints(host, options);
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
