import { RegistryError } from '@stowage/types';
import type { AuthConfig, CredentialProvider } from '@stowage/types';
import { encodeBasic } from './basic.ts';
import { parseChallenges } from './challenge.ts';
import type { Challenge } from './challenge.ts';
import { ANONYMOUS, findCredential } from './credential.ts';
import type { Credential } from './credential.ts';
import type { Endpoint } from './endpoint.ts';
import { requestMessage } from './network-error.ts';
import { judgeRealm } from './realm.ts';
import type { Realm } from './realm.ts';
import { SharedFlights } from './shared-flight.ts';
import type { TokenCache } from './token-cache.ts';
import { requestToken } from './token-request.ts';
import type { IssuedToken, TokenDeps } from './token-request.ts';

/** The schemes that can be answered. */
const SCHEMES: readonly string[] = ['bearer', 'basic'];

/** What an authorizer is made of. */
export interface AuthorizerInit extends TokenDeps {
  readonly endpoint: Endpoint;
  readonly auth: AuthConfig | CredentialProvider | undefined;
  /** What tokens are asked for, for example `repository:library/busybox:pull`. */
  readonly scope: string;
  /** Whether a refresh token is asked for beside each token, as a login does. Default `false`. */
  readonly offline?: boolean | undefined;
  /** The repository's name, for providers that keep credentials by repository. */
  readonly repository?: string | undefined;
  readonly tokens: TokenCache;
  /** Hosts, with their ports, of token servers that may see credentials though they are not the registry's own. */
  readonly trustedRealms: readonly string[];
}

/** The value of an `Authorization` header and where it came from. */
export interface Authorization {
  readonly value: string;
  /** The cached token behind it, where there is one to renew. */
  readonly token?: { readonly key: string; readonly value: string };
}

interface Request {
  readonly method: string;
  readonly url: string;
  readonly signal?: AbortSignal | undefined;
}

/** Answers the challenges of one registry endpoint. */
export class Authorizer {
  readonly #init: AuthorizerInit;
  readonly #lookups = new SharedFlights<Credential>();
  #challenges: readonly Challenge[] = [];
  #credential: Credential | undefined;
  #withheld = false;
  #refreshToken: string | undefined;

  constructor(init: AuthorizerInit) {
    this.#init = init;
  }

  /** Why a request may have been refused although credentials are there: `credentials-withheld`. */
  get reason(): string | undefined {
    return this.#withheld ? 'credentials-withheld' : undefined;
  }

  /** The refresh token that came with a token, where one was asked for. */
  get refreshToken(): string | undefined {
    return this.#refreshToken;
  }

  /** Whether credentials were given, or a way to find them. */
  get hasCredentials(): boolean {
    return this.#init.auth !== undefined;
  }

  /** Remembers the challenges of a 401 of the registry; an answer that shows none changes nothing. */
  learn(response: Response): void {
    const header = response.headers.get('www-authenticate');
    const challenges = parseChallenges(header === null ? [] : [header]);
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
    const realm = bearer === undefined ? undefined : this.#realmOf(bearer, request, basic !== undefined);
    if (bearer !== undefined && realm !== undefined) {
      return await this.#bearer(bearer, realm, credential, request.signal);
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
   * Takes note of a 401 of the registry.
   *
   * @param sent what the request was sent with
   * @returns whether trying again makes sense: with the token renewed, or with an answer to the first challenge
   */
  refused(response: Response, sent: Authorization | undefined): boolean {
    this.learn(response);
    this.#credential = undefined;
    if (sent === undefined) return this.#challenges.some(({ scheme }) => SCHEMES.includes(scheme));
    if (sent.token === undefined) return false;
    this.#init.tokens.reject(sent.token.key, sent.token.value);
    return true;
  }

  #realmOf(bearer: Challenge, request: Request, otherwise: boolean): Realm | undefined {
    const { endpoint, trustedRealms } = this.#init;
    try {
      return judgeRealm(bearer, endpoint, { trustedRealms, request });
    } catch (error) {
      if (otherwise) return undefined;
      throw error;
    }
  }

  async #bearer(
    challenge: Challenge,
    realm: Realm,
    known: Credential,
    signal: AbortSignal | undefined,
  ): Promise<Authorization> {
    const { scope, offline, tokens } = this.#init;
    const credential = realm.trusted ? known : ANONYMOUS;
    this.#withheld ||= credential !== known;
    const service = challenge.parameters.get('service');
    const key = JSON.stringify([realm.url.href, service, scope, credential]);
    const query = { realm, service, scope, credential, offline };
    const fetchToken = async (within: AbortSignal): Promise<IssuedToken> => {
      const token = await requestToken(query, this.#init, within);
      this.#refreshToken = token.refreshToken;
      return token;
    };
    const value = await tokens.obtain(key, fetchToken, { signal });
    return { value: `Bearer ${value}`, token: { key, value } };
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
