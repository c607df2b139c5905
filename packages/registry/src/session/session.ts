import type { RegistryError } from '@stowage/types';
import type { Authorizer, Remedy } from '../auth/authorizer.ts';
import { discard } from '../transport/body.ts';
import type { Endpoint } from '../address/endpoint.ts';
import { responseError } from '../transport/response-error.ts';
import { isRetryableStatus, retryAfter, TryAgain, withRetries } from '../transport/retry.ts';
import type { RetryDeps } from '../transport/retry.ts';
import { SharedFlights } from '../transport/shared-flight.ts';
import { withTimeout } from '../transport/timeout.ts';
import type { Answer } from '../transport/answer.ts';
import type { Transport, WireRequest } from '../transport/transport.ts';

const PING_TIMEOUT_SECONDS = 15;

/** What a session is made of. */
export interface SessionInit extends RetryDeps {
  readonly endpoint: Endpoint;
  /** The repository's name within the registry, already through its grammar. */
  readonly name: string;
  readonly transport: Transport;
  readonly authorizer: Authorizer;
}

/** A request to the registry itself. */
export interface SessionRequest extends Pick<WireRequest, 'method' | 'url' | 'headers' | 'body' | 'signal'> {
  /** What the request needs a token for beside what the whole session does, for example the source of a mount. */
  readonly scopes?: readonly string[] | undefined;
  /** After which statuses the request is sent again. Default: 408, 429 and 5xx. */
  readonly retryStatus?: (status: number) => boolean;
  /**
   * Whether a request whose connection broke is left to the caller: part of it may have had its effect. Default `false`,
   * it is sent again.
   */
  readonly once?: boolean | undefined;
}

/**
 * Requests to one repository, authorized, and retried where that can help. With credentials, the registry is pinged
 * before the first request: some hide what is private behind a 404 that names no challenge. Without any, the first
 * request goes out as it is, and a 401 tells the rest.
 */
export class Session {
  readonly #init: SessionInit;
  readonly #pings = new SharedFlights<boolean>();
  #pinged = false;

  constructor(init: SessionInit) {
    this.#init = init;
  }

  /** The origin that every request of this session goes to. */
  get origin(): string {
    return this.#init.endpoint.origin;
  }

  /**
   * The URL of something in the repository.
   *
   * @param path for example `tags/list`; every part of it already through its grammar
   */
  url(path: string): string {
    const { endpoint, name } = this.#init;
    return `${endpoint.origin}/v2/${name}/${path}`;
  }

  /**
   * Sends a request and has its answer read. Reading is part of the attempt: when the connection breaks meanwhile, the
   * whole request is sent again.
   *
   * @param read gets the answer, whatever its status, and must read or discard its body
   */
  async exchange<T>(request: SessionRequest, read: (answer: Answer) => Promise<T>): Promise<T> {
    const { clock } = this.#init;
    const { signal, retryStatus = isRetryableStatus } = request;
    signal?.throwIfAborted();
    if (!this.#pinged && (await this.#init.authorizer.hasCredentials(signal))) await this.ping(signal);
    return await withRetries(
      this.#init,
      async (mayWait) => {
        const answer = await this.#sendAuthorized(request);
        const { status, headers } = answer.response;
        if (!retryStatus(status)) return await read(answer);
        const delay = retryAfter(headers.get('retry-after'), clock.now());
        if (!mayWait(delay)) return await read(answer);
        await discard(answer, signal);
        return new TryAgain(delay);
      },
      { signal, replayable: request.once !== true },
    );
  }

  /** The error for an answer that is no success. */
  async failure(answer: Answer, signal: AbortSignal | undefined): Promise<RegistryError> {
    const { authorizer } = this.#init;
    const refused = answer.response.status === 401 || answer.response.status === 403;
    const error = await responseError(answer, { signal, reason: refused ? authorizer.reason : undefined });
    // That nobody in particular may not see it says less than why we are nobody in particular.
    return (refused ? authorizer.staleness : undefined) ?? error;
  }

  /**
   * Sends a request with what the registry is known to ask for, and again after a refusal that has a remedy: each remedy
   * is tried once.
   */
  async #sendAuthorized(request: SessionRequest): Promise<Answer> {
    const { transport, authorizer } = this.#init;
    const { method, url, headers, body, signal } = request;
    const tried = new Set<Remedy>();
    for (;;) {
      const authorization = await authorizer.authorize(request);
      const wire = { method, url, headers, body, signal, authorization: authorization?.value };
      const answer = await transport.send(wire);
      const { status } = answer.response;
      if ((status !== 401 && status !== 403) || answer.crossed) return answer;
      const remedy = authorizer.refused(answer.response, authorization, request);
      if (remedy === undefined || tried.has(remedy)) return answer;
      tried.add(remedy);
      await discard(answer, signal);
    }
  }

  /** Asks for the base of the API, once. Any answer will do: a 401 tells how to authenticate, others tell nothing. */
  async ping(signal: AbortSignal | undefined): Promise<void> {
    if (!this.#pinged) {
      this.#pinged = await this.#pings.join('ping', (within) => this.#askBase(within), signal);
    }
  }

  async #askBase(signal: AbortSignal): Promise<boolean> {
    const { endpoint, transport, authorizer, clock } = this.#init;
    const wire = { method: 'GET', url: `${endpoint.origin}/v2/` } as const;
    const answer = await withRetries(
      this.#init,
      () =>
        withTimeout(
          async (within) => {
            const received = await transport.send({ ...wire, signal: within });
            await discard(received, within);
            return received;
          },
          { clock, seconds: PING_TIMEOUT_SECONDS, request: wire, signal },
        ),
      { signal },
    );
    if (answer.response.status === 401 && !answer.crossed) authorizer.learn(answer.response);
    return true;
  }
}
