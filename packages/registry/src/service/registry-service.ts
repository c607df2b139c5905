import { familiarName, StowageError, trimNamed } from '@stowage/types';
import type {
  AbortOptions,
  AuthConfig,
  Clock,
  CredentialProvider,
  EndpointTls,
  Fetch,
  IndexInfo,
  LookupOptions,
  Reference,
  RegistryEndpoint,
  RegistryService,
  RepositoryInfo,
  ServiceConfig,
} from '@stowage/types';
import { readCertsDirectory } from './certs-directory.ts';
import { validateIndexName } from '../address/index-name.ts';
import { validateMirror } from '../address/mirror.ts';
import type { NetworkOptions } from '../transport/network-options.ts';
import { findPrefixMirrors } from '../address/prefix-mirrors.ts';
import type { FindMirrors, PrefixMirror, PrefixMirrors } from '../address/prefix-mirrors.ts';
import { isDockerHub, isRegistryHost } from '../address/registry-host.ts';
import { allowsNondistributable, isSecureIndex, loadServiceConfig } from './service-config.ts';
import type { HostLookup } from './service-config.ts';

/** What a registry service is told about registries. */
export interface RegistryServiceInit extends NetworkOptions {
  /**
   * Mirrors, tried in this order before the registry itself: a list is for Docker Hub, as in docker's configuration;
   * a record has them by registry, or by part of one (see {@link PrefixMirrors}). Default none.
   */
  readonly mirrors?: readonly string[] | PrefixMirrors | undefined;
  /**
   * Registries that may be spoken to over plain http or with an unchecked certificate: `host`, `host:port` or a CIDR
   * range. `localhost`, 127.0.0.0/8 and ::1 always may. Default none.
   */
  readonly insecureRegistries?: readonly string[] | undefined;
  /** Registries that take layers which may not be distributed freely: `host`, `host:port` or a CIDR range. Default none. */
  readonly allowNondistributableArtifacts?: readonly string[] | undefined;
  /**
   * A directory of certificates by host, as docker's `/etc/docker/certs.d`: `HOST[:PORT]/*.crt` are authorities,
   * `*.cert` and `*.key` the client's own. Docker Hub itself has none, as in docker. For Node, Deno and Bun. Default none.
   */
  readonly certsDir?: string | undefined;
  /** Resolves host names, so that CIDR ranges hold for them too. Default: none, ranges hold for literal addresses. */
  readonly lookup?: HostLookup | undefined;
  /** Told of what is odd but harmless in the above. Default: nobody. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Credentials, here for searches. Default: anonymous. */
  readonly auth?: AuthConfig | CredentialProvider | undefined;
  /** The way to the network. Default: the runtime's own. */
  readonly fetch?: Fetch | undefined;
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /** A number from 0 up to 1, for the jitter of retries. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Headers for every request. Default none. */
  readonly metaHeaders?: Readonly<Record<string, string>> | undefined;
  /** Sent where the runtime allows it. Default `stowage`. */
  readonly userAgent?: string | undefined;
  /** Hosts, with their ports, of token servers that may see credentials beside those that are known to. Default none. */
  readonly trustedRealms?: readonly string[] | undefined;
}

/**
 * Makes a registry service: it knows at which endpoints a registry can be reached, and in which order to try them, logs
 * in and searches. Only the last two send anything. An http endpoint comes up only for insecure registries, after the
 * https one, and for mirrors that are written so.
 *
 * @param init mirrors, insecure registries, certificates
 * @throws `INVALID_ARGUMENT` for a malformed mirror or registry, in moby's words
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
  const { insecureRegistries = [], allowNondistributableArtifacts = [], onWarning = () => undefined } = init;
  const { mirrors, find } = mirrorsOf(init.mirrors ?? []);
  const config = loadServiceConfig({
    mirrors,
    insecureRegistries,
    allowNondistributableArtifacts,
    onWarning,
  });
  const lookup = new EndpointLookup(config, find, init);

  return {
    resolveRepository,
    resolveIndex: (name, options) => lookup.index(name, options),
    lookupPullEndpoints: (host, options) => lookup.pull(host, options),
    lookupPushEndpoints: (host, options) => lookup.push(host, options),
    async auth(auth, options = {}) {
      options.signal?.throwIfAborted();
      const { login, loginHost } = await import('./login.ts');
      // Those to push to: a mirror never sees the credentials of what it mirrors.
      return await login(auth, await lookup.push(loginHost(auth), options), init, options);
    },
    async search(text, options = {}) {
      options.signal?.throwIfAborted();
      const { search } = await import('./search.ts');
      const deps = { ...init, lookup: (index: string) => lookup.search(index, options) };
      return await search(text, deps, options);
    },
    serviceConfig: () => structuredClone(config),
  };
}

function resolveRepository(reference: Reference): RepositoryInfo {
  if (reference.path === undefined) {
    throw new StowageError('INVALID_REFERENCE', 'repository name must have at least one component');
  }
  return { name: trimNamed(reference), official: !familiarName(reference).includes('/') };
}

/** Docker's mirrors are mirrors by prefix too; they are also listed by themselves. */
function mirrorsOf(init: readonly string[] | PrefixMirrors): {
  mirrors: readonly string[];
  find: FindMirrors;
} {
  const isList = (value: readonly string[] | PrefixMirrors): value is readonly string[] =>
    Array.isArray(value);
  if (isList(init)) {
    const mirrors = [...new Set(init.map(validateMirror))];
    return { mirrors, find: findPrefixMirrors({ 'docker.io': mirrors }) };
  }
  const find = findPrefixMirrors(init);
  const ofHub = find('docker.io', undefined).filter(({ rewrite }) => rewrite.to === '');
  return { mirrors: ofHub.map(({ url }) => `${url}/`), find };
}

