import type { Fetch } from '@stowage/types';
import type { Agent } from 'undici';

const KIB = 1024;

/** Whether requests may carry every header. */
export const sendsEveryHeader: boolean = true;

const agents = new Map<boolean, Promise<Fetch>>();

/**
 * undici's `fetch` over a connection pool of our own; the process's global dispatcher stays as it is. Idle connections
 * are closed after 4 s and do not keep the process alive. Loaded on first use.
 *
 * @param options `insecure` leaves certificates unchecked
 */
export function defaultFetch({ insecure }: { readonly insecure: boolean }): Fetch {
  return async (url, init) => {
    const fetch = agents.get(insecure) ?? pooledFetch(insecure);
    agents.set(insecure, fetch);
    return (await fetch)(url, init);
  };
}

async function pooledFetch(insecure: boolean): Promise<Fetch> {
  const undici = await import('undici');
  const dispatcher: Agent = new undici.Agent({
    keepAliveTimeout: 4_000,
    // Registries are known that send very long headers.
    maxHeaderSize: 64 * KIB,
    connect: { timeout: 30_000, rejectUnauthorized: !insecure },
  });
  // The standard types and undici's describe the same objects, but do not know each other.
  const fetch = undici.fetch as unknown as (
    url: string,
    init: RequestInit & { dispatcher: Agent },
  ) => Promise<Response>;
  return (url, init) => fetch(url, { ...init, headers: headersFor(init), dispatcher });
}

/** undici adds `Accept-Encoding: identity` to requests for ranges, and would send ours beside it. */
function headersFor(init: RequestInit | undefined): Headers {
  const headers = new Headers(init?.headers);
  if (headers.has('range')) headers.delete('accept-encoding');
  return headers;
}
