import type { Fetch } from '@stowage/types';
import { StowageError } from '@stowage/types';
import { wireFetchOf } from './wire-fetch.ts';
import type { FailureExplainer, FetchSettings, WireFetch } from './wire-fetch.ts';
import { explainInPage } from './page-failure.ts';
import { proxyFor } from './proxy.ts';

interface ServerGlobals {
  readonly process?: {
    readonly versions?: { readonly node?: string };
    getBuiltinModule?(name: string): { readonly rootCertificates?: readonly string[] } | undefined;
  };
  readonly Deno?: { readonly createHttpClient?: (options: object) => object };
  readonly Bun?: object;
}

const { process, Deno: deno, Bun: bun } = globalThis as ServerGlobals;

/**
 * Whether requests may carry every header. A page may not set `Accept-Encoding`, and `User-Agent` would cost it a
 * preflight request. Deno and Bun name the Node they stand in for; a page names none.
 */
export const sendsEveryHeader: boolean = process?.versions?.node !== undefined;

/**
 * Whether the content of a request can be sent while it is read. Chromium does so over HTTP/2 only, Firefox and Safari do
 * not, Bun gathers it first, and none of them tells its length before.
 */
export const streamsRequests: boolean = false;

/**
 * Whether the runtime takes a body into its memory as fast as the network brings it, however slowly it is read. Browsers
 * do, so that large blobs are asked for in parts there.
 */
export const readsAhead: boolean = !sendsEveryHeader;

/** Finds out why a request failed, as far as a page can. Servers are told by the error itself. */
export const explainFailure: FailureExplainer | undefined = sendsEveryHeader ? undefined : explainInPage;

/**
 * The runtime's own `fetch`, with what the runtime can do about certificates and proxies: Deno takes authorities, a
 * client's certificate and a proxy, Bun those and leaves certificates unchecked, a page nothing at all.
 *
 * @throws `UNSUPPORTED` in a page for an endpoint with certificates of its own
 */
export function defaultFetch(settings: FetchSettings): WireFetch {
  const { tls, proxy } = settings;
  if (bun !== undefined) {
    return wireFetchOf((url, init) => globalThis.fetch(url, { ...init, ...bunOptions(settings, url) }));
  }
  if (deno?.createHttpClient !== undefined && (tls !== undefined || typeof proxy === 'object')) {
    return wireFetchOf(denoFetch(settings, deno.createHttpClient));
  }
  if (tls !== undefined) {
    throw new StowageError('UNSUPPORTED', 'this runtime cannot be given certificates for a registry');
  }
  if (sendsEveryHeader) return wireFetchOf((url, init) => globalThis.fetch(url, init));
  // A page's cache would split ranges, and answer with what the registry has no more.
  return wireFetchOf((url, init) => globalThis.fetch(url, { ...init, cache: 'no-store' }));
}

/** One client for each proxy, made when it is first needed. */
function denoFetch({ tls, proxy }: FetchSettings, createClient: (options: object) => object): Fetch {
  const clients = new Map<string | undefined, object>();
  const clientFor = (via: string | undefined): object => {
    const client =
      clients.get(via) ??
      createClient({
        ...(tls?.ca === undefined ? {} : { caCerts: tls.ca }),
        ...(tls?.cert === undefined ? {} : { cert: tls.cert, key: tls.key }),
        ...(via === undefined ? {} : { proxy: { url: via } }),
      });
    clients.set(via, client);
    return client;
  };
  return (url, init) => {
    const via = typeof proxy === 'object' ? proxyFor(new URL(url), proxy) : undefined;
    return globalThis.fetch(url, { ...init, client: clientFor(via) } as RequestInit);
  };
}

/** Bun's own members of a request. Authorities that are given take the place of those it trusts, so these are added. */
function bunOptions({ insecure, tls, proxy }: FetchSettings, url: string): object {
  const via = typeof proxy === 'object' ? proxyFor(new URL(url), proxy) : undefined;
  const trusted = tls?.ca === undefined ? [] : rootCertificates();
  return {
    ...(via === undefined ? {} : { proxy: via }),
    ...(!insecure && tls === undefined
      ? {}
      : {
          tls: {
            ...(insecure ? { rejectUnauthorized: false } : {}),
            ...(tls?.ca === undefined ? {} : { ca: [...trusted, ...tls.ca] }),
            ...(tls?.cert === undefined ? {} : { cert: tls.cert, key: tls.key }),
          },
        }),
  };
}

function rootCertificates(): readonly string[] {
  return process?.getBuiltinModule?.('node:tls')?.rootCertificates ?? [];
}
