import { RegistryError } from '@stowage/types';
import type { AuthConfig, CredentialProvider } from '@stowage/types';
import { encodeBasic } from './basic.ts';
import { parseChallenges } from '../header/challenge.ts';
import type { Challenge } from '../header/challenge.ts';
import { ANONYMOUS, findCredential } from '../credentials/credential.ts';
import type { Credential } from '../credentials/credential.ts';
import type { Endpoint } from '../address/endpoint.ts';
import { requestMessage } from '../transport/network-error.ts';
import { judgeRealm, strangeRealm } from './realm.ts';
import type { Realm } from './realm.ts';
import { mergeScopes, missingScopes, scopesOf } from './scope.ts';
import { SharedFlights } from '../transport/shared-flight.ts';
import { TokenSource } from './token-source.ts';
import type { HeldToken, TokenSourceInit } from './token-source.ts';
import type { WireResponse } from '../platform/wire-fetch.ts';

/** The schemes that can be answered. */
const SCHEMES: readonly string[] = ['bearer', 'basic'];

/** What an authorizer is made of. */
export interface AuthorizerInit extends TokenSourceInit {
  readonly endpoint: Endpoint;
  readonly auth: AuthConfig | CredentialProvider | undefined;
  /** What tokens are asked for, for example `repository:library/busybox:pull`. */
  readonly scope: string;
  /** The repository's name, for providers that keep credentials by repository. */
  readonly repository?: string | undefined;
  /** Hosts, with their ports, of token servers that may see credentials though they are not the registry's own. */
  readonly trustedRealms: readonly string[];
}

/** The value of an `Authorization` header and where it came from. */
export interface Authorization {
  readonly value: string;
  /** The cached token behind it, where there is one to renew. */
  readonly token?: HeldToken;
}

/** What may help after a refusal: an answer to the first challenge, the same token renewed, or one for more. */
export type Remedy = 'answer' | 'renew' | 'widen';

interface Request {
  readonly method: string;
  readonly url: string;
  /** What the request needs beside what all of them do. */
  readonly scopes?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The most scopes that are asked for because a registry named them. */
const MAX_WIDENED = 8;

/** Answers the challenges of one registry endpoint. */
export class Authorizer {
  readonly #init: AuthorizerInit;
  readonly #lookups = new SharedFlights<Credential>();
  readonly #tokens: TokenSource;
  #challenges: readonly Challenge[] = [];
  #credential: Credential | undefined;
  #withheld = false;
  #widened: readonly string[] = [];

  constructor(init: AuthorizerInit) {
    this.#init = init;
    this.#tokens = new TokenSource(init);
  }

  /** Why a request may have been refused although credentials are there: `credentials-withheld`. */
  get reason(): string | undefined {
    return this.#withheld ? 'credentials-withheld' : undefined;
  }

  /** The refresh token that came with a token, where one was asked for. */
  get refreshToken(): string | undefined {
    return this.#tokens.refreshToken;
  }

  /** Why a request may have been refused: the token server did not take the credentials. */
  get staleness(): RegistryError | undefined {
    return this.#tokens.staleness;
  }

