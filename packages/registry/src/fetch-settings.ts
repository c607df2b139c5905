import type { EndpointTls } from '@stowage/types';
import type { NetworkOptions } from './network-options.ts';

/** What the connections of a runtime's own `fetch` are made with. */
export interface FetchSettings extends Pick<NetworkOptions, 'connectTimeout' | 'proxy' | 'http2'> {
  /** Leaves certificates unchecked. */
  readonly insecure: boolean;
  readonly tls?: EndpointTls | undefined;
  /**
   * The host of the registry that leads to what is asked: a name on the network is not followed to an address that is
   * nearer than the registry's own, as DNS rebinding would have it.
   */
  readonly guardedBy?: string | undefined;
}

/** What is known of a request that failed. */
export interface FailedRequest {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly authorization?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Finds out why a request failed, where the error does not say; a sentence, or nothing. */
export type FailureExplainer = (
  error: unknown,
  url: URL,
  request: FailedRequest,
) => Promise<string | undefined>;
