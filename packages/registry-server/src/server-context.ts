import type { Storage } from '@stowage/types';
import type { RegistryLimits } from './registry-limits.ts';
import type { RepositoryIndex } from './repository-index.ts';
import type { UploadSessions } from './upload-sessions.ts';

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
