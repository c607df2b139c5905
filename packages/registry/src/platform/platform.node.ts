import type { Dispatcher } from 'undici';
import type { FailureExplainer, FetchSettings, WireFetch } from './wire-fetch.ts';
import { dispatchRequest } from './node-dispatch.ts';
import { openDispatcher } from './node-dispatcher.ts';
import { proxyFor, proxyFromEnvironment } from './proxy.ts';

/** Whether requests may carry every header. */
export const sendsEveryHeader: boolean = true;

/** Whether the runtime takes a body into its memory however slowly it is read. */
export const readsAhead: boolean = false;

/** Whether the content of a request can be sent while it is read, with its length told before. */
export const streamsRequests: boolean = true;

/** Errors in Node say themselves what went wrong. */
export const explainFailure: FailureExplainer | undefined = undefined as FailureExplainer | undefined;

/** The pools of connections, by what their connections are made with and the proxy they go through. */
const dispatchers = new Map<string, Promise<Dispatcher>>();

/**
 * `fetch` by undici over pools of connections of our own; the process's global dispatcher stays as it is. Idle
 * connections are closed after 4 s and do not keep the process alive. undici is loaded on first use.
 */
export function defaultFetch(settings: FetchSettings): WireFetch {
  const { proxy = proxyFromEnvironment(process.env), ...connections } = settings;
  const kind = JSON.stringify(connections);
  const proxies = proxy !== false && (proxy.httpProxy ?? proxy.httpsProxy) !== undefined ? proxy : undefined;
  return async (url, init, control) => {
    const via = proxies && proxyFor(url, proxies);
    const key = via === undefined ? kind : `${kind} ${via}`;
    const dispatcher = dispatchers.get(key) ?? openDispatcher(connections, via);
    dispatchers.set(key, dispatcher);
    return await dispatchRequest(await dispatcher, { url, init, control });
  };
}
