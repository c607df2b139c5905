import { StowageError } from '@stowage/types';
import { goQuote } from './go-quote.ts';

/** What Go's URL parser refuses and ours would bend into shape: spaces, controls, backslashes, broken escapes. */
const NO_URI = /[\s\\\p{Cc}]|%(?![0-9a-fA-F]{2})/u;
const SCHEME = /^([a-zA-Z][a-zA-Z0-9+.-]*):/;

/**
 * Checks the address of a mirror of Docker Hub by moby's rules and brings it into its normal form.
 *
 * @param mirror an http or https URL with host and port and nothing else
 * @returns the URL with exactly one slash at its end
 * @throws `INVALID_ARGUMENT`, in moby's words
 *
 * @example
 * ```ts
 * import { validateMirror } from '@stowage/registry';
 *
 * console.log(validateMirror('https://mirror.example:5000')); // https://mirror.example:5000/
 * ```
 */
export function validateMirror(mirror: string): string {
  const scheme = SCHEME.exec(mirror)?.[1]?.toLowerCase() ?? '';
  const colonInFirstSegment = /^[^/?#]*:/.test(mirror);
  if (NO_URI.test(mirror) || (scheme === '' && colonInFirstSegment)) throw notUri(mirror);
  if (scheme !== 'http' && scheme !== 'https') {
    throw invalid(`invalid mirror: unsupported scheme ${goQuote(scheme)} in ${goQuote(mirror)}`);
  }
  const parts = /^[a-z]+:\/\/([^/?#]+)([^#]*)#?(.*)$/i.exec(mirror);
  if (parts === null || !URL.canParse(mirror)) throw notUri(mirror);
  const [, authority = '', pathAndQuery = '', fragment = ''] = parts;
  if (!/^\/?$/.test(pathAndQuery) || fragment !== '') {
    throw invalid(`invalid mirror: path, query, or fragment at end of the URI ${goQuote(mirror)}`);
  }
  const at = authority.lastIndexOf('@');
  if (at >= 0) {
    const user = authority.slice(0, at).split(':')[0] ?? '';
    const shown = `${scheme}://${user}:xxxxx@${authority.slice(at + 1)}${pathAndQuery}`;
    throw invalid(`invalid mirror: username/password not allowed in URI ${goQuote(shown)}`);
  }
  return `${scheme}://${authority}/`;
}

function notUri(mirror: string): StowageError {
  return invalid(`invalid mirror: ${goQuote(mirror)} is not a valid URI`);
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
