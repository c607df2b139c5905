import type { Watched } from './watchdog.ts';
import type { WireResponse } from '../platform/wire-fetch.ts';

/** The answer at the end of all redirects. */
export interface Answer {
  readonly method: string;
  /** The URL that answered. */
  readonly url: string;
  readonly response: WireResponse;
  /** Whether another origin than the one asked had a part in it: its challenges are not the registry's. */
  readonly crossed: boolean;
  /** Watches the reading of the body; `expire` is called, with the error for it, when no byte comes for too long. */
  readonly watch?: (expire: (error: Error) => void) => Watched;
}
