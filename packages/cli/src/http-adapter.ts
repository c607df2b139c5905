import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** Answers a request. */
export type RequestHandler = (request: Request) => Promise<Response>;

/** Bytes of a request that are read ahead of the handler. */
const READ_AHEAD = 256 * 1024;

/** What a Host header may be; anything else cannot be part of a URL. */
const HOST = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?$/;

/**
 * Makes a listener for `node:http` of a handler of `Request` and `Response`. Bodies are streamed both ways and wait for
 * whoever is slower. A client that goes away aborts the request's signal, and the answer's body is cancelled.
 *
 * @param handler answers requests; where it rejects, the client gets a bare 500
 * @param onError told of errors that the client sees as a 500 or as an answer that breaks off
 */
export function createNodeListener(
  handler: RequestHandler,
  onError: (error: unknown) => void,
): RequestListener {
  return (incoming, outgoing) => {
    // A client that goes away is seen by 'close'; without a listener the error would end the process.
    outgoing.on('error', () => undefined);
    const gone = new AbortController();
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) gone.abort(new Error('the client has gone away'));
    });
    const request = toRequest(incoming, outgoing, gone.signal);
    if (request === undefined) {
      outgoing.writeHead(400).end();
      return;
    }
    respond(handler, request, outgoing).catch((error: unknown) => {
      if (!gone.signal.aborted) onError(error);
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(500).end();
    });
  };
}

async function respond(handler: RequestHandler, request: Request, outgoing: ServerResponse): Promise<void> {
  const { status, headers, body } = await handler(request);
  outgoing.writeHead(status, [...headers].flat());
  if (body === null) {
    outgoing.end();
    return;
  }
  if (request.method === 'HEAD') {
    outgoing.end();
    await body.cancel();
    return;
  }
  await sendBody(body, outgoing);
}

async function sendBody(body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = body.getReader();
  const stop = (): void => {
    reader.cancel().catch(() => undefined);
  };
  outgoing.once('close', stop);
  for (let next = await reader.read(); !next.done && !outgoing.destroyed; next = await reader.read()) {
    if (!outgoing.write(next.value)) await writable(outgoing);
  }
  outgoing.removeListener('close', stop);
  if (outgoing.destroyed) stop();
  outgoing.end();
}

/** Resolves when more can be written, or the client is gone. */
function writable(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.removeListener('drain', done);
      outgoing.removeListener('close', done);
      resolve();
    };
    outgoing.once('drain', done);
    outgoing.once('close', done);
    if (outgoing.destroyed) done();
  });
}

/** The request as the web knows it; `undefined` where it is none, such as one for a proxy. */
function toRequest(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  signal: AbortSignal,
): Request | undefined {
  const { method = '', url = '', headers, rawHeaders, socket } = incoming;
  const host = headers.host ?? `localhost:${String(socket.localPort)}`;
  if (!url.startsWith('/') || !HOST.test(host)) return undefined;
  try {
    const init = { method, headers: toHeaders(rawHeaders), signal };
    if (method === 'GET' || method === 'HEAD') return new Request(`http://${host}${url}`, init);
    const streaming: RequestInit & { duplex: 'half' } = {
      ...init,
      body: readBody(incoming, outgoing),
      duplex: 'half',
    };
    return new Request(`http://${host}${url}`, streaming);
  } catch {
    return undefined;
  }
}

function toHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < raw.length; at += 2) headers.append(raw[at] ?? '', raw[at + 1] ?? '');
  return headers;
}

/** The body, read as it is asked for. What the handler does not want is thrown away as it comes. */
function readBody(incoming: IncomingMessage, outgoing: ServerResponse): ReadableStream<Uint8Array> {
  let discard = (): void => undefined;
  // A body that is left unread would hold up the next request of the connection.
  outgoing.once('close', () => {
    discard();
  });
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const take = (chunk: Buffer): void => {
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
        };
        const end = (): void => {
          controller.close();
        };
        discard = () => {
          incoming.removeListener('data', take);
          incoming.removeListener('end', end);
          incoming.resume();
        };
        incoming.pause();
        incoming.on('data', take);
        incoming.once('end', end);
        incoming.once('error', (error) => {
          controller.error(error);
        });
      },
      pull() {
        incoming.resume();
      },
      cancel() {
        discard();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: READ_AHEAD }),
  );
}
