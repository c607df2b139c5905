import { parseReference, StowageError } from '@stowage/types';
import type { RepositoryRewrite } from '@stowage/types';
import { goQuote } from './go-quote.ts';
import { validateIndexName } from './index-name.ts';
import { validateMirror } from './mirror.ts';
import { isRegistryHost } from './registry-host.ts';

/**
 * Mirrors of registries, or of parts of them: `quay.io`, `quay.io/team`. Each is an http or https URL whose path, where
 * it has one, stands in front of names in the prefix's place: with `{ 'quay.io/team': ['https://m.example/cache'] }`
 * the repository `quay.io/team/app` is `cache/app` at `m.example`. The longest prefix that fits decides.
 */
export type PrefixMirrors = Readonly<Record<string, readonly string[]>>;

/** A mirror that holds what a prefix names. */
export interface PrefixMirror {
  /** Scheme, host and port, no trailing slash. */
  readonly url: string;
  readonly rewrite: RepositoryRewrite;
}

interface Entry {
  readonly host: string;
  /** The part of the registry; empty for all of it. */
  readonly path: string;
  readonly mirrors: readonly PrefixMirror[];
}

/** Finds the mirrors that hold a repository; `undefined` for any repository, so that only whole registries count. */
export type FindMirrors = (host: string, repository: string | undefined) => readonly PrefixMirror[];

/**
 * Validates mirrors by prefix.
 *
 * @throws `INVALID_ARGUMENT` for a malformed prefix or mirror, in moby's words where it has some
 */
export function findPrefixMirrors(mirrors: PrefixMirrors): FindMirrors {
  const entries = Object.entries(mirrors).map(([prefix, urls]) => parseEntry(prefix, urls));
  return (host, repository) =>
    entries
      .filter((entry) => entry.host === host && holds(entry.path, repository))
      .reduce<Entry | undefined>((best, entry) => (isLonger(entry, best) ? entry : best), undefined)
      // A prefix that is all of the name leaves none for a mirror without a path.
      ?.mirrors.filter(({ rewrite }) => rewrite.to !== '' || rewrite.from !== repository) ?? [];
}

/**
 * The name that a repository has at an endpoint.
 *
 * @param name its name within the registry
 */
export function rewriteName(name: string, rewrite: RepositoryRewrite | undefined): string {
  if (rewrite === undefined || !holds(rewrite.from, name)) return name;
  const rest = rewrite.from === '' ? `/${name}` : name.slice(rewrite.from.length);
  return rewrite.to === '' ? rest.slice(1) : `${rewrite.to}${rest}`;
}

/** Whether a part of a registry holds a repository. Names are compared by whole components. */
function holds(path: string, repository: string | undefined): boolean {
  return path === '' || repository === path || repository?.startsWith(`${path}/`) === true;
}

function isLonger(entry: Entry, best: Entry | undefined): boolean {
  return best === undefined || entry.path.length > best.path.length;
}

function parseEntry(prefix: string, urls: readonly string[]): Entry {
  const slash = prefix.indexOf('/');
  const host = validateIndexName(slash < 0 ? prefix : prefix.slice(0, slash));
  const path = slash < 0 ? '' : prefix.slice(slash + 1);
  if (!isRegistryHost(host) || (slash >= 0 && !isPath(path))) {
    throw new StowageError('INVALID_ARGUMENT', `invalid mirror prefix: ${goQuote(prefix)}`);
  }
  const parsed = urls.map((url) => parseMirror(url, path));
  // Each once, as among docker's mirrors.
  return { host, path, mirrors: [...new Map(parsed.map((mirror) => [keyOf(mirror), mirror])).values()] };
}

function parseMirror(text: string, from: string): PrefixMirror {
  const slash = text.indexOf('/', text.indexOf('//') + 2);
  const origin = slash < 0 ? text : text.slice(0, slash);
  const to = slash < 0 ? '' : text.slice(slash + 1).replace(/\/$/, '');
  const url = validateMirror(to === '' ? text : origin).slice(0, -1);
  if (to === '' || isPath(to)) return { url, rewrite: { from, to } };
  throw new StowageError('INVALID_ARGUMENT', `invalid mirror: ${goQuote(text)} is not a valid URI`);
}

function keyOf({ url, rewrite }: PrefixMirror): string {
  return `${url}/${rewrite.to}`;
}

function isPath(path: string): boolean {
  try {
    return parseReference(`registry.invalid/${path}`).path === path;
  } catch {
    return false;
  }
}
