import type { LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { EndpointTls } from '@stowage/types';
import type { Dispatcher } from 'undici';
import type { FetchSettings } from './wire-fetch.ts';
import { guardedLookup } from './node-guard.ts';

/** Registries are known that send very long headers, bytes. */
const MAX_HEADER_SIZE = 64 * 1024;
/** How long a connection may idle, milliseconds. */
const KEEP_ALIVE = 4_000;

/**
 * Opens a pool of connections. Only these parts of undici are loaded: the whole would make itself the dispatcher of the
 * process's own `fetch`.
 *
 * @param via the proxy to go through, if any
 */
export async function openDispatcher(
  settings: Omit<FetchSettings, 'proxy'>,
  via: string | undefined,
): Promise<Dispatcher> {
  const { insecure, tls, connectTimeout = 30, http2 = false, guardedBy, privateAllowed } = settings;
  const timeout = connectTimeout * 1000;
  const guard = guardedBy === undefined ? undefined : await guardedLookup(guardedBy, { privateAllowed });
  const lookup = guard as LookupFunction | undefined;
  const connect = {
    timeout,
    rejectUnauthorized: !insecure,
    ...(tls === undefined ? {} : { secureContext: await secureContextOf(tls) }),
    ...(lookup === undefined ? {} : { lookup }),
  };
  const options = {
    keepAliveTimeout: KEEP_ALIVE,
    maxHeaderSize: MAX_HEADER_SIZE,
    // How long nothing may come is said elsewhere, for every runtime alike.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: http2,
  };
  if (via === undefined) {
    const { default: Agent } = await import('undici/lib/dispatcher/agent.js');
    return new Agent({ ...options, connect });
  }
  const { default: ProxyAgent } = await import('undici/lib/dispatcher/proxy-agent.js');
  const { default: Pool } = await import('undici/lib/dispatcher/pool.js');
  const { default: startTunnel } = await import('undici/lib/api/api-connect.js');
  const { username, password } = new URL(via);
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return new ProxyAgent({
    ...options,
    uri: via,
    // What is not encrypted needs no tunnel, and many proxies make none for it.
    proxyTunnel: false,
    // Pools have this method only once the whole of undici is loaded.
    clientFactory: (origin, pool) => Object.assign(new Pool(origin, pool), { connect: startTunnel }),
    requestTls: connect,
    proxyTls: { timeout },
    ...(username === '' ? {} : { token: `Basic ${Buffer.from(user).toString('base64')}` }),
  });
}

/** Made once for all connections: to read the authorities takes longer than many a request. */
async function secureContextOf({ ca, cert, key }: EndpointTls): Promise<SecureContext> {
  const { createSecureContext, ...tls } = await import('node:tls');
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  // What is given takes the place of what Node trusts, so that has to be given too.
  const trusted = getCACertificates?.('default') ?? tls.rootCertificates;
  return createSecureContext({
    ...(ca === undefined ? {} : { ca: [...trusted, ...ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
}
