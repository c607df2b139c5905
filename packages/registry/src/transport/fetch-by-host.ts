import type { FetchSettings, WireFetch } from '../platform/wire-fetch.ts';
import type { TransportInit } from './transport-init.ts';
import { isLoopbackHost } from '../address/zone.ts';

/**
 * The `fetch` for each URL that an endpoint leads to. Leaving certificates unchecked and showing the client's own holds
 * for the endpoint alone; the former also for this machine when the endpoint is on it. The authorities that were given
 * for the endpoint are trusted for what it leads to as well: its token server, its object store; only the latter may
 * have a private address where that is allowed.
 */
export function fetchByHost(
  { endpoint, ...options }: TransportInit,
  make: (settings: FetchSettings) => WireFetch,
): (url: URL, forToken: boolean) => WireFetch {
  const { insecure, tls, origin, hostname } = endpoint;
  const { connectTimeout, proxy, http2 } = options;
  const common = { connectTimeout, proxy, http2 };
  const own = make({ ...common, insecure, tls });
  const local = isLoopbackHost(hostname);
  const guarded = { ...common, insecure: false, tls: tls?.ca && { ca: tls.ca }, guardedBy: hostname };
  const others = make(guarded);
  const stores = options.allowPrivateRedirects === true ? make({ ...guarded, privateAllowed: true }) : others;
  const machine = local && insecure ? make({ ...common, insecure: true }) : others;
  return (url, forToken) => {
    if (url.origin === origin) return own;
    if (local && isLoopbackHost(url.hostname)) return machine;
    return forToken ? others : stores;
  };
}
