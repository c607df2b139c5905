import { redactUrl, StowageError } from '@stowage/types';
import { AnonymousSession } from '../session/anonymous-session.ts';
import { parseEndpoint } from '../address/endpoint.ts';
import type { Endpoint } from '../address/endpoint.ts';
import type { Requester } from '../session/requester.ts';
import type { RetryDeps } from '../transport/retry.ts';
import { createTransport } from '../transport/transport.ts';
import type { TransportInit } from '../transport/transport-init.ts';
import { mayReach, zoneOf } from '../address/zone.ts';

/** What asks the places that a descriptor names beside its registry. */
export type ForeignRequester = (url: string) => Requester;

/** What foreign URLs are reached with. */
export interface ForeignInit
  extends RetryDeps, Omit<TransportInit, 'endpoint' | 'metaHeaders' | 'clock' | 'retry'> {
  /** The registry whose manifests name the URLs. */
  readonly registry: Endpoint;
}

/**
 * Makes what asks the URLs of foreign layers. Whoever wrote the manifest names them, so nothing of the user's goes
 * there: no credentials, not even back at the registry, no headers of the caller's, no client certificate. And they may
 * lie no nearer than the registry does: a public one must not name this machine or a metadata service.
 */
export function createForeignRequester(init: ForeignInit): ForeignRequester {
  const { registry } = init;
  return (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
    if (url === undefined || !isHttp) throw refused('is no http or https URL', text);
    if (url.username !== '' || url.password !== '') throw refused('has credentials in it', text);
    const zone = zoneOf(url.hostname);
    if (!mayReach(registry.zone, zone) && !(zone === 'private' && init.allowPrivateRedirects === true)) {
      throw refused('is not to be reached from here', text);
    }
    const endpoint = parseEndpoint({ url: url.origin, mirror: true, official: false, insecure: false });
    const transport = createTransport({ ...init, metaHeaders: {}, endpoint });
    return new AnonymousSession({ ...init, transport });
  };
}

function refused(why: string, url: string): StowageError {
  return new StowageError('REGISTRY', `foreign layer URL ${why}: ${redactUrl(url)}`, {
    reason: 'foreign-url',
  });
}
