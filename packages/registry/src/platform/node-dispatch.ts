import type { Bytes } from '@stowage/types';
import type { Dispatcher } from 'undici';
import { PushedBody } from './pushed-body.ts';
import type { WireBodySource, WireControl, WireHeaders, WireResponse } from './wire-fetch.ts';

const NO_BODY: readonly number[] = [204, 205, 304];

/** What `fetch` is called with, and how to end the request. */
interface DispatchedRequest {
  readonly url: URL;
  readonly init: RequestInit;
  readonly control: WireControl;
}

/**
 * Sends a request by a pool of connections and answers like `fetch` with `redirect: 'manual'`, without what `fetch` adds
 * to a request and costs for it. An abort reaches the socket, before the answer and after.
 */
export async function dispatchRequest(
  dispatcher: Dispatcher,
  { url, init, control }: DispatchedRequest,
): Promise<WireResponse> {
  const { method = 'GET', headers, body, signal } = init;
  return await new Promise<WireResponse>((resolve, reject) => {
    const exchange = new Exchange(method, { resolve, reject }, signal ?? undefined);
    control.abort = exchange.abort;
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: method,
        headers: headers as Record<string, string>,
        body: (body ?? null) as Dispatcher.DispatchOptions['body'] & null,
        // An answer to HEAD has no body, so that its connection can be used again.
        reset: false,
      },
      exchange,
    );
  });
}

interface Settlement {
  readonly resolve: (response: WireResponse) => void;
  readonly reject: (reason: unknown) => void;
}

/** What undici tells about one request, as an answer. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #method: string;
  readonly #settlement: Settlement;
  readonly #signal: AbortSignal | undefined;
  #connection: Dispatcher.DispatchController | undefined;
  #body: PushedBody | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(method: string, settlement: Settlement, signal: AbortSignal | undefined) {
    this.#method = method;
    this.#settlement = settlement;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) this.#onAbort();
  }

  readonly abort = (reason: unknown): void => {
    this.#aborted ??= { reason };
    // A request that waits for its connection has none to abort; nobody waits for it any more all the same.
    this.#settlement.reject(reason);
    this.#connection?.abort(asError(reason));
  };

  onRequestStart(connection: Dispatcher.DispatchController): void {
    this.#connection = connection;
    if (this.#aborted !== undefined) connection.abort(asError(this.#aborted.reason));
  }

  onResponseStart(
    connection: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    statusText = '',
  ): void {
    if (status < 200) return;
    const isEmpty = this.#method === 'HEAD' || NO_BODY.includes(status);
    if (!isEmpty) this.#body = new PushedBody(connection);
    this.#settlement.resolve({
      status,
      ok: status < 300,
      statusText,
      headers: new RawHeaders(headers),
      type: 'default',
      redirected: false,
      url: '',
      body: this.#body === undefined ? null : decoded(this.#body, headers['content-encoding']),
    });
  }

  onResponseData(_connection: Dispatcher.DispatchController, chunk: Uint8Array): void {
    // Not as the Buffer that it is: its `slice` does something else.
    this.#body?.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }

  onResponseEnd(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#body?.end();
  }

  onResponseError(_connection: Dispatcher.DispatchController, error: Error): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    const reason = this.#aborted === undefined ? error : this.#aborted.reason;
    this.#settlement.reject(reason);
    this.#body?.fail(asError(reason));
  }

  readonly #onAbort = (): void => {
    this.abort(this.#signal?.reason);
  };
}

const DECODERS: Readonly<Record<string, 'createUnzip' | 'createBrotliDecompress'>> = {
  gzip: 'createUnzip',
  'x-gzip': 'createUnzip',
  deflate: 'createUnzip',
  br: 'createBrotliDecompress',
};

/** A body without the coding that a proxy put on it unasked. */
function decoded(body: PushedBody, coding: string | string[] | undefined): WireBodySource {
  const name = String(coding).trim().toLowerCase();
  if (!Object.hasOwn(DECODERS, name)) return body;
  const zlib = process.getBuiltinModule('node:zlib');
  const { Duplex } = process.getBuiltinModule('node:stream');
  const decoder = Duplex.toWeb(zlib[DECODERS[name] ?? 'createUnzip']());
  const stream = new ReadableStream<Bytes>({
    pull: async (controller) => {
      const { value } = await body.getReader().read();
      if (value === undefined) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => body.cancel(reason),
  });
  return stream.pipeThrough(decoder as ReadableWritablePair<Uint8Array, Uint8Array>);
}

/** Headers as undici has read them, their names in lower case. */
class RawHeaders implements WireHeaders {
  readonly #raw: Readonly<Record<string, string | string[] | undefined>>;

  constructor(raw: Readonly<Record<string, string | string[] | undefined>>) {
    this.#raw = raw;
  }

  get(name: string): string | null {
    const key = name.toLowerCase();
    const value = Object.hasOwn(this.#raw, key) ? this.#raw[key] : undefined;
    return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value;
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
