import type { OnNotice } from './notice.ts';
import type { ProxySettings } from './proxy.ts';
import type { RequestLimiter } from './request-limiter.ts';
import type { RetryOptions } from './retry.ts';

/** How requests to registries are sent. */
export interface NetworkOptions {
  /**
   * How long may pass without a byte, before an answer begins and within it, seconds; `TIMEOUT` with reason `stalled`
   * after that. However long a whole transfer takes does not matter. Default 60.
   */
  readonly inactivityTimeout?: number | undefined;
  /** How long a connection may take to come about, TLS included, seconds. In Node only. Default 30. */
  readonly connectTimeout?: number | undefined;
  /** How often and for how long requests are tried. */
  readonly retry?: RetryOptions | undefined;
  /** Keeps requests within limits; give one to several repositories to limit them together. Default: no limits. */
  readonly limiter?: RequestLimiter | undefined;
  /**
   * The proxies for http and https, or `false` for none. Default: what `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say.
   * Deno and Bun read these variables by themselves and apply their own rules to `NO_PROXY`.
   */
  readonly proxy?: ProxySettings | false | undefined;
  /** Whether HTTP/2 is offered to servers. In Node only; Deno and browsers decide by themselves. Default `false`. */
  readonly http2?: boolean | undefined;
  /**
   * Whether a registry on the network may redirect to private addresses, as object stores within a company have them.
   * Never to this machine and to metadata services. Default `false`.
   */
  readonly allowPrivateRedirects?: boolean | undefined;
  /** Is told what registries say beside answers: warnings, how many requests are left. */
  readonly onNotice?: OnNotice | undefined;
}
