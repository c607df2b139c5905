import type { Bytes, EndpointTls, Fetch } from '@stowage/types';
import type { ConnectionOptions } from './connection-options.ts';

/** Reads a body piece by piece. */
export interface WireReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Bytes | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

/** As much of a body as is used here: it is read by one reader, or let go. */
export interface WireBodySource {
  getReader(): WireReader;
  cancel(reason?: unknown): Promise<void>;
}

/** As much of `Headers` as is used here. */
export type WireHeaders = Pick<Headers, 'get'>;

/** As much of a `Response` as is used here, so that it can be had for less where many are made. */
export interface WireResponse extends Pick<
  Response,
  'status' | 'ok' | 'statusText' | 'type' | 'redirected' | 'url'
> {
  readonly headers: WireHeaders;
  readonly body: WireBodySource | null;
}

/** Lets a request be ended by who sent it. */
export interface WireControl {
  /** Ends the request, before its answer and after; set once it has been sent. */
  abort?: (reason: unknown) => void;
}

/** `fetch`, with a cheaper way to end a request than an `AbortController` of its own. */
export type WireFetch = (url: URL, init: RequestInit, control: WireControl) => Promise<WireResponse>;

/** The standard's `fetch`, or what has its shape, in the form that is used here. */
export function wireFetchOf(fetch: Fetch): WireFetch {
  return async (url, init, control) => {
    const controller = new AbortController();
    control.abort = (reason) => {
      controller.abort(reason);
    };
    const signal = init.signal ? AbortSignal.any([init.signal, controller.signal]) : controller.signal;
    return await fetch(url.href, { ...init, signal });
  };
}

/** What the connections of a runtime's own `fetch` are made with. */
export interface FetchSettings extends ConnectionOptions {
  /** Leaves certificates unchecked. */
  readonly insecure: boolean;
  readonly tls?: EndpointTls | undefined;
  /**
   * The host of the registry that leads to what is asked: a name on the network is not followed to an address that is
   * nearer than the registry's own, as DNS rebinding would have it.
   */
  readonly guardedBy?: string | undefined;
  /** Whether a guarded host may stand for a private address all the same. Default `false`. */
  readonly privateAllowed?: boolean | undefined;
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
