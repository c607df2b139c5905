import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry in a process of its own, so that what it does is not taken for the client's work. */
export interface ChildRegistry {
  /** Scheme, host and port. */
  readonly url: string;
  stop(): void;
}

/** What the registry has: one manifest under every tag, and under every digest a blob of `blobSize` bytes of no meaning. It takes any upload. */
export interface ChildContent {
  readonly manifest: string;
  readonly mediaType: string;
  readonly digest: string;
  readonly blobSize: number;
}

/** Starts the registry and waits until it listens. */
export async function startChildRegistry(content: ChildContent): Promise<ChildRegistry> {
  const script = `(${serve.toString()})(require('node:http').createServer, ${JSON.stringify(content)});`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [port] = (await once(child, 'message')) as [number];
  return {
    url: `http://127.0.0.1:${String(port)}`,
    stop: () => {
      child.kill();
    },
  };
}

/** The whole program of the child: it sees nothing but its parameters. */
function serve(make: typeof createServer, { manifest, mediaType, digest, blobSize }: ChildContent): void {
  const bytes = Buffer.from(manifest);
  const chunk = Buffer.alloc(256 * 1024, 'stowage ');
  const headers = {
    'content-type': mediaType,
    'docker-content-digest': digest,
    'content-length': bytes.length,
  };
  const server = make((request, response) => {
    if (request.method === 'POST' || request.method === 'PUT') {
      const begins = request.method === 'POST';
      // Read as it comes and forgotten: what is measured is the client.
      request.resume().on('end', () => {
        response.writeHead(begins ? 202 : 201, begins ? { location: '/v2/bench/app/blobs/uploads/1' } : {});
        response.end();
      });
      return;
    }
    if (request.url?.includes('/manifests/') === true) {
      response.writeHead(200, headers);
      response.end(request.method === 'HEAD' ? undefined : bytes);
      return;
    }
    response.writeHead(200, { 'content-length': blobSize });
    let left = blobSize;
    const write = (): void => {
      while (left > 0) {
        const piece = left < chunk.length ? chunk.subarray(0, left) : chunk;
        left -= piece.length;
        if (!response.write(piece)) {
          response.once('drain', write);
          return;
        }
      }
      response.end();
    };
    write();
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}
