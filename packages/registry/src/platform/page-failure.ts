import type { FailedRequest } from './wire-fetch.ts';

/** What a page sends without asking the server for leave first (Fetch standard, "CORS-safelisted request-header"). */
const SAFE_HEADERS: readonly string[] = ['accept', 'accept-language', 'content-language'];
const PROBE_TIMEOUT = 5_000;

/**
 * Why a request of a page may have failed. A browser tells a page nothing but that it did; two more requests tell whether
 * the host answers at all, and whether it answers this page. They carry no credentials.
 *
 * @param error what `fetch` rejected with
 * @returns a sentence; `undefined` where nothing can be said
 */
export async function explainInPage(
  error: unknown,
  url: URL,
  request: FailedRequest,
): Promise<string | undefined> {
  if (!(error instanceof TypeError) || request.signal?.aborted === true) return undefined;
  const page = (globalThis as { readonly location?: { readonly origin: string } }).location?.origin;
  if (page === undefined || url.origin === page) return undefined;
  const isLocal = url.hostname === 'localhost' || url.hostname === '127.0.0.1' || url.hostname === '[::1]';
  if (page.startsWith('https:') && url.protocol === 'http:' && !isLocal) {
    return 'a page on https may not load anything over http';
  }
  if (!(await answers(url, 'no-cors'))) {
    return `${url.host} cannot be reached, or its certificate is not trusted`;
  }
  if (!(await answers(url, 'cors'))) {
    return `${url.host} answers, but does not let this page see it: its answers need Access-Control-Allow-Origin: ${page}`;
  }
  const asked = headersToAskFor(request);
  if (asked.length === 0) return `${url.host} answers, but what it redirects to may not let this page see it`;
  return (
    `${url.host} answers this page, but not with these headers: its answer to OPTIONS needs ` +
    `Access-Control-Allow-Headers: ${asked.join(', ')} (or what it redirects to does not let this page see it)`
  );
}

function headersToAskFor({ headers = {}, authorization }: FailedRequest): string[] {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const asked = names.filter((name) => !SAFE_HEADERS.includes(name));
  return [...(authorization === undefined ? [] : ['authorization']), ...asked];
}

/** Whether a HEAD without anything that needs leave gets an answer, of which nothing is looked at. */
async function answers(url: URL, mode: RequestMode): Promise<boolean> {
  try {
    await fetch(url.href, {
      method: 'HEAD',
      mode,
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(PROBE_TIMEOUT),
    });
    return true;
  } catch {
    return false;
  }
}
