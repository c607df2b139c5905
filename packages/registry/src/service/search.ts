import { systemClock } from '@stowage/core';
import { errorCodeOfResponse, isStowageError, RegistryError, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  AuthConfig,
  CredentialProvider,
  RegistryEndpoint,
  SearchOptions,
  SearchResults,
} from '@stowage/types';
import { splitSearchTerm } from '../address/index-name.ts';
import { encodeBasic } from '../auth/basic.ts';
import { discard, readBody } from '../transport/body.ts';
import { findCredential } from '../credentials/credential.ts';
import { parseEndpoint } from '../address/endpoint.ts';
import { isUnanswered } from './login.ts';
import type { ServiceRequestDeps } from './login.ts';
import { createSession } from '../repository/repository.ts';
import { parseSearchFilters } from './search-filters.ts';
import { parseSearchResults } from './search-results.ts';
import { isRetryableStatus, retryAfter, TryAgain, withRetries } from '../transport/retry.ts';
import { createTransport } from '../transport/transport.ts';
import type { Transport, WireRequest } from '../transport/transport.ts';
import type { Answer } from '../transport/answer.ts';

const LEAST_RESULTS = 1;
const MOST_RESULTS = 100;
/** As many results as docker asks for unless told otherwise. */
const DEFAULT_RESULTS = 25;
const MAX_BODY = 4 * 1024 * 1024;
const SEARCH_SCOPE = 'registry:catalog:search';

/** What searches work with. */
export interface SearchDeps extends ServiceRequestDeps {
  /** Credentials, where a search brings none. */
  readonly auth?: AuthConfig | CredentialProvider | undefined;
  /** The endpoints of an index, in the order to try them. */
  lookup(index: string): Promise<readonly RegistryEndpoint[]>;
}

/**
 * Searches an index by docker's first API, the only one that knows a search.
 *
 * @param text the term, after the name of an index where it is not for Docker Hub
 * @throws `INVALID_ARGUMENT`, in moby's words, for filters, limits and terms that are none
 */
export async function search(text: string, deps: SearchDeps, options: SearchOptions): Promise<SearchResults> {
  const filter = parseSearchFilters(options.filters ?? {});
  const limit = searchLimit(options.limit);
  const { index, term } = splitSearchTerm(text);
  const { auth = deps.auth } = options;
  const found = await SearchIndex.find(await deps.lookup(index), deps, options);
  return filter(await found.search(term, limit, auth, options));
}

/** How many results to ask for: 1 to 100. */
function searchLimit(limit: number = DEFAULT_RESULTS): number {
  if (Number.isInteger(limit) && limit >= LEAST_RESULTS && limit <= MOST_RESULTS) return limit;
  const range = `[${String(LEAST_RESULTS)}, ${String(MOST_RESULTS)}]`;
  throw new StowageError('INVALID_ARGUMENT', `Limit ${String(limit)} is outside the range of ${range}`);
}

/** An endpoint with the first API. */
class SearchIndex {
  readonly #where: RegistryEndpoint;
  readonly #deps: ServiceRequestDeps;
  readonly #transport: Transport;

  constructor(where: RegistryEndpoint, deps: ServiceRequestDeps) {
    this.#where = where;
    this.#deps = deps;
    this.#transport = createTransport({ ...deps, endpoint: parseEndpoint(where) });
  }

  /** The first endpoint that answers. Docker Hub's is known to be there. */
  static async find(
    endpoints: readonly RegistryEndpoint[],
    deps: ServiceRequestDeps,
    { signal }: AbortOptions,
  ): Promise<SearchIndex> {
    const failures: unknown[] = [];
    for (const endpoint of endpoints) {
      const index = new SearchIndex(endpoint, deps);
      try {
        if (!endpoint.official) await index.#ping(signal);
        return index;
      } catch (error) {
        signal?.throwIfAborted();
        failures.push(error);
        if (!isUnanswered(error)) break;
      }
    }
    throw noIndex(endpoints, failures);
  }

  async search(
    term: string,
    limit: number,
    auth: AuthConfig | CredentialProvider | undefined,
    { signal }: AbortOptions,
  ): Promise<SearchResults> {
    const query = new URLSearchParams({ q: term, n: String(limit) });
    const url = `${this.#where.url}/v1/search?${query.toString()}`;
    const request = { method: 'GET', url, headers: { 'x-docker-token': 'true' }, signal } as const;
    const read = async (answer: Answer): Promise<SearchResults> => {
      const { method, url, response } = answer;
      const { status } = response;
      if (status === 200) {
        return parseSearchResults(await readBody(answer, { maxBytes: MAX_BODY, signal }), answer);
      }
      await discard(answer, signal);
      throw new RegistryError(errorCodeOfResponse(status, []), `Unexpected status code ${String(status)}`, {
        method,
        url,
        status,
        retryable: isRetryableStatus(status),
      });
    };
    const endpoint = parseEndpoint(this.#where);
    const credential = await findCredential(auth, endpoint, { signal });
    if (credential.kind === 'refresh') {
      // It has to be turned into another token first, where the index knows how.
      const init = { ...this.#deps, endpoint: this.#where, auth };
      return await createSession(init, { scope: SEARCH_SCOPE }).session.exchange(request, read);
    }
    // Name and password go out unasked: so the first API has it.
    const authorization =
      credential.kind === 'password' && (endpoint.https || endpoint.plainAllowed)
        ? encodeBasic(credential.username, credential.password)
        : undefined;
    return await this.#exchange({ ...request, authorization }, read);
  }

  /** Any answer will do, as in moby: what it says of the registry would change nothing that is sent. */
  async #ping(signal: AbortSignal | undefined): Promise<void> {
    await this.#exchange({ method: 'GET', url: `${this.#where.url}/v1/_ping`, signal }, (answer) =>
      discard(answer, signal),
    );
  }

  async #exchange<T>(request: WireRequest, read: (answer: Answer) => Promise<T>): Promise<T> {
    const { clock = systemClock, random = Math.random, retry } = this.#deps;
    const { signal } = request;
    return await withRetries(
      { clock, random, retry },
      async (mayWait) => {
        const answer = await this.#transport.send(request);
        const { status, headers } = answer.response;
        const delay = retryAfter(headers.get('retry-after'), clock.now());
        if (!isRetryableStatus(status) || !mayWait(delay)) return await read(answer);
        await discard(answer, signal);
        return new TryAgain(delay);
      },
      { signal },
    );
  }
}

/** The error for an index that no endpoint answers for, in moby's words. */
function noIndex(endpoints: readonly RegistryEndpoint[], failures: readonly unknown[]): StowageError {
  const [https = '', http = ''] = failures.map((failure) => (failure as Error).message);
  const [first, second] = endpoints.map(({ url }) => url);
  const host = new URL(first ?? '').host;
  const cause = failures.at(-1);
  const message =
    failures.length > 1
      ? `invalid registry endpoint "${String(second)}/v1/". HTTPS attempt: ${https}. HTTP attempt: ${http}`
      : `invalid registry endpoint ${String(first)}/v1/: ${https}. ` +
        'If this private registry supports only HTTP or HTTPS with an unknown CA certificate, ' +
        `please add \`--insecure-registry ${host}\` to the daemon's arguments. ` +
        "In the case of HTTPS, if you have access to the registry's CA certificate, no need for the flag; " +
        `simply place the CA certificate at /etc/docker/certs.d/${host}/ca.crt`;
  const { retryable, reason } = isStowageError(cause) ? cause : {};
  return new StowageError('UNAVAILABLE', message, { cause, retryable, reason });
}
