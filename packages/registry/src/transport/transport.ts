import { systemClock } from '@stowage/core';
import { RegistryError, StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import { defaultFetch, explainFailure, sendsEveryHeader, streamsRequests } from '#platform';
import type { Answer } from './answer.ts';
import { discard } from './body.ts';
import { fetchByHost } from './fetch-by-host.ts';
import { networkError, requestMessage } from './network-error.ts';
import { notifyOfHeaders } from './notice.ts';
import { isRedirect, redirectTarget, refused } from './redirect.ts';
import { stalled } from './timeout.ts';
import type { TransportInit } from './transport-init.ts';
import { Watchdog } from './watchdog.ts';
import type { Watched } from './watchdog.ts';
import { wireFetchOf } from '../platform/wire-fetch.ts';
import type { WireControl, WireFetch, WireReader, WireResponse } from '../platform/wire-fetch.ts';

const MAX_REDIRECTS = 10;
/** What a body goes out with at least, bytes per second. */
const SLOWEST = 32 * 1024;
/** Headers that may not be slipped in beside the ones we set: they belong to an origin. */
const CREDENTIAL_HEADERS: readonly string[] = ['authorization', 'proxy-authorization', 'cookie'];

/**
 * RFC 9110, section 5. `Headers` would tell as well, but Node loads a client of its own for it, of which nothing else is
 * used here: that takes as long as a request.
 */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FIELD_VALUE = /^[\t -~\x80-\xff]*$/;

/** The content of a request, which can be sent again. */
export type WireBody = string | Bytes | Blob | PiecewiseBody;

/** Content that is sent piece by piece, so that it need not be in memory; see {@link Transport.streams}. */
export interface PiecewiseBody {
  /** Bytes. */
  readonly size: number;
  /** The pieces, from the first on each time. */
  pieces(): AsyncIterable<Bytes> | Iterable<Bytes>;
}

/** A request as it goes on the wire. */
export interface WireRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The value of `Authorization`; it goes to the origin of `url` and nowhere else. */
  readonly authorization?: string | undefined;
  readonly body?: WireBody | undefined;
  /** Whether this goes to a token server, which may not send us to a private address. */
  readonly forToken?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests and follows redirects. */
export interface Transport {
  /** Whether bodies can be sent piece by piece. */
  readonly streams: boolean;
  /** `UNAVAILABLE` when no answer comes, `TIMEOUT` when none comes in time, `REGISTRY` for a redirect that may not be followed. */
  send(request: WireRequest): Promise<Answer>;
}

/**
 * Makes the transport of one endpoint. Redirects are followed by hand, so that `Authorization` stays with its origin in
 * every runtime: once an answer came from another origin the header is gone for good, also on the way back. Only GET and
 * HEAD follow them.
 *
 * A browser does not show redirects: it answers `opaqueredirect`. The request is then sent once more for the browser to
 * follow, which drops `Authorization` across origins by itself (Fetch standard, "HTTP-redirect fetch"); from then on
 * requests go out that way at once.
 *
 * @throws `INVALID_ARGUMENT` for headers that cannot be sent or that carry credentials
 */
export function createTransport(init: TransportInit): Transport {
  const { endpoint, limiter, onNotice, clock = systemClock, inactivityTimeout = 60 } = init;
  const ownHeaders = headersOf(init);
  const fetchFor =
    init.fetch === undefined ? fetchByHost(init, defaultFetch) : always(wireFetchOf(init.fetch));
  // Of a way to the network that is not the runtime's own nothing is known.
  const explain = init.fetch === undefined ? explainFailure : undefined;
  const watchdog = new Watchdog(clock, inactivityTimeout * 1000);
  const watching =
    (request: {
      readonly method: string;
      readonly url: string;
      readonly status?: number;
    }): NonNullable<Answer['watch']> =>
    (expire) =>
      watchdog.watch(() => {
        expire(stalled(request, inactivityTimeout));
      });
  let redirectsHidden = false;

  async function fetchOnce(
    request: WireRequest,
    url: URL,
    options: { readonly authorized: boolean; readonly control: WireControl; readonly watched: Watched },
  ): Promise<WireResponse> {
    const { authorized, control, watched } = options;
    const { method, body, signal, authorization } = request;
    const headers: Record<string, string> = { ...ownHeaders, ...request.headers };
    if (authorized && authorization !== undefined) headers['authorization'] = authorization;
    if (isPiecewise(body)) headers['content-length'] = String(body.size);
    const exchange = (redirect: RequestRedirect): Promise<WireResponse> =>
      fetchFor(url, request.forToken === true)(
        url,
        {
          method,
          headers,
          redirect,
          // No cookies, and no password dialog in a page.
          credentials: 'omit',
          referrerPolicy: 'no-referrer',
          ...(body === undefined ? {} : { body: sentBody(body, watched) }),
          ...(signal === undefined ? {} : { signal }),
        },
        control,
      );
    const mayFollow = method === 'GET' || method === 'HEAD';
    if (redirectsHidden && mayFollow) return await exchange('follow');
    const response = await exchange('manual');
    if (response.type !== 'opaqueredirect' || !mayFollow) return response;
    redirectsHidden = true;
    return await exchange('follow');
  }

  /** Sends one request, in its turn, and gives up when nothing comes. */
  async function exchangeOnce(request: WireRequest, url: URL, authorized: boolean): Promise<WireResponse> {
    const { method, signal } = request;
    const here = { method, url: url.href, signal };
    const release = limiter && (await limiter.acquire(url.host, { signal }));
    signal?.throwIfAborted();
    const control: WireControl = {};
    let stall: Error | undefined;
    const watched = watching(here)((error) => {
      stall = error;
      control.abort?.(error);
    });
    watched.wait(graceFor(request.body));
    try {
      const response = await fetchOnce(request, url, { authorized, control, watched });
      return release === undefined ? response : releasing(response, release);
    } catch (error) {
      release?.();
      const explanation = stall === undefined ? await explain?.(error, url, request) : undefined;
      throw networkError(stall ?? error, { ...here, explanation });
    } finally {
      watched.end();
    }
  }

  return {
    streams: init.fetch === undefined && streamsRequests,

    async send(request): Promise<Answer> {
      request.signal?.throwIfAborted();
      let url = new URL(request.url);
      const { origin } = url;
      let crossed = false;
      for (let redirects = 0; ; redirects++) {
        const { method } = request;
        const here = { method, url: url.href };
        const response = await exchangeOnce(request, url, !crossed);
        const answer = { ...here, response, crossed, watch: watching({ ...here, status: response.status }) };
        checkCodings(answer);
        if (onNotice !== undefined) notifyOfHeaders(onNotice, url.host, response.headers);
        if (response.redirected) return followedByRuntime(answer, origin);
        if (!isRedirect(response.status) || (method !== 'GET' && method !== 'HEAD')) return answer;
        const location = response.headers.get('location');
        if (location === null) return answer;
        void discard(answer);
        if (redirects >= MAX_REDIRECTS)
          throw refused(here, `stopped after ${String(MAX_REDIRECTS)} redirects`);
        const toPrivate = init.allowPrivateRedirects === true && request.forToken !== true;
        url = redirectTarget(location, here, endpoint, toPrivate);
        crossed ||= url.origin !== origin;
      }
    },
  };
}

function isPiecewise(body: WireBody | undefined): body is PiecewiseBody {
  return typeof body === 'object' && 'pieces' in body;
}

/** A body as `fetch` takes it; undici takes pieces too. */
function sentBody(body: WireBody, watched: Watched): BodyInit {
  return (isPiecewise(body) ? watchedPieces(body, watched) : body) as BodyInit;
}

/** That a piece goes out shows that the connection is alive. */
async function* watchedPieces(body: PiecewiseBody, watched: Watched): AsyncGenerator<Bytes> {
  for await (const piece of body.pieces()) {
    watched.wait();
    yield piece;
  }
  watched.wait();
}

/** How much longer an answer may take because a body has to go out first that nobody sees going, milliseconds. */
function graceFor(body: WireBody | undefined): number {
  if (body === undefined || isPiecewise(body)) return 0;
  const size = typeof body === 'string' ? body.length : body instanceof Blob ? body.size : body.byteLength;
  return (size / SLOWEST) * 1000;
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

function headersOf({ metaHeaders = {}, userAgent = 'stowage' }: TransportInit): Record<string, string> {
  const secret = Object.keys(metaHeaders).find((name) => CREDENTIAL_HEADERS.includes(name.toLowerCase()));
  if (secret !== undefined) {
    throw new StowageError(
      'INVALID_ARGUMENT',
      `metaHeaders must not have ${secret}: credentials go into auth`,
    );
  }
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(metaHeaders)) {
    checkHeader(name, value);
    const key = name.toLowerCase();
    const before = headers.get(key);
    headers.set(key, before === undefined ? value.trim() : `${before}, ${value.trim()}`);
  }
  // A page may not say what encodings it accepts, and would have to ask leave to say who it is.
  if (sendsEveryHeader) {
    checkHeader('user-agent', userAgent);
    headers.set('user-agent', userAgent.trim());
    headers.set('accept-encoding', 'identity');
  }
  return Object.fromEntries(headers);
}

function checkHeader(name: string, value: string): void {
  if (FIELD_NAME.test(name) && FIELD_VALUE.test(value)) return;
  throw new StowageError('INVALID_ARGUMENT', 'metaHeaders or userAgent cannot be sent as headers');
}

/** An answer whose body, once it is read or let go, ends a request's turn. */
function releasing(response: WireResponse, release: () => void): WireResponse {
  const { status, ok, statusText, headers, type, redirected, url, body } = response;
  if (body === null) {
    release();
    return response;
  }
  const cancel = async (reason?: unknown): Promise<void> => {
    release();
    await body.cancel(reason);
  };
  const getReader = (): WireReader => {
    const reader = body.getReader();
    return {
      async read() {
        try {
          const piece = await reader.read();
          if (piece.done) release();
          return piece;
        } catch (error) {
          release();
          throw error;
        }
      },
      async cancel(reason): Promise<void> {
        release();
        await reader.cancel(reason);
      },
    };
  };
  return { status, ok, statusText, headers, type, redirected, url, body: { getReader, cancel } };
}

function always(fetch: WireFetch): (url: URL) => WireFetch {
  return () => fetch;
}
