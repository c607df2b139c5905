import { RegistryError, redactUrl } from '@stowage/types';
import { addressBits } from '../address/address.ts';
import type { Challenge } from '../header/challenge.ts';
import type { Endpoint } from '../address/endpoint.ts';
import { requestMessage } from '../transport/network-error.ts';
import { registrableDomain } from '../address/registrable-domain.ts';
import { isLoopbackHost, mayReach, zoneOf } from '../address/zone.ts';

/** The token server that a bearer challenge names. */
export interface Realm {
  readonly url: URL;
  /** Whether it may see the user's credentials. */
  readonly trusted: boolean;
}

/** Token servers that are their registry's though no rule about names would say so, or none that has to be right. */
const KNOWN_REALMS: Readonly<Record<string, string>> = {
  'registry-1.docker.io': 'auth.docker.io',
  'index.docker.io': 'auth.docker.io',
  'registry.hub.docker.com': 'auth.docker.io',
  'docker.elastic.co': 'docker-auth.elastic.co',
  'registry.digitalocean.com': 'api.digitalocean.com',
};

/**
 * Judges the realm of a bearer challenge. Whoever answers for a registry names the realm, so it is not to be believed:
 * a registry on https must name an https realm, one on the network must not name this machine, a private address or a
 * metadata service, and credentials go only where the realm evidently belongs to the registry: the same host, one name
 * under the other, over https a host of the same registrable domain, a pair known by name, or a host that the caller
 * trusts. A shared suffix proves nothing (`co.uk`, `github.io`).
 *
 * @throws `UNAUTHENTICATED` with reason `realm` for a realm that is not to be asked at all
 */
export function judgeRealm(
  challenge: Challenge,
  endpoint: Endpoint,
  options: {
    readonly trustedRealms: readonly string[];
    readonly request: { readonly method: string; readonly url: string };
  },
): Realm {
  const { request, trustedRealms } = options;
  const text = challenge.parameters.get('realm') ?? '';
  if (text === '') throw unusable(request, 'no realm specified for token auth challenge');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === undefined || !isHttp || url.username !== '' || url.password !== '') {
    throw unusable(request, `invalid token auth challenge realm: ${redactUrl(text)}`);
  }
  const plain = url.protocol === 'http:';
  if (plain && endpoint.https && !endpoint.plainAllowed) {
    throw unusable(request, `refused an http realm from an https registry: ${redactUrl(text)}`);
  }
  if (!mayReach(endpoint.zone, zoneOf(url.hostname))) {
    throw unusable(request, `refused a realm at an address that is not public: ${redactUrl(text)}`);
  }
  url.hash = '';
  const safe = !plain || endpoint.plainAllowed;
  const named = trustedRealms.includes(url.host);
  return { url, trusted: safe && (named || belongs(endpoint, url)) };
}

/** Whether a realm's host evidently belongs to a registry's. */
function belongs(endpoint: Endpoint, realm: URL): boolean {
  const { hostname: registry } = endpoint;
  const { hostname } = realm;
  if (registry === hostname) return true;
  if (isLoopbackHost(registry)) return isLoopbackHost(hostname);
  if (isUnder(registry, hostname) || isUnder(hostname, registry)) return true;
  if (!endpoint.https || realm.protocol !== 'https:') return false;
  if (KNOWN_REALMS[registry] === hostname) return true;
  const domain = registrableDomain(registry);
  return domain !== undefined && domain === registrableDomain(hostname);
}

/** The error for a realm that would get credentials only if the caller said so. */
export function strangeRealm(
  realm: Realm,
  request: { readonly method: string; readonly url: string },
): RegistryError {
  const { host } = realm.url;
  return new RegistryError(
    'UNAUTHENTICATED',
    requestMessage(
      request,
      `credentials for ${new URL(request.url).host} were not sent to the token server ${host}, which is not known to ` +
        `belong to it; put '${host}' into trustedRealms to allow that`,
    ),
    { method: request.method, url: request.url, reason: 'realm' },
  );
}

function isUnder(name: string, parent: string): boolean {
  return parent.includes('.') && addressBits(name) === undefined && name.endsWith(`.${parent}`);
}

function unusable(
  request: { readonly method: string; readonly url: string },
  message: string,
): RegistryError {
  return new RegistryError('UNAUTHENTICATED', requestMessage(request, message), {
    method: request.method,
    url: request.url,
    reason: 'realm',
  });
}
