import { RegistryError, redactUrl } from '@stowage/types';
import type { Endpoint } from '../address/endpoint.ts';
import { requestMessage } from './network-error.ts';
import { mayReach, zoneOf } from '../address/zone.ts';

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Whether a status sends the client elsewhere. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.includes(status);
}

/**
 * Where a redirect goes, when we may follow it: to an http or https URL without credentials in it, never from https to
 * http, and never from the network to this machine or a metadata service.
 *
 * @param location the `Location` header
 * @param toPrivate whether a private address is fine. Object stores behind a registry may have one; a token server has
 *   no business there
 * @throws `REGISTRY` with reason `redirect`
 */
export function redirectTarget(
  location: string,
  request: { readonly method: string; readonly url: string },
  endpoint: Endpoint,
  toPrivate: boolean,
): URL {
  const from = new URL(request.url);
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (to === undefined || (to.protocol !== 'https:' && to.protocol !== 'http:')) {
    throw refused(request, 'redirected to something that is no http or https URL');
  }
  const zone = zoneOf(to.hostname);
  if (to.username !== '' || to.password !== '')
    throw refused(request, 'redirected to a URL with credentials');
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw refused(request, `refused to follow a redirect from https to ${redactUrl(to.href)}`);
  }
  if (!mayReach(endpoint.zone, zone) && !(toPrivate && zone === 'private')) {
    const knob = zone === 'private' ? ', a private address; allowPrivateRedirects allows that' : '';
    throw refused(request, `refused to follow a redirect to ${redactUrl(to.href)}${knob}`);
  }
  to.hash = '';
  return to;
}

/** The error for a redirect that is not followed. */
export function refused(
  request: { readonly method: string; readonly url: string },
  message: string,
): RegistryError {
  return new RegistryError('REGISTRY', requestMessage(request, message), {
    method: request.method,
    url: request.url,
    reason: 'redirect',
  });
}
