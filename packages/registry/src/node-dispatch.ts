import type { Dispatcher } from 'undici';

/** How much of a body may wait to be read before the connection is held back, bytes. */
const HIGH_WATER_MARK = 256 * 1024;
const NO_BODY: readonly number[] = [101, 103, 204, 205, 304];

/**
 * Sends a request by a pool of connections and answers like `fetch` with `redirect: 'manual'`, without what `fetch` adds
 * to a request and costs for it. An abort reaches the socket, before the answer and after.
 */
export async function dispatchRequest(
  dispatcher: Dispatcher,
  url: URL,
  init: RequestInit = {},
): Promise<Response> {
  const { method = 'GET', headers, body, signal } = init;
  signal?.throwIfAborted();
  return await new Promise<Response>((resolve, reject) => {
    const exchange = new Exchange(method, { resolve, reject }, signal ?? undefined);
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: method as Dispatcher.HttpMethod,
        headers: headers as Record<string, string>,
        body: (body ?? null) as Dispatcher.DispatchOptions['body'] & null,
        // An answer to HEAD has no body, so that its connection can be used again.
        reset: false,
      },
      exchange,
    );
  });
}

const DECODERS: Readonly<Record<string, 'createUnzip' | 'createBrotliDecompress'>> = {
  gzip: 'createUnzip',
  'x-gzip': 'createUnzip',
  deflate: 'createUnzip',
  br: 'createBrotliDecompress',
};

interface Settlement {
  readonly resolve: (response: Response) => void;
  readonly reject: (reason: unknown) => void;
}

/** What undici tells about one request, as a `Response`. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #method: string;
  readonly #settlement: Settlement;
  readonly #signal: AbortSignal | undefined;
  #connection: Dispatcher.DispatchController | undefined;
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;
  #ended = false;

  constructor(method: string, settlement: Settlement, signal: AbortSignal | undefined) {
    this.#method = method;
    this.#settlement = settlement;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(connection: Dispatcher.DispatchController): void {
    this.#connection = connection;
    if (this.#signal?.aborted === true) this.#onAbort();
  }

  onResponseStart(
    connection: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    statusText = '',
  ): void {
    if (status < 200) return;
    const isEmpty = this.#method === 'HEAD' || NO_BODY.includes(status);
    try {
      const body = isEmpty ? null : this.#open(connection);
      const response = new Response(
        decoded(body, headers['content-encoding']) as ReadableStream<Uint8Array<ArrayBuffer>> | null,
        {
          status,
          statusText,
          headers: headersOf(headers),
        },
      );
      this.#settlement.resolve(response);
    } catch (error) {
      connection.abort(error as Error);
    }
  }

  onResponseData(connection: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#body === undefined) return;
    // Not as the Buffer that it is: its `slice` does something else.
    this.#body.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if ((this.#body.desiredSize ?? 0) <= 0) connection.pause();
  }

  onResponseEnd(): void {
    this.#end();
    this.#body?.close();
  }

  onResponseError(_connection: Dispatcher.DispatchController, error: Error): void {
    this.#end();
    const reason: unknown = this.#signal?.aborted === true ? this.#signal.reason : error;
    this.#settlement.reject(reason);
    this.#body?.error(reason);
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#signal?.reason;
    // A request that waits for its connection has none to abort; nobody waits for it any more all the same.
    this.#settlement.reject(reason);
    this.#connection?.abort(reason as Error);
  };

  #open(connection: Dispatcher.DispatchController): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#body = controller;
        },
        pull: () => {
          connection.resume();
        },
        cancel: (reason) => {
          this.#body = undefined;
          if (!this.#ended) connection.abort(reason instanceof Error ? reason : new Error('cancelled'));
        },
      },
      { highWaterMark: HIGH_WATER_MARK, size: (chunk) => chunk.byteLength },
    );
  }

  #end(): void {
    this.#ended = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}

/** A body without the coding that a proxy put on it unasked. */
function decoded(
  body: ReadableStream<Uint8Array> | null,
  coding: string | string[] | undefined,
): ReadableStream<Uint8Array> | null {
  const name = String(coding).trim().toLowerCase();
  if (body === null || !Object.hasOwn(DECODERS, name)) return body;
  const zlib = process.getBuiltinModule('node:zlib');
  const { Duplex } = process.getBuiltinModule('node:stream');
  const decoder = zlib[DECODERS[name] ?? 'createUnzip']();
  return body.pipeThrough(Duplex.toWeb(decoder) as ReadableWritablePair<Uint8Array, Uint8Array>);
}

function headersOf(raw: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(raw)) {
    for (const value of Array.isArray(values) ? values : [values ?? '']) headers.append(name, latin1(value));
  }
  return headers;
}

/** Headers have no characters beyond U+00FF; undici reads them as UTF-8. */
function latin1(text: string): string {
  return /^[\0-\xff]*$/.test(text) ? text : text.replace(/[^\0-\xff]/g, '?');
}
