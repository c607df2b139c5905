import type { Fetch } from '@stowage/types';

const { process } = globalThis as { process?: { readonly versions?: { readonly node?: string } } };

/**
 * Whether requests may carry every header. A page may not set `Accept-Encoding`, and `User-Agent` would cost it a
 * preflight request. Deno and Bun name the Node they stand in for; a page names none.
 */
export const sendsEveryHeader: boolean = process?.versions?.node !== undefined;

/**
 * The runtime's own `fetch`. It checks every certificate: these runtimes have no standard way to switch that off for one
 * request.
 */
export function defaultFetch(_options: { readonly insecure: boolean }): Fetch {
  return (url, init) => globalThis.fetch(url, init);
}
