import type { ListOptions } from '@stowage/types';
import { listRepositories } from '../listing/name-lister.ts';
import { createSession } from './repository.ts';
import type { RepositoryInit } from './repository.ts';

/** How a registry is reached: as a repository of it is, without naming one. */
export type RegistryInit = Omit<RepositoryInit, 'name' | 'actions'>;

/**
 * Lists the repositories of a registry, in its order, page after page as they are asked for. Many registries have no
 * such list, or show it to administrators only.
 *
 * @param init endpoint and credentials
 * @param options limits, and how to end early
 * @throws `INVALID_ARGUMENT` for a malformed endpoint, header or limit; `REGISTRY` for malformed lists, for pages that
 *   lead in a circle or to another origin; `LIMIT_EXCEEDED` for a page of more than 16 MiB, after 10,000 pages and after
 *   as many names as the options say; whatever the registry answers, for example `UNAUTHENTICATED`, `UNSUPPORTED`
 *
 * @example
 * ```ts
 * import { listCatalog } from '@stowage/registry';
 *
 * const names = listCatalog({
 *   endpoint: { url: 'https://registry.example', mirror: false, official: false, insecure: false },
 *   fetch: async () => Response.json({ repositories: ['team/app', 'team/base'] }),
 * });
 * for await (const name of names) console.log(name); // team/app, then team/base
 * ```
 */
export function listCatalog(init: RegistryInit, options: ListOptions = {}): AsyncIterable<string> {
  const { session } = createSession(init, { scope: 'registry:catalog:*' });
  return listRepositories(session, `${session.origin}/v2/_catalog`, options);
}
