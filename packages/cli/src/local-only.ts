import type { RequestHandler } from './http-adapter.ts';

const IP_ADDRESS = /^(?:[0-9.]+|\[[0-9a-f:.]+\])$/;

/** Whether nobody but this machine can reach what listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}

/**
 * Keeps pages of the web away from a server of this machine: a browser would carry their requests here. Refuses what a
 * page of another origin sends, and names that only a page's own name server can have led here.
 */
export function localOnly(handler: RequestHandler): RequestHandler {
  return (request) => {
    const { hostname, origin } = new URL(request.url);
    const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost') || IP_ADDRESS.test(hostname);
    if (isLocal && (request.headers.get('Origin') ?? origin) === origin) return handler(request);
    return Promise.resolve(
      new Response('this server is for programs of this machine only\n', { status: 403 }),
    );
  };
}
