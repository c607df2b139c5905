import { StowageError } from '@stowage/types';
import type { EndpointTls, RegistryEndpoint } from '@stowage/types';
import { isRegistryHost } from './registry-host.ts';
import { isLoopbackHost, zoneOf } from './zone.ts';
import type { Zone } from './zone.ts';

/** A registry endpoint, taken apart once. */
export interface Endpoint {
  /** Scheme, host and port: the one origin that credentials of this registry go to. */
  readonly origin: string;
  /** The host without its port. */
  readonly hostname: string;
  /** What credentials are looked up by: host and port, `docker.io` for Docker Hub. */
  readonly credentialHost: string;
  readonly zone: Zone;
  readonly https: boolean;
  readonly mirror: boolean;
  /** Whether certificates of this endpoint go unchecked. */
  readonly insecure: boolean;
  /** Whether credentials may go over plain http here: the endpoint is listed as insecure, or is this machine. */
  readonly plainAllowed: boolean;
  readonly tls: EndpointTls | undefined;
}

/**
 * Checks an endpoint and takes it apart.
 *
 * @throws `INVALID_ARGUMENT` for anything but an http or https URL of host and port
 */
export function parseEndpoint({ url, mirror, official, insecure, tls }: RegistryEndpoint): Endpoint {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const bare = parsed !== undefined && parsed.href === `${parsed.origin}/`;
  if (!bare || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) {
    throw new StowageError(
      'INVALID_ARGUMENT',
      'a registry endpoint must be an http or https URL of host and port',
    );
  }
  const { origin, hostname, host, protocol } = parsed;
  // As it is written, with a port that goes without saying: so it stands where credentials are kept.
  const written = url
    .slice(url.indexOf('//') + 2)
    .replace(/\/$/, '')
    .toLowerCase();
  return {
    origin,
    hostname,
    credentialHost: official ? 'docker.io' : isRegistryHost(written) ? written : host,
    zone: zoneOf(hostname),
    https: protocol === 'https:',
    mirror,
    insecure,
    plainAllowed: insecure || isLoopbackHost(hostname),
    tls,
  };
}
