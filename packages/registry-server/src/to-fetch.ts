import type { Fetch } from '@stowage/types';
import type { RegistryServer } from './registry-server.ts';

/**
 * Makes a `fetch` that asks a registry in this very process, without a network: what a client of registries takes.
 *
 * @param server the registry
 *
 * @example
 * ```ts
 * import { createRegistryServer, toFetch } from '@stowage/registry-server';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const fetch = toFetch(createRegistryServer({ storage: createMemoryStorage() }));
 * const response = await fetch('http://registry.example/v2/_catalog');
 * console.log(await response.text()); // {"repositories":[]}
 * ```
 */
export function toFetch(server: RegistryServer): Fetch {
  return async (url, init) => {
    const request = new Request(url, init);
    const response = await server(request);
    // As on a network: once the answer is there, nobody waits for the rest of the question.
    if (request.body?.locked === false) request.body.cancel().catch(() => undefined);
    Object.defineProperty(response, 'url', { value: request.url });
    return response;
  };
}
