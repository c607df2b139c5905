/** What stands in for a URL that cannot be taken apart. */
const UNPARSABLE = '(unparsable URL)';

/**
 * A URL that is safe to print: user, password, query and fragment removed. Presigned URLs carry their secret in
 * the query. A string that is no URL is answered with `'(unparsable URL)'`.
 *
 * @param url an absolute URL
 *
 * @example
 * ```ts
 * import { redactUrl } from '@stowage/types';
 *
 * console.log(redactUrl('https://a:b@host.example/x?sig=1')); // https://host.example/x
 * ```
 */
export function redactUrl(url: string): string {
  if (!URL.canParse(url)) return UNPARSABLE;
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}

/** Whether a text has anything that could be hidden; most messages have not. */
const SUSPECT = /[?#]|[\\/]{2}|\b(?:https?|wss?|ftp):/i;
/** What lies between blanks and the marks that messages put around URLs. */
const WORD = /[^\s"<>`]+/g;
/** Where the part of a URL begins that may hold a user and a password, as URL parsers see it (WHATWG URL, 4.4). */
const AUTHORITY = /[\\/]{2,}|\b(?:https?|wss?|ftp):[\\/]*/gi;
const END_OF_AUTHORITY = /[\\/?#]/;
const QUERY = /[?#]/;
/** What makes the end of a word look like a query, where no URL stands before it. */
const SECRETIVE = /[=@]|[\\/]{2}/;
const SCHEME_CHARACTER = /[A-Za-z0-9+.-]/;
/** How an image reference goes on whose name is that of a scheme: `http:latest@sha256:...`. */
const IMAGE = /[^@\\/?#]{0,128}@sha\d{3}:[0-9a-f]/y;
const PUNCTUATION = ".,:;!)]}'";

/**
 * A text without the secrets of the URLs in it: user, password, query and fragment are cut out, with or without a
 * scheme, and the query of a relative URL too. A URL that could hide a password where no parser looks for one becomes
 * `'(unparsable URL)'`. A text with nothing to hide is answered as it is. Takes time in proportion to the text.
 *
 * @param text a message, possibly with URLs
 *
 * @example
 * ```ts
 * import { redactText } from '@stowage/types';
 *
 * console.log(redactText('Get "https://a:b@host.example/x?sig=1": EOF')); // Get "https://host.example/x": EOF
 * ```
 */
export function redactText(text: string): string {
  return SUSPECT.test(text) ? text.replace(WORD, redactWord) : text;
}

function redactWord(word: string): string {
  const cut = word.search(QUERY);
  const head = cut < 0 ? word : word.slice(0, cut);
  const starts = [...head.matchAll(AUTHORITY)]
    .map(({ 0: mark, index }) => ({ index, end: index + mark.length }))
    .filter(({ end }) => !isImage(word, end));
  const [first] = starts;
  if (first === undefined) {
    const hasQuery = cut >= 0 && SECRETIVE.test(word.slice(cut));
    return hasQuery ? head + punctuationOf(word, cut) : word;
  }
  const begin = startOfScheme(word, first.index);
  if (mayMislead(word, begin, first.end)) {
    return word.slice(0, begin) + UNPARSABLE + punctuationOf(word, first.end);
  }
  return withoutUsers(head, starts) + (cut < 0 ? '' : punctuationOf(word, cut));
}

function isImage(word: string, end: number): boolean {
  IMAGE.lastIndex = end;
  return word[end - 1] === ':' && IMAGE.test(word);
}

/** Cuts the user and the password out of every authority; there are several where one URL stands in another's path. */
function withoutUsers(text: string, starts: readonly { readonly end: number }[]): string {
  let result = '';
  let from = 0;
  let stop = 0;
  for (const { end } of starts) {
    // What looks like a scheme within an authority is part of the user or the password.
    if (end < stop) continue;
    stop = endOfAuthority(text, end);
    const at = text.slice(end, stop).lastIndexOf('@');
    if (at < 0) continue;
    result += text.slice(from, end);
    from = end + at + 1;
  }
  return result + text.slice(from);
}

function endOfAuthority(text: string, begin: number): number {
  const length = text.slice(begin).search(END_OF_AUTHORITY);
  return length < 0 ? text.length : begin + length;
}

/**
 * Whether a password may stand where it would not be cut: written with a `/`, `?` or `#`, so that what follows `@` is no
 * host to a parser and what stands before it is.
 */
function mayMislead(word: string, begin: number, authority: number): boolean {
  const at = word.indexOf('@', authority);
  if (at < 0) return false;
  const stop = endOfAuthority(word, authority);
  if (QUERY.test(word.charAt(stop)) && at > stop) return true;
  // A backslash ends the authority for some schemes and not for others.
  if (word[stop] === '\\' && word.lastIndexOf('@') > stop) return true;
  const url = word.slice(begin);
  return !isUrl(url) && !isUrl(url.slice(0, url.length - punctuationOf(url, 0).length));
}

function isUrl(text: string): boolean {
  return URL.canParse(/^[\\/]/.test(text) ? `https:${text}` : text);
}

/** Where the scheme before `//` begins; at the mark itself where there is none. */
function startOfScheme(word: string, index: number): number {
  if (word[index] !== '/' && word[index] !== '\\') return index;
  if (word[index - 1] !== ':') return index;
  let start = index - 1;
  while (start > 0 && SCHEME_CHARACTER.test(word.charAt(start - 1))) start -= 1;
  return start;
}

/** The punctuation that a sentence puts after a URL, no more than what follows `from`. */
function punctuationOf(word: string, from: number): string {
  let start = word.length;
  while (start > from && PUNCTUATION.includes(word.charAt(start - 1))) start -= 1;
  return word.slice(start);
}
