import { lookup } from 'node:dns/promises';
import type { HostLookup } from './service-config.ts';

/**
 * Resolves host names as the system does: for the `lookup` of `createRegistryService`, so that CIDR ranges of insecure
 * registries hold for names, as they do in docker. Whoever answers for a name then decides whether its registry is
 * insecure: only for networks where that is no stranger.
 *
 * @example
 * ```ts
 * import { createRegistryService } from '@stowage/registry';
 * import { lookupHost } from '@stowage/registry/node';
 *
 * const service = createRegistryService({ insecureRegistries: ['10.0.0.0/8'], lookup: lookupHost });
 * console.log(service.serviceConfig().insecureRegistryCIDRs[0]); // 10.0.0.0/8
 * ```
 */
export const lookupHost: HostLookup = async (hostname, { signal } = {}) => {
  signal?.throwIfAborted();
  const addresses = await lookup(hostname, { all: true });
  signal?.throwIfAborted();
  return addresses.map(({ address }) => address);
};
