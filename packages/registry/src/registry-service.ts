import { familiarName, StowageError, trimNamed } from '@stowage/types';
import type { Reference, RegistryEndpoint, RegistryService, RepositoryInfo } from '@stowage/types';
import { insecureTest } from './insecure-registries.ts';
import type { InsecureTest } from './insecure-registries.ts';
import { validateMirror } from './mirror.ts';
import { isDockerHub, isRegistryHost } from './registry-host.ts';

/** What a registry service is told about registries. */
export interface RegistryServiceInit {
  /**
   * Registries that may be spoken to over plain http or with an unchecked certificate: `host`, `host:port` or a CIDR
   * range. `localhost`, 127.0.0.0/8 and ::1 always are. Default none.
   */
  readonly insecureRegistries?: readonly string[] | undefined;
  /** Mirrors of Docker Hub, tried in this order before Docker Hub itself. Default none. */
  readonly mirrors?: readonly string[] | undefined;
}

const DOCKER_HUB: RegistryEndpoint = {
  url: 'https://registry-1.docker.io',
  mirror: false,
  official: true,
  insecure: false,
};

/**
 * Makes a registry service: it knows at which endpoints a registry can be reached, and in which order to try them. It
 * does no I/O and resolves no names. An http endpoint comes up only for insecure registries, after the https one.
 *
 * @param init mirrors and insecure registries
 * @throws `INVALID_ARGUMENT` for a malformed mirror or insecure registry, in moby's words
 *
 * @example
 * ```ts
 * import { createRegistryService } from '@stowage/registry';
 *
 * const service = createRegistryService({ mirrors: ['https://mirror.example'] });
 * const endpoints = await service.lookupPullEndpoints('docker.io');
 * console.log(endpoints.map((endpoint) => endpoint.url));
 * // [ 'https://mirror.example', 'https://registry-1.docker.io' ]
 * ```
 */
export function createRegistryService(init: RegistryServiceInit = {}): RegistryService {
  const isInsecure = insecureTest(init.insecureRegistries ?? []);
  const mirrors = mirrorEndpoints(init.mirrors ?? [], isInsecure);
  const endpointsOf = (host: string): readonly RegistryEndpoint[] =>
    isDockerHub(host) ? [DOCKER_HUB] : hostEndpoints(host, isInsecure);
  return {
    resolveRepository,
    // Promises because other services may have to ask; a bad host rejects.
    async lookupPullEndpoints(host, options = {}) {
      options.signal?.throwIfAborted();
      return Promise.resolve([...(isDockerHub(host) ? mirrors : []), ...endpointsOf(host)]);
    },
    async lookupPushEndpoints(host, options = {}) {
      options.signal?.throwIfAborted();
      return Promise.resolve(endpointsOf(host));
    },
  };
}

function resolveRepository(reference: Reference): RepositoryInfo {
  if (reference.path === undefined) {
    throw new StowageError('INVALID_REFERENCE', 'repository name must have at least one component');
  }
  return { name: trimNamed(reference), official: !familiarName(reference).includes('/') };
}

function mirrorEndpoints(mirrors: readonly string[], isInsecure: InsecureTest): readonly RegistryEndpoint[] {
  return [...new Set(mirrors.map(validateMirror))].map((mirror) => {
    const url = mirror.slice(0, -1);
    return { url, mirror: true, official: false, insecure: isInsecure(url.slice(url.indexOf('//') + 2)) };
  });
}

function hostEndpoints(host: string, isInsecure: InsecureTest): readonly RegistryEndpoint[] {
  if (!isRegistryHost(host)) throw new StowageError('INVALID_ARGUMENT', `invalid registry host: ${host}`);
  const insecure = isInsecure(host);
  const endpoint = { url: `https://${host}`, mirror: false, official: false, insecure };
  return insecure ? [endpoint, { ...endpoint, url: `http://${host}` }] : [endpoint];
}
