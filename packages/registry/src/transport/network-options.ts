import type { OnNotice } from './notice.ts';
import type { ConnectionOptions } from '../platform/connection-options.ts';
import type { RequestLimiter } from './request-limiter.ts';
import type { RetryOptions } from './retry.ts';

/** How requests to registries are sent. */
export interface NetworkOptions extends ConnectionOptions {
  /**
   * How long may pass without a byte, before an answer begins and within it, seconds; `TIMEOUT` with reason `stalled`
   * after that, up to 15 seconds late. However long a whole transfer takes does not matter. Default 60.
   */
  readonly inactivityTimeout?: number | undefined;
  /** How often and for how long requests are tried. */
  readonly retry?: RetryOptions | undefined;
  /** Keeps requests within limits; give one to several repositories to limit them together. Default: no limits. */
  readonly limiter?: RequestLimiter | undefined;
  /**
   * Whether a registry on the network may redirect to private addresses, as object stores within a company have them.
   * Never to this machine and to metadata services. Default `false`.
   */
  readonly allowPrivateRedirects?: boolean | undefined;
  /** Is told what registries say beside answers: warnings, how many requests are left. */
  readonly onNotice?: OnNotice | undefined;
}
