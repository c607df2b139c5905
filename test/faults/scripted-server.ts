import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Plan, Script } from './script.ts';
import type { ScriptedHosts } from './scripted-fetch.ts';
import { Stalls } from './stalls.ts';

/** The two hosts of a script on loopback ports. */
export interface ScriptedServers extends ScriptedHosts {
  stop(): Promise<void>;
}

/** Where `elsewhere` answers when an answer stands still. */
export const STALLS_PATH = '/_stalls';

/** What pages of other origins may do and see: everything that matters here. */
const CORS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-allow-headers':
    'accept, authorization, content-range, content-type, if-match, if-none-match, if-range, range',
  'access-control-expose-headers':
    'content-length, content-range, docker-content-digest, etag, link, location, oci-chunk-max-length, oci-chunk-min-length, oci-filters-applied, oci-subject, oci-tag, range, retry-after, www-authenticate',
};

/** Follows a script over real sockets. */
export async function startScriptedServers(script: Script): Promise<ScriptedServers> {
  const stalls = new Stalls();
  const underWay = new Set<ServerResponse>();
  const waiting = new Set<() => void>();

  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    elsewhere: boolean,
  ): Promise<void> => {
    const { method = 'GET', url: path = '/' } = request;
    if (method === 'OPTIONS') {
      response.writeHead(204, CORS).end();
      return;
    }
    if (path === STALLS_PATH) {
      const gone = new AbortController();
      response.once('close', () => {
        gone.abort();
      });
      await stalls.some(gone.signal);
      response.writeHead(204, CORS).end();
      return;
    }
    underWay.add(response);
    response.once('close', () => {
      underWay.delete(response);
      if (underWay.size === 0) for (const resolve of waiting) resolve();
    });
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value));
    const read = hasBody(request) ? { read: (most: number) => readBody(request, most) } : {};
    perform(await script.plan({ method, path, headers, elsewhere, ...read }), request, response, stalls);
  };

  const listen = async (elsewhere: boolean) => {
    const server = createServer((request, response) => {
      // Whoever left does not care what went wrong.
      answer(request, response, elsewhere).catch(() => response.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
  };
  const hosts = [await listen(false), await listen(true)] as const;
  return {
    registry: hosts[0].origin,
    elsewhere: hosts[1].origin,
    stalls,
    idle: () =>
      new Promise((resolve) => {
        waiting.add(resolve);
        if (underWay.size === 0) resolve();
      }),
    stop: async () => {
      for (const { server } of hosts) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Reads the body of a request, or the beginning of it; the rest then stays where it is. */
async function readBody(request: IncomingMessage, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (length >= most) break;
  }
  return Uint8Array.from(Buffer.concat(pieces).subarray(0, most));
}

function perform(plan: Plan, request: IncomingMessage, response: ServerResponse, stalls: Stalls): void {
  const { status, headers, body, ending, instead } = plan;
  if (instead === 'drop') {
    request.socket.destroy();
    return;
  }
  if (instead === 'hang') {
    response.once('close', stalls.begin());
    return;
  }
  // An announced length that the body does not have is a fault that Node would rather not commit.
  response.strictContentLength = false;
  response.writeHead(status, { ...CORS, ...headers });
  if (ending === 'end' && Number(headers['content-length'] ?? body.length) <= body.length) {
    response.end(body);
    return;
  }
  response.flushHeaders();
  response.write(body, () => {
    if (ending === 'stall') response.once('close', stalls.begin());
    // Bytes that were written are to arrive before the socket goes.
    else setImmediate(() => request.socket.destroy());
  });
}
