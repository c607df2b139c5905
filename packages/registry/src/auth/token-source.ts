import { isRegistryError, RegistryError } from '@stowage/types';
import { ANONYMOUS } from '../credentials/credential.ts';
import type { Credential } from '../credentials/credential.ts';
import { requestMessage } from '../transport/network-error.ts';
import { notify } from '../transport/notice.ts';
import type { OnNotice } from '../transport/notice.ts';
import type { Realm } from './realm.ts';
import { isReadOnly } from './scope.ts';
import type { TokenCache } from './token-cache.ts';
import { requestToken } from './token-request.ts';
import type { IssuedToken, TokenDeps } from './token-request.ts';

/** What a token source is made of. */
export interface TokenSourceInit extends TokenDeps {
  readonly tokens: TokenCache;
  /** Whether a refresh token is asked for beside each token, as a login does. */
  readonly offline?: boolean | undefined;
  readonly onNotice?: OnNotice | undefined;
}

/** What is asked of a realm, and as whom. */
export interface TokenWish {
  readonly realm: Realm;
  readonly service: string | undefined;
  /** What the token is for; the first one matters most. */
  readonly scopes: readonly string[];
  readonly credential: Credential;
}

/** A token and where it is kept. */
export interface HeldToken {
  readonly key: string;
  readonly value: string;
}

/** Of the realms in each cache, those that give no token for several scopes at once. */
const oneByOne = new WeakMap<TokenCache, Set<string>>();

/**
 * Gets the tokens of one registry endpoint: from the cache where there is one, and around what token servers are known to
 * get wrong.
 */
export class TokenSource {
  readonly #init: TokenSourceInit;
  #refreshRealm: string | undefined;
  #refreshToken: string | undefined;
  #staleness: RegistryError | undefined;

  constructor(init: TokenSourceInit) {
    this.#init = init;
  }

  /** The refresh token that came with the last token, where one did. */
  get refreshToken(): string | undefined {
    return this.#refreshToken;
  }

  /** Why the token server did not take the credentials, where it did not and tokens for anybody are used since. */
  get staleness(): RegistryError | undefined {
    return this.#staleness;
  }

  /** A token for all of the scopes, or for the first where the server gives none for several. */
  async obtain(wish: TokenWish, signal: AbortSignal | undefined): Promise<HeldToken> {
    const { tokens } = this.#init;
    const where = JSON.stringify([wish.realm.url.href, wish.service]);
    const broken = oneByOne.get(tokens) ?? new Set();
    oneByOne.set(tokens, broken);
    const [first = '', ...more] = wish.scopes;
    if (more.length === 0) return await this.#obtainOnce(wish, signal);
    if (broken.has(where)) return await this.#obtainOnce({ ...wish, scopes: [first] }, signal);
    try {
      return await this.#obtainOnce(wish, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isRegistryError(error) || !isRefusal(error.status)) throw error;
      const token = await this.#obtainOnce({ ...wish, scopes: [first] }, signal);
      broken.add(where);
      return token;
    }
  }

  async #obtainOnce(wish: TokenWish, signal: AbortSignal | undefined): Promise<HeldToken> {
    if (this.#staleness !== undefined) return await this.#held({ ...wish, credential: ANONYMOUS }, signal);
    try {
      return await this.#held(wish, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!this.#isStale(error, wish)) throw error;
      // Not worth more words than the first refusal, should it fail too.
      const token = await this.#held({ ...wish, credential: ANONYMOUS }, signal).catch(() => undefined);
      signal?.throwIfAborted();
      if (token === undefined) throw error;
      this.#staleness = error;
      const { host } = new URL(error.url);
      const message = `credentials were refused by ${host}, going on without: ${error.message}`;
      notify(this.#init.onNotice, { kind: 'stale-credentials', host, message });
      return token;
    }
  }

  /** Whether a token server refused the credentials for something that it may well give to anybody. */
  #isStale(error: unknown, { credential, scopes }: TokenWish): error is RegistryError {
    if (this.#init.offline === true || credential.kind === 'anonymous' || !isReadOnly(scopes)) return false;
    const { status } = isRegistryError(error) ? error : {};
    // A refresh token that is no good is an "invalid_grant" (RFC 6749, section 5.2).
    return status === 401 || status === 403 || (status === 400 && credential.kind === 'refresh');
  }

  async #held(wish: TokenWish, signal: AbortSignal | undefined): Promise<HeldToken> {
    const { realm, service, scopes, credential } = wish;
    const key = JSON.stringify([realm.url.href, service, [...scopes].sort(), credential]);
    const value = await this.#init.tokens.obtain(key, (within) => this.#request(wish, within), { signal });
    return { key, value };
  }

  async #request(wish: TokenWish, signal: AbortSignal): Promise<IssuedToken> {
    const { realm, credential } = wish;
    const query = { ...wish, offline: this.#init.offline, credential: this.#bound(realm, credential) };
    const token = await requestToken(query, this.#init, signal);
    this.#refreshToken = token.refreshToken ?? this.#refreshToken;
    return token;
  }

  /** A refresh token stays with the realm that it was first shown to; there it may have been replaced by a new one. */
  #bound(realm: Realm, credential: Credential): Credential {
    if (credential.kind !== 'refresh') return credential;
    const where = `${realm.url.origin}${realm.url.pathname}`;
    this.#refreshRealm ??= where;
    if (this.#refreshRealm === where) {
      return { ...credential, token: this.#refreshToken ?? credential.token };
    }
    const request = { method: 'POST', url: realm.url.href };
    const message = requestMessage(request, 'refused to show a refresh token to another realm');
    throw new RegistryError('UNAUTHENTICATED', message, { ...request, reason: 'realm' });
  }
}

/** Whether a token server has said no, rather than not now, nothing, or half of an answer. */
function isRefusal(status = 0): boolean {
  return status >= 400 && status !== 429;
}
