import { systemClock } from '@stowage/core';
import type { AbortOptions, Clock } from '@stowage/types';
import { SharedFlights } from '../transport/shared-flight.ts';

/** A bearer token as a token server issued it. */
export interface BearerToken {
  readonly value: string;
  /** When it stops being good, milliseconds since the epoch. */
  readonly expiresAt: number;
  /** When it was got, milliseconds since the epoch. */
  readonly obtainedAt: number;
}

/** Bearer tokens, kept until shortly before they expire. Callers that want the same one share one request for it. */
export interface TokenCache {
  /**
   * The token under a key.
   *
   * @param key tells tokens apart: realm, service, scope and whose credentials
   * @param fetchToken gets a new one; its signal fires when no caller waits any more
   */
  obtain(
    key: string,
    fetchToken: (signal: AbortSignal) => Promise<BearerToken>,
    options?: AbortOptions,
  ): Promise<string>;
  /** Drops a token that a registry refused, unless it has been replaced already. */
  reject(key: string, value: string): void;
}

/** How a token cache is made. */
export interface TokenCacheInit {
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /** How many tokens are kept at most; the oldest go first. Default 1000. */
  readonly maxEntries?: number | undefined;
}

/** Renew this long before a token expires, milliseconds; at most a tenth of its life. */
const SKEW = 30_000;

/**
 * Makes a token cache. Given to several repositories as their `tokens` it lets them share tokens, in memory only.
 *
 * @param init clock and size
 *
 * @example
 * ```ts
 * import { createTokenCache } from '@stowage/registry';
 *
 * const tokens = createTokenCache();
 * const fetchToken = async () => ({ value: 't0ken', obtainedAt: Date.now(), expiresAt: Date.now() + 300_000 });
 * console.log(await tokens.obtain('a', fetchToken)); // t0ken
 * ```
 */
export function createTokenCache(init: TokenCacheInit = {}): TokenCache {
  const { clock = systemClock, maxEntries = 1000 } = init;
  const tokens = new Map<string, BearerToken>();
  const flights = new SharedFlights<string>();

  async function renew(
    key: string,
    fetchToken: (signal: AbortSignal) => Promise<BearerToken>,
    signal: AbortSignal,
  ): Promise<string> {
    const token = await fetchToken(signal);
    tokens.delete(key);
    tokens.set(key, token);
    const [oldest] = tokens.keys();
    if (tokens.size > maxEntries && oldest !== undefined) tokens.delete(oldest);
    return token.value;
  }

  return {
    async obtain(key, fetchToken, options = {}): Promise<string> {
      const token = tokens.get(key);
      if (token !== undefined && clock.now() < renewalTime(token)) return token.value;
      return await flights.join(key, (signal) => renew(key, fetchToken, signal), options.signal);
    },
    reject(key, value): void {
      if (tokens.get(key)?.value === value) tokens.delete(key);
    },
  };
}

function renewalTime({ obtainedAt, expiresAt }: BearerToken): number {
  return expiresAt - Math.min(SKEW, (expiresAt - obtainedAt) / 10);
}
