import type { Storage } from '@stowage/types';
import type { RepositoryIndex } from './repository-index.ts';
import type { UploadSessions } from './upload-sessions.ts';

/** The sizes and numbers that a registry accepts. */
export interface RegistryLimits {
  /** The largest manifest, in bytes. Default 4 MiB, what the specification asks a registry to take at least. */
  readonly manifestBytes: number;
  /** The largest blob, in bytes. Default 64 GiB. */
  readonly blobBytes: number;
  /** How many uploads may be under way at once; one more is answered with 429. Default 1000. */
  readonly uploads: number;
  /** How long an upload may rest before it is thrown away, in milliseconds. Default a day. */
  readonly uploadIdle: number;
}

/** What the endpoints share. */
export interface ServerContext {
  readonly storage: Storage;
  readonly index: RepositoryIndex;
  readonly sessions: UploadSessions;
  readonly limits: RegistryLimits;
  readonly randomId: () => string;
}

/** One request on its way through an endpoint. */
export interface Exchange {
  readonly request: Request;
  /** The parameters of the request's query. */
  readonly query: URLSearchParams;
  readonly context: ServerContext;
  /** What is passed on to every call that does I/O. */
  readonly options: { readonly signal: AbortSignal };
}

/** What an endpoint does for each method that it knows. */
export type Methods = Readonly<Record<string, () => Promise<Response>>>;
