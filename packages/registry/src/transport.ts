import { RegistryError, StowageError } from '@stowage/types';
import type { Fetch } from '@stowage/types';
import { defaultFetch, sendsEveryHeader } from '#platform';
import type { Answer } from './answer.ts';
import { discard } from './body.ts';
import type { Endpoint } from './endpoint.ts';
import { networkError, requestMessage } from './network-error.ts';
import { isRedirect, redirectTarget, refused } from './redirect.ts';
import { isLoopbackHost } from './zone.ts';

const MAX_REDIRECTS = 10;
/** Headers that may not be slipped in beside the ones we set: they belong to an origin. */
const CREDENTIAL_HEADERS: readonly string[] = ['authorization', 'proxy-authorization', 'cookie'];

/** What a transport is made of. */
export interface TransportInit {
  readonly endpoint: Endpoint;
  /** The way to the network. Default: the runtime's own, one for each answer to whether certificates are checked. */
  readonly fetch?: Fetch | undefined;
  readonly metaHeaders?: Readonly<Record<string, string>> | undefined;
  readonly userAgent?: string | undefined;
}

/** A request as it goes on the wire. */
export interface WireRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The value of `Authorization`; it goes to the origin of `url` and nowhere else. */
  readonly authorization?: string | undefined;
  readonly body?: string | undefined;
  /** Whether this goes to a token server, which may not send us to a private address. */
  readonly forToken?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests and follows redirects. */
export interface Transport {
  /** `UNAVAILABLE` when no answer comes, `REGISTRY` for a redirect that may not be followed. */
  send(request: WireRequest): Promise<Answer>;
}

/**
 * Makes the transport of one endpoint. Redirects are followed by hand, so that `Authorization` stays with its origin in
 * every runtime: once an answer came from another origin the header is gone for good, also on the way back.
 *
 * A browser does not show redirects: it answers `opaqueredirect`. The request is then sent once more for the browser to
 * follow, which drops `Authorization` across origins by itself (Fetch standard, "HTTP-redirect fetch"); from then on
 * requests go out that way at once.
 *
 * @throws `INVALID_ARGUMENT` for headers that cannot be sent or that carry credentials
 */
export function createTransport(init: TransportInit): Transport {
  const { endpoint } = init;
  const ownHeaders = headersOf(init);
  const fetchFor = init.fetch === undefined ? platformFetch(endpoint) : always(init.fetch);
  let redirectsHidden = false;

  async function fetchOnce(request: WireRequest, url: URL, authorized: boolean): Promise<Response> {
    const headers = new Headers(ownHeaders);
    for (const [name, value] of Object.entries(request.headers ?? {})) headers.set(name, value);
    if (authorized && request.authorization !== undefined)
      headers.set('authorization', request.authorization);
    const { method, body, signal } = request;
    const exchange = (redirect: RequestRedirect): Promise<Response> =>
      fetchFor(url)(url.href, {
        method,
        headers: Object.fromEntries(headers),
        redirect,
        // No cookies, and no password dialog in a page.
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
    if (redirectsHidden && method !== 'POST') return await exchange('follow');
    const response = await exchange('manual');
    if (response.type !== 'opaqueredirect' || method === 'POST') return response;
    redirectsHidden = true;
    return await exchange('follow');
  }

  return {
    async send(request): Promise<Answer> {
      request.signal?.throwIfAborted();
      let url = new URL(request.url);
      const { origin } = url;
      let crossed = false;
      for (let redirects = 0; ; redirects++) {
        const here = { method: request.method, url: url.href, signal: request.signal };
        const response = await fetchOnce(request, url, !crossed).catch((error: unknown) => {
          throw networkError(error, here);
        });
        const answer = { ...here, response, crossed };
        checkCodings(answer);
        if (response.redirected) return followedByRuntime(answer, origin);
        const location = response.headers.get('location');
        if (!isRedirect(response.status) || location === null || request.method === 'POST') return answer;
        void discard(answer);
        if (redirects >= MAX_REDIRECTS)
          throw refused(here, `stopped after ${String(MAX_REDIRECTS)} redirects`);
        url = redirectTarget(location, here, endpoint, request.forToken !== true);
        crossed ||= url.origin !== origin;
      }
    },
  };
}

/** Checks after the fact what a browser followed for us. */
function followedByRuntime(answer: Answer, origin: string): Answer {
  const { response } = answer;
  const url = new URL(response.url);
  if (origin.startsWith('https:') && url.protocol !== 'https:') {
    void discard(answer);
    throw refused(answer, 'refused to follow a redirect from https to http');
  }
  return { ...answer, url: url.href, crossed: url.origin !== origin };
}

/** Several codings around one another are how a small answer becomes a huge one; no registry sends them. */
function checkCodings(answer: Answer): void {
  if (answer.response.headers.get('content-encoding')?.includes(',') !== true) return;
  void discard(answer);
  const { method, url, response } = answer;
  throw new RegistryError('REGISTRY', requestMessage(answer, 'answer has several content codings'), {
    method,
    url,
    status: response.status,
  });
}

function headersOf({ metaHeaders = {}, userAgent = 'stowage' }: TransportInit): Headers {
  const secret = Object.keys(metaHeaders).find((name) => CREDENTIAL_HEADERS.includes(name.toLowerCase()));
  if (secret !== undefined) {
    throw new StowageError(
      'INVALID_ARGUMENT',
      `metaHeaders must not have ${secret}: credentials go into auth`,
    );
  }
  try {
    const headers = new Headers(metaHeaders);
    // A page may not say what encodings it accepts, and would have to ask leave to say who it is.
    if (sendsEveryHeader) {
      headers.set('user-agent', userAgent);
      headers.set('accept-encoding', 'identity');
    }
    return headers;
  } catch (cause) {
    throw new StowageError('INVALID_ARGUMENT', 'metaHeaders or userAgent cannot be sent as headers', {
      cause,
    });
  }
}

/** That certificates go unchecked holds for the endpoint alone, and for this machine when the endpoint is on it. */
function platformFetch(endpoint: Endpoint): (url: URL) => Fetch {
  const checked = defaultFetch({ insecure: false });
  if (!endpoint.insecure) return always(checked);
  const unchecked = defaultFetch({ insecure: true });
  const local = isLoopbackHost(endpoint.hostname);
  return (url) =>
    url.origin === endpoint.origin || (local && isLoopbackHost(url.hostname)) ? unchecked : checked;
}

function always(fetch: Fetch): (url: URL) => Fetch {
  return () => fetch;
}
