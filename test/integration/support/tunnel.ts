import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A proxy that leads whoever asks for any host by TLS to one address. */
export interface Tunnel {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a proxy, so that a registry of this machine is reached by a name that is none of this machine's. */
export async function startTunnel(host: string): Promise<Tunnel> {
  const target = new URL(`tcp://${host}`);
  const server = createServer();
  const open = new Set<{ destroy(): void }>();
  server.on('connect', (_request, socket, head) => {
    const upstream = connect(Number(target.port), target.hostname, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    for (const one of [upstream, socket]) {
      open.add(one);
      one.on('error', () => {
        upstream.destroy();
        socket.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    stop: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
