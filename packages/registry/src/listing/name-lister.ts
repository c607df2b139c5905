import { isStowageError, StowageError, withName, withTag } from '@stowage/types';
import type { Bytes, ListOptions } from '@stowage/types';
import type { Answer } from '../transport/answer.ts';
import { listPages, malformed } from './page-lister.ts';
import type { Requester } from '../session/requester.ts';

/** The largest page of a list that is accepted, bytes. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
const MAX_BYTES = 256 * 1024 * 1024;
const MAX_ENTRIES = 1_000_000;

/** A list of names of one kind. */
interface NameList {
  readonly what: string;
  /** The member of the document that has the names. */
  readonly member: string;
  readonly noun: string;
  readonly check: (name: string) => void;
}

const TAGS: NameList = {
  what: 'list of tags',
  member: 'tags',
  noun: 'tag',
  check: (name) => withTag(withName('name'), name),
};

const REPOSITORIES: NameList = {
  what: 'list of repositories',
  member: 'repositories',
  noun: 'name of a repository',
  check: checkName,
};

/**
 * Lists the tags of a repository (distribution-spec, "Listing Tags").
 *
 * @throws `REGISTRY` for malformed lists, for pages that lead in a circle or to another origin; `LIMIT_EXCEEDED` for a
 *   page of more than 16 MiB, after 10,000 pages and after as many names as the options say
 */
export function listTags(
  requester: Requester,
  url: string,
  options: ListOptions = {},
): AsyncGenerator<string> {
  return listNames(requester, url, TAGS, options);
}

/** Lists the repositories of a registry, as {@link listTags} lists tags. */
export function listRepositories(
  requester: Requester,
  url: string,
  options: ListOptions = {},
): AsyncGenerator<string> {
  return listNames(requester, url, REPOSITORIES, options);
}

/**
 * Checks the name of a repository by the grammar of references: behind a host, so that its first component is not
 * taken for one.
 *
 * @throws `INVALID_REFERENCE`
 */
export function checkName(name: string): void {
  if (withName(`registry.invalid/${name}`).path === name) return;
  throw new StowageError('INVALID_REFERENCE', 'invalid reference format');
}

async function* listNames(
  requester: Requester,
  url: string,
  list: NameList,
  options: ListOptions,
): AsyncGenerator<string> {
  const listing = {
    url,
    accept: 'application/json',
    what: list.what,
    maxPageBytes: MAX_PAGE_BYTES,
    maxBytes: MAX_BYTES,
    maxEntries: options.maxEntries ?? MAX_ENTRIES,
    parse: (answer: Answer, bytes: Bytes) => parseNames(answer, bytes, list),
    keyOf: (name: string) => name,
  };
  for await (const { entry } of listPages(requester, listing, options)) yield entry;
}

function parseNames(
  answer: Answer,
  bytes: Bytes,
  { what, member, noun, check }: NameList,
): readonly string[] {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw malformed(answer, `${what} is not JSON`);
  }
  const members = typeof document === 'object' && document !== null ? Object.entries(document) : [];
  const names: unknown = members.find(([name]) => name === member)?.[1];
  // Where there are none, some have null there, or nothing.
  if (names === undefined || names === null) return [];
  if (Array.isArray(names) && names.every((name) => isName(name, check))) return names as string[];
  throw malformed(answer, `${what} has something in it that is no ${noun}`);
}

function isName(value: unknown, check: (name: string) => void): boolean {
  if (typeof value !== 'string') return false;
  try {
    check(value);
    return true;
  } catch (error) {
    if (isStowageError(error, 'INVALID_REFERENCE')) return false;
    throw error;
  }
}