  /**
   * Whether there are credentials for this registry. Where looking for them fails there may be some: what is wrong is
   * told when the registry asks for them, if it ever does.
   */
  async hasCredentials(signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#init.auth === undefined) return false;
    try {
      return (await this.#findCredential(signal)) !== ANONYMOUS;
    } catch {
      signal?.throwIfAborted();
      return true;
    }
  }

  /** Remembers the challenges of a 401 of the registry; an answer that shows none changes nothing. */
  learn(response: WireResponse): void {
    const challenges = challengesOf(response);
    if (challenges.length > 0) this.#challenges = challenges;
  }

  /**
   * What to send with a request: a bearer token where the registry takes one, else name and password; `undefined`
   * while it has not asked for anything.
   *
   * @throws `UNAUTHENTICATED` when it asks for what we do not have
   */
  async authorize(request: Request): Promise<Authorization | undefined> {
    const bearer = this.#challenges.find(({ scheme }) => scheme === 'bearer');
    const basic = this.#challenges.find(({ scheme }) => scheme === 'basic');
    if (bearer === undefined && basic === undefined) return undefined;
    const credential = await this.#findCredential(request.signal);
    if (credential.kind === 'bearer') {
      return bearer === undefined ? undefined : { value: `Bearer ${credential.token}` };
    }
    const realm = bearer && this.#realmOf(bearer, request, { credential, otherwise: basic !== undefined });
    if (bearer !== undefined && realm !== undefined) {
      return await this.#bearer(bearer, realm, credential, request);
    }
    if (credential.kind === 'password') {
      return { value: encodeBasic(credential.username, credential.password) };
    }
    const { method, url } = request;
    throw new RegistryError('UNAUTHENTICATED', requestMessage(request, 'no basic auth credentials'), {
      method,
      url,
      reason: this.reason,
    });
  }

  /**
   * Takes note of a 401 or 403 of the registry.
   *
   * @param sent what the request was sent with
   * @returns what may help; `undefined` where nothing will
   */
  refused(response: WireResponse, sent: Authorization | undefined, request: Request): Remedy | undefined {
    const isChallenge = response.status === 401;
    if (isChallenge) {
      this.learn(response);
      this.#credential = undefined;
      if (sent === undefined) {
        return this.#challenges.some(({ scheme }) => SCHEMES.includes(scheme)) ? 'answer' : undefined;
      }
    }
    if (sent?.token === undefined) return undefined;
    if (this.#widen(response, request)) return 'widen';
    if (!isChallenge) return undefined;
    this.#init.tokens.reject(sent.token.key, sent.token.value);
    return 'renew';
  }

  /**
   * Adds what a registry says that a token lacks: by a challenge with `insufficient_scope` (RFC 6750, section 3.1), or by
   * one for another scope than we asked for, as those send that keep repositories under other names.
   */
  #widen(response: WireResponse, request: Request): boolean {
    const bearer = challengesOf(response).find(({ scheme }) => scheme === 'bearer');
    const wanted = missingScopes(scopesOf(bearer?.parameters.get('scope') ?? ''), this.#scopesFor(request));
    if (wanted.length === 0 || this.#widened.length + wanted.length > MAX_WIDENED) return false;
    this.#widened = [...this.#widened, ...wanted];
    return true;
  }

  /** What a token for a request must be good for, what matters most first. */
  #scopesFor({ scopes = [] }: Request): string[] {
    // What a registry named itself is what it cannot do without.
    return mergeScopes([...this.#widened, this.#init.scope, ...scopes]);
  }

  #realmOf(
    bearer: Challenge,
    request: Request,
    { credential, otherwise }: { readonly credential: Credential; readonly otherwise: boolean },
  ): Realm | undefined {
    const { endpoint, trustedRealms } = this.#init;
    try {
      const realm = judgeRealm(bearer, endpoint, { trustedRealms, request });
      if (realm.trusted || credential.kind === 'anonymous') return realm;
      throw strangeRealm(realm, request);
    } catch (error) {
      if (otherwise && credential.kind === 'password') return undefined;
      throw error;
    }
  }

  async #bearer(
    challenge: Challenge,
    realm: Realm,
    credential: Credential,
    request: Request,
  ): Promise<Authorization> {
    const wish = {
      realm,
      service: challenge.parameters.get('service'),
      scopes: this.#scopesFor(request),
      credential,
    };
    const token = await this.#tokens.obtain(wish, request.signal);
    return { value: `Bearer ${token.value}`, token };
  }

  async #findCredential(signal: AbortSignal | undefined): Promise<Credential> {
    const { endpoint, auth, repository } = this.#init;
    if (!endpoint.https && !endpoint.plainAllowed) {
      this.#withheld = auth !== undefined;
      return ANONYMOUS;
    }
    this.#credential ??= await this.#lookups.join(
      'credential',
      (within) => findCredential(auth, endpoint, { signal: within, repository }),
      signal,
    );
    return this.#credential;
  }
}

function challengesOf(response: WireResponse): readonly Challenge[] {
  const header = response.headers.get('www-authenticate');
  return parseChallenges(header === null ? [] : [header]);
}
