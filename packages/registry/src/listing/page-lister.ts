import { RegistryError, StowageError } from '@stowage/types';
import type { Bytes, ListOptions } from '@stowage/types';
import type { Answer } from '../transport/answer.ts';
import { discard, readBody } from '../transport/body.ts';
import { nextLink } from '../header/link-header.ts';
import type { Requester } from '../session/requester.ts';

const MAX_PAGES = 10_000;

/** What is listed, and how its pages are read. */
export interface Listing<T> {
  /** The URL of the first page. */
  readonly url: string;
  readonly accept: string;
  /** What messages call it, for example `list of tags`. */
  readonly what: string;
  /** The most bytes of a page, and of all pages together. */
  readonly maxPageBytes: number;
  readonly maxBytes: number;
  /** Default 10,000. */
  readonly maxPages?: number;
  readonly maxEntries: number;
  /** Reads a page; throws for a malformed one. */
  readonly parse: (answer: Answer, bytes: Bytes) => readonly T[];
  /** What tells entries apart. */
  readonly keyOf: (entry: T) => string;
  /** Whether an answer to the first request means that there is no such list here: it is empty then. */
  readonly isAbsent?: (answer: Answer) => boolean;
}

interface Page<T> {
  readonly answer: Answer;
  readonly size: number;
  readonly entries: readonly T[];
}

/** What a registry answers that does not like the number of names asked for. */
const SIZE_REFUSED: readonly number[] = [400, 405, 416, 422];

/**
 * Lists page after page as they are asked for. A page size that is refused is left out; one that is ignored does not
 * matter.
 *
 * @throws `INVALID_ARGUMENT` for a page size or limit that is none; `REGISTRY` for pages that lead in a circle or to
 *   another origin; `LIMIT_EXCEEDED` for too large or too many pages, and too many entries
 */
export async function* listPages<T>(
  requester: Requester,
  listing: Listing<T>,
  { signal, pageSize }: Pick<ListOptions, 'signal' | 'pageSize'>,
): AsyncGenerator<{ readonly entry: T; readonly answer: Answer }> {
  const { maxPages = MAX_PAGES, maxEntries, what } = listing;
  checkCount(maxEntries, 'maxEntries');
  const seen = new Set<string>();
  const { origin } = new URL(listing.url);
  let entries = 0;
  let bytes = 0;
  let before = '';
  let url: string | undefined = firstUrl(listing.url, pageSize);
  while (url !== undefined) {
    if (seen.size >= maxPages) throw tooLong(what, `${String(maxPages)} pages`);
    seen.add(url);
    const sized = seen.size === 1 && pageSize !== undefined;
    const page: Page<T> | undefined = await readPage(requester, listing, url, { signal, sized });
    if (page === undefined) {
      if (!sized) return;
      url = listing.url;
      continue;
    }
    const { answer } = page;
    const contents = JSON.stringify(page.entries.map(listing.keyOf));
    if (page.entries.length > 0 && contents === before) throw inACircle(answer, what);
    before = contents;
    entries += page.entries.length;
    bytes += page.size;
    if (entries > maxEntries) throw tooLong(what, `${String(maxEntries)} entries`);
    if (bytes > listing.maxBytes) throw tooLong(what, `${String(listing.maxBytes)} bytes`);
    for (const entry of page.entries) yield { entry, answer };
    url = nextPage(answer, origin, seen, what);
  }
}

/** Reads a page; `undefined` where the registry has no such list, or refuses the size. */
async function readPage<T>(
  requester: Requester,
  { accept, maxPageBytes, parse, isAbsent, url: first }: Listing<T>,
  url: string,
  { signal, sized }: { readonly signal: AbortSignal | undefined; readonly sized: boolean },
): Promise<Page<T> | undefined> {
  return await requester.exchange({ method: 'GET', url, headers: { accept }, signal }, async (answer) => {
    const { status } = answer.response;
    const absent = url === first && isAbsent?.(answer) === true;
    if (absent || (sized && SIZE_REFUSED.includes(status))) {
      await discard(answer, signal);
      return undefined;
    }
    if (status !== 200) throw await requester.failure(answer, signal);
    const bytes = await readBody(answer, { maxBytes: maxPageBytes, signal });
    return { answer, size: bytes.byteLength, entries: parse(answer, bytes) };
  });
}

function firstUrl(url: string, pageSize: number | undefined): string {
  if (pageSize === undefined) return url;
  checkCount(pageSize, 'pageSize');
  const sized = new URL(url);
  sized.searchParams.set('n', String(pageSize));
  return sized.href;
}

function checkCount(count: number, what: string): void {
  if (Number.isSafeInteger(count) && count > 0) return;
  throw new StowageError('INVALID_ARGUMENT', `${what} must be a whole number above 0`);
}

function nextPage(
  answer: Answer,
  origin: string,
  seen: ReadonlySet<string>,
  what: string,
): string | undefined {
  const target = nextLink(answer.response.headers.get('link'));
  if (target === undefined) return undefined;
  const next = URL.canParse(target, answer.url) ? new URL(target, answer.url) : undefined;
  // Behind a proxy that ends TLS, a registry may believe that it is spoken to over http.
  const home = new URL(origin);
  if (next?.protocol === 'http:' && next.host === home.host) next.protocol = home.protocol;
  if (next?.origin !== origin) throw malformed(answer, `next page of the ${what} is at another origin`);
  next.hash = '';
  // Takes an empty query away with its question mark.
  if (next.search === '') next.search = '';
  // Some add a `last` with each page and go by the last one.
  const last = next.searchParams.getAll('last');
  if (last.length > 1) next.searchParams.set('last', last.at(-1) ?? '');
  if (seen.has(next.href)) throw inACircle(answer, what);
  return next.href;
}

function tooLong(what: string, limit: string): StowageError {
  return new StowageError('LIMIT_EXCEEDED', `${what} has more than ${limit}`);
}

function inACircle(answer: Answer, what: string): RegistryError {
  return malformed(answer, `pages of the ${what} lead in a circle`);
}

/** The error for an answer that is not what it should be. */
export function malformed({ method, url, response }: Answer, message: string): RegistryError {
  return new RegistryError('REGISTRY', message, { method, url, status: response.status });
}