/** Finds endpoints by one configuration. */
class EndpointLookup {
  readonly #config: ServiceConfig;
  readonly #findMirrors: FindMirrors;
  readonly #init: Pick<RegistryServiceInit, 'certsDir' | 'lookup'>;

  constructor(config: ServiceConfig, findMirrors: FindMirrors, init: RegistryServiceInit) {
    this.#config = config;
    this.#findMirrors = findMirrors;
    this.#init = init;
  }

  async index(text: string, options: AbortOptions = {}): Promise<IndexInfo> {
    const name = validateIndexName(text);
    const { indexConfigs } = this.#config;
    const known = Object.hasOwn(indexConfigs, name) ? indexConfigs[name] : undefined;
    if (known !== undefined) return structuredClone(known);
    return { name, mirrors: [], official: false, secure: await this.#isSecure(name, options) };
  }

  async pull(host: string, options: LookupOptions = {}): Promise<readonly RegistryEndpoint[]> {
    const origin = await this.push(host, options);
    const mirrors = this.#findMirrors(isDockerHub(host) ? 'docker.io' : host, options.repository);
    return [...(await Promise.all(mirrors.map((mirror) => this.#mirror(mirror, options)))), ...origin];
  }

  async push(host: string, options: AbortOptions = {}): Promise<readonly RegistryEndpoint[]> {
    options.signal?.throwIfAborted();
    if (!isDockerHub(host)) return await this.#hostEndpoints(host, options);
    return [await this.#hub('registry-1.docker.io', options)];
  }

  /** Where the first API of an index is, which knows how to search. */
  async search(name: string, options: AbortOptions): Promise<readonly RegistryEndpoint[]> {
    return name === 'docker.io'
      ? [await this.#hub('index.docker.io', options)]
      : await this.#hostEndpoints(name, options);
  }

  async #hub(host: string, options: AbortOptions): Promise<RegistryEndpoint> {
    return {
      url: `https://${host}`,
      mirror: false,
      official: true,
      insecure: false,
      ...(await this.#artifacts('docker.io', options)),
    };
  }

  async #hostEndpoints(host: string, options: AbortOptions): Promise<readonly RegistryEndpoint[]> {
    if (!isRegistryHost(host)) throw new StowageError('INVALID_ARGUMENT', `invalid registry host: ${host}`);
    const { insecure, ...tls } = await this.#security(host, options);
    const endpoint = {
      url: `https://${host}`,
      mirror: false,
      official: false,
      insecure,
      ...tls,
      ...(await this.#artifacts(host, options)),
    };
    return insecure ? [endpoint, { ...endpoint, url: `http://${host}` }] : [endpoint];
  }

  async #mirror({ url, rewrite }: PrefixMirror, options: AbortOptions): Promise<RegistryEndpoint> {
    const host = url.slice(url.indexOf('//') + 2);
    const security = url.startsWith('https:')
      ? await this.#security(host, options)
      : { insecure: !(await this.#isSecure(host, options)) };
    const isSame = rewrite.from === rewrite.to;
    return { url, mirror: true, official: false, ...security, ...(isSame ? {} : { rewrite }) };
  }

  /** Whether a host is insecure; what it is known by where it is not. */
  async #security(host: string, options: AbortOptions): Promise<{ insecure: boolean; tls?: EndpointTls }> {
    if (!(await this.#isSecure(host, options))) return { insecure: true };
    const { certsDir = '' } = this.#init;
    const tls = certsDir === '' ? undefined : await readCertsDirectory(certsDir, host, options);
    return { insecure: false, ...(tls === undefined ? {} : { tls }) };
  }

  #isSecure(host: string, { signal }: AbortOptions): Promise<boolean> {
    return isSecureIndex(this.#config, host, { lookup: this.#init.lookup, signal });
  }

  async #artifacts(
    host: string,
    { signal }: AbortOptions,
  ): Promise<Pick<RegistryEndpoint, 'allowNondistributableArtifacts'>> {
    const { lookup } = this.#init;
    const allowed = await allowsNondistributable(this.#config, host, { lookup, signal });
    return allowed ? { allowNondistributableArtifacts: true } : {};
  }
}
