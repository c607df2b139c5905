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
  const masked = maskPassword(authority);
  if (!/^\/?$/.test(pathAndQuery) || fragment !== '') {
    throw shown(
      'invalid mirror: path, query, or fragment at end of the URI',
      mirror.replace(authority, () => masked),
    );
  }
  if (authority.includes('@')) {
    throw shown(
      'invalid mirror: username/password not allowed in URI',
      `${scheme}://${masked}${pathAndQuery}`,
    );
  }
  return `${scheme}://${authority}/`;
}

/** Puts `xxxxx` where the password of an authority stands, or would. */
function maskPassword(authority: string): string {
  const at = authority.lastIndexOf('@');
  if (at < 0) return authority;
  const user = authority.slice(0, at).split(':')[0] ?? '';
  return `${user}:xxxxx${authority.slice(at)}`;
}

/** Shows the mirror as moby does: what is wrong with it is what would otherwise be cut out. */
function shown(message: string, mirror: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', `${message} ${goQuote(mirror)}`, { verbatim: true });
}

function notUri(mirror: string): StowageError {
  return invalid(`invalid mirror: ${goQuote(mirror)} is not a valid URI`);
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
