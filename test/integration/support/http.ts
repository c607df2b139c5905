import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeStream } from 'node:stream/web';

/** A handler on a loopback port. */
export interface HttpServer {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Every request so far, as `METHOD path status`. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Serves a handler of `Request` and `Response` over HTTP on a free loopback port. */
export async function serveHttp(handler: (request: Request) => Promise<Response>): Promise<HttpServer> {
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    outgoing.once('finish', () => {
      requests.push(`${incoming.method ?? ''} ${incoming.url ?? ''} ${String(outgoing.statusCode)}`);
    });
    answer(handler, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    host: `127.0.0.1:${String(address.port)}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  handler: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const controller = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort(new Error('the connection was closed'));
  });
  const { method = 'GET', url = '/', rawHeaders } = incoming;
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
  const init: RequestInit = { method, headers, signal: controller.signal };
  if (method !== 'GET' && method !== 'HEAD') {
    Object.assign(init, { body: Readable.toWeb(incoming), duplex: 'half' });
  }
  const response = await handler(new Request(`http://${incoming.headers.host ?? 'localhost'}${url}`, init));
  // What the handler left unread would otherwise be taken for the next request.
  if (!incoming.complete) outgoing.setHeader('Connection', 'close');
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) outgoing.end();
  else await pipeline(Readable.fromWeb(response.body as NodeStream), outgoing);
}
