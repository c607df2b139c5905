/**
 * The one way to the network: the standard `fetch`, or anything that has its shape. Callers pass
 * `redirect: 'manual'` and follow redirects themselves where the runtime lets them see the answer.
 */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;
