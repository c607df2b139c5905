import type { Digest } from '@stowage/types';
import type { Endpoint } from '../address/endpoint.ts';
import { redirectTarget } from '../transport/redirect.ts';

/**
 * Where an upload is gone on with: the `Location` of an answer, relative or absolute, whose query is the registry's own
 * and stays as it is. A registry behind a proxy may name its own host with http where it is reached over https: it is
 * https then.
 *
 * @param toPrivate whether a private address is fine
 * @throws `REGISTRY` with reason `redirect` for one that may not be followed, see `redirectTarget`
 */
export function resolveLocation(
  location: string,
  request: { readonly method: string; readonly url: string },
  endpoint: Endpoint,
  toPrivate: boolean,
): string {
  return redirectTarget(withOwnScheme(location, endpoint), request, endpoint, toPrivate).href;
}

function withOwnScheme(location: string, endpoint: Endpoint): string {
  const url = URL.canParse(location) ? new URL(location) : undefined;
  if (!endpoint.https || url?.protocol !== 'http:' || url.hostname !== endpoint.hostname) return location;
  const samePort = url.port === new URL(endpoint.origin).port;
  const bare = url.username === '' && url.password === '';
  return samePort && bare ? `${endpoint.origin}${url.pathname}${url.search}` : location;
}

/** A URL with one more parameter; those it has stay as they are. */
export function withParameter(url: string, name: string, value: string): string {
  const separator = !url.includes('?') ? '?' : /[?&]$/.test(url) ? '' : '&';
  return `${url}${separator}${name}=${encodeURIComponent(value)}`;
}

/** Where an upload is closed. */
export function closingUrl(url: string, digest: Digest): string {
  return withParameter(url, 'digest', digest);
}
