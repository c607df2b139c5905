/** What pages of other origins may do with a registry. */
export interface CorsOptions {
  /** The origin that is let in. Default `*`, everybody; nobody's cookies are ever let in. */
  readonly allowOrigin?: string | undefined;
  /** The headers that a page may send. Default: those that a client of registries needs, `Authorization` among them. */
  readonly allowHeaders?: readonly string[] | undefined;
  /** The headers that a page may read. Default: those that a client of registries needs. */
  readonly exposeHeaders?: readonly string[] | undefined;
  /** How long a browser may remember the answer to a preflight request, in seconds. Default 7200. */
  readonly maxAge?: number | undefined;
}

const ALLOW_METHODS = 'GET, HEAD, PUT, POST, PATCH, DELETE';
const ALLOW_HEADERS = [
  'Authorization',
  'Accept',
  'Content-Type',
  'Content-Range',
  'Range',
  'If-Range',
  'If-Match',
  'If-None-Match',
  'Cache-Control',
  'User-Agent',
];
const EXPOSE_HEADERS = [
  'Docker-Content-Digest',
  'Docker-Distribution-API-Version',
  'Docker-Upload-UUID',
  'Link',
  'Location',
  'Range',
  'Content-Range',
  'Accept-Ranges',
  'Content-Length',
  'ETag',
  'Retry-After',
  'Warning',
  'WWW-Authenticate',
  'OCI-Chunk-Min-Length',
  'OCI-Chunk-Max-Length',
  'OCI-Filters-Applied',
  'OCI-Subject',
  'OCI-Tag',
];

/** The headers that go with every answer, and the answer to a preflight request (fetch standard, "CORS protocol"). */
export interface Cors {
  apply(headers: Headers): void;
  preflight(): Response;
}

/** Resolves the options; `false` switches everything off. */
export function createCors(options: CorsOptions | false = {}): Cors {
  if (options === false)
    return { apply: () => undefined, preflight: () => new Response(null, { status: 204 }) };
  const origin = options.allowOrigin ?? '*';
  const exposed = (options.exposeHeaders ?? EXPOSE_HEADERS).join(', ');
  const allowed = (options.allowHeaders ?? ALLOW_HEADERS).join(', ');
  const maxAge = String(options.maxAge ?? 7200);
  return {
    apply: (headers) => {
      headers.set('Access-Control-Allow-Origin', origin);
      headers.set('Access-Control-Expose-Headers', exposed);
      if (origin !== '*') headers.append('Vary', 'Origin');
    },
    preflight: () =>
      new Response(null, {
        status: 204,
        headers: {
          'Access-Control-Allow-Methods': ALLOW_METHODS,
          'Access-Control-Allow-Headers': allowed,
          'Access-Control-Max-Age': maxAge,
        },
      }),
  };
}
