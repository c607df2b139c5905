import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createNodeListener } from '../../../packages/cli/src/http-adapter.ts';

/** A handler on a loopback port. */
export interface HttpServer {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Every request that was answered, as `METHOD path status`. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Serves a handler of `Request` and `Response` over HTTP on a free loopback port, as `stowage serve` does. */
export async function serveHttp(handler: (request: Request) => Promise<Response>): Promise<HttpServer> {
  const requests: string[] = [];
  const listener = createNodeListener(handler, (error) => {
    requests.push(`error ${String(error)}`);
  });
  const server = createServer((incoming, outgoing) => {
    outgoing.once('finish', () => {
      requests.push(`${incoming.method ?? ''} ${incoming.url ?? ''} ${String(outgoing.statusCode)}`);
    });
    listener(incoming, outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${String(port)}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
