import type { Clock, Fetch } from '@stowage/types';
import type { Endpoint } from '../address/endpoint.ts';
import type { NetworkOptions } from './network-options.ts';

/** What a transport is made of. */
export interface TransportInit extends NetworkOptions {
  readonly endpoint: Endpoint;
  /** The way to the network. Default: the runtime's own. */
  readonly fetch?: Fetch | undefined;
  readonly metaHeaders?: Readonly<Record<string, string>> | undefined;
  readonly userAgent?: string | undefined;
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined;
}
