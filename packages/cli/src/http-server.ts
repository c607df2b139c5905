import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StowageError } from '@stowage/types';

/** A server that listens. */
export interface ListeningServer {
  /** Scheme, host and port, no trailing slash. */
  readonly url: string;
  /**
   * Stops listening, lets requests under way end, and cuts them off when that takes too long.
   *
   * @param grace how long they may take, in milliseconds
   */
  close(grace: number): Promise<void>;
}

/**
 * Listens for HTTP requests.
 *
 * @param listener answers them
 * @param host the name or address to listen on
 * @param port the port to listen on; 0 for any that is free
 * @throws `UNAVAILABLE` when nobody can listen there
 */
export async function listen(
  listener: RequestListener,
  host: string,
  port: number,
): Promise<ListeningServer> {
  // An upload may take any time. Slow headers are cut off by Node's own limit.
  const server = createServer({ requestTimeout: 0 }, listener);
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new StowageError('UNAVAILABLE', `cannot listen: ${(cause as Error).message}`, { cause });
  }
  return { url: urlOf(server.address() as AddressInfo), close: (grace) => close(server, grace) };
}

function urlOf({ family, address, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${String(port)}`;
}

async function close(server: Server, grace: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, grace);
  await closed;
  clearTimeout(timer);
}
