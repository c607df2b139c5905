import { isStowageError, RegistryError, StowageError, withName, withTag } from '@stowage/types';
import type { AbortOptions, Bytes } from '@stowage/types';
import { readBody } from './body.ts';
import { nextLink } from './link-header.ts';
import type { Session } from './session.ts';
import type { Answer } from './answer.ts';

/** The largest page of a list that is accepted, bytes. */
const MAX_PAGE_SIZE = 16 * 1024 * 1024;
const MAX_PAGES = 10_000;

interface Page {
  readonly tags: readonly string[];
  /** The URL of the next page. */
  readonly next: string | undefined;
}

/**
 * Lists the tags of a repository, page after page as they are asked for (distribution-spec, "Listing Tags"). No page
 * size is named: registries differ in what they refuse.
 *
 * @throws `REGISTRY` for malformed lists, for pages that lead in a circle or to another origin; `LIMIT_EXCEEDED` for a
 *   page of more than 16 MiB and after 10,000 pages
 */
export async function* listTags(session: Session, { signal }: AbortOptions = {}): AsyncGenerator<string> {
  const seen = new Set<string>();
  let url: string | undefined = session.url('tags/list');
  while (url !== undefined) {
    if (seen.size >= MAX_PAGES) throw new StowageError('LIMIT_EXCEEDED', 'list of tags has too many pages');
    seen.add(url);
    const page: Page = await session.exchange(
      { method: 'GET', url, headers: { accept: 'application/json' }, signal },
      async (answer) => {
        if (answer.response.status !== 200) throw await session.failure(answer, signal);
        const tags = parseTags(answer, await readBody(answer, { maxBytes: MAX_PAGE_SIZE, signal }));
        return { tags, next: nextPage(answer, session.origin, seen) };
      },
    );
    yield* page.tags;
    url = page.next;
  }
}

function parseTags(answer: Answer, bytes: Bytes): readonly string[] {
  let list: unknown;
  try {
    list = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw malformed(answer, 'list of tags is not JSON');
  }
  const tags = typeof list === 'object' && list !== null && 'tags' in list ? list.tags : undefined;
  // A repository without tags has null there, or nothing.
  if (tags === undefined || tags === null) return [];
  if (Array.isArray(tags) && tags.every(isTag)) return tags;
  throw malformed(answer, 'list of tags has something in it that is no tag');
}

function isTag(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  try {
    withTag(withName('name'), value);
    return true;
  } catch (error) {
    if (isStowageError(error, 'INVALID_REFERENCE')) return false;
    throw error;
  }
}

function nextPage(answer: Answer, origin: string, seen: ReadonlySet<string>): string | undefined {
  const target = nextLink(answer.response.headers.get('link'));
  if (target === undefined) return undefined;
  const next = URL.canParse(target, answer.url) ? new URL(target, answer.url) : undefined;
  // Behind a proxy that ends TLS, a registry may believe that it is spoken to over http.
  const home = new URL(origin);
  if (next?.protocol === 'http:' && next.host === home.host) next.protocol = home.protocol;
  if (next?.origin !== origin) throw malformed(answer, 'next page of the list of tags is at another origin');
  next.hash = '';
  if (seen.has(next.href)) throw malformed(answer, 'pages of the list of tags lead in a circle');
  return next.href;
}

function malformed(answer: Answer, message: string): RegistryError {
  const { method, url, response } = answer;
  return new RegistryError('REGISTRY', message, { method, url, status: response.status });
}
