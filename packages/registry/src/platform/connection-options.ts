import type { ProxySettings } from './proxy.ts';

/** How connections come about, where the runtime leaves that to its programs. */
export interface ConnectionOptions {
  /** How long a connection may take to come about, TLS included, seconds. In Node only. Default 30. */
  readonly connectTimeout?: number | undefined;
  /**
   * The proxies for http and https, or `false` for none. Default: what `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say.
   * Deno and Bun read these variables by themselves, whatever is said here, and apply their own rules to `NO_PROXY`.
   */
  readonly proxy?: ProxySettings | false | undefined;
  /** Whether HTTP/2 is offered to servers. In Node only; Deno and browsers decide by themselves. Default `false`. */
  readonly http2?: boolean | undefined;
}
