import { encodeTarText } from '@stowage/core';
import { StowageError } from '@stowage/types';

/** A path as the calls of `node:fs` take it: bytes where it is not UTF-8. */
export type DiskPath = string | Buffer;

/** With this flag only halves of a surrogate pair: the bytes of a name that are not UTF-8. */
const NOT_UTF8 = /[\ud800-\udfff]/u;
/** What Windows reads as something else than the name of a file: "Naming Files, Paths, and Namespaces". */
// eslint-disable-next-line no-control-regex -- control characters are forbidden there
const WINDOWS_CHARACTERS = /[\u0000-\u001f<>:"|?*\\]|[. ]$/;
const WINDOWS_DEVICES = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?:[. ]|$)/i;

/** The bytes of a name, counted. */
export function byteLength(name: string): number {
  return NOT_UTF8.test(name) ? encodeTarText(name).length : Buffer.byteLength(name);
}

/** Text of an archive, a path or the target of a link, behind a prefix, for the calls of `node:fs`. */
export function diskPath(prefix: string, text: string): DiskPath {
  return NOT_UTF8.test(text) ? Buffer.concat([Buffer.from(prefix), encodeTarText(text)]) : prefix + text;
}

/**
 * Refuses names that a file system would take for something else than one name.
 *
 * @param windows whether the rules of Windows hold too
 * @throws `INVALID_ARCHIVE`
 */
export function checkFileName(name: string, path: string, windows: boolean): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    throw new StowageError('INVALID_ARCHIVE', `not the name of a file: ${JSON.stringify(path)}`);
  }
  if (windows && (WINDOWS_CHARACTERS.test(name) || WINDOWS_DEVICES.test(name) || NOT_UTF8.test(name))) {
    throw new StowageError('INVALID_ARCHIVE', `not the name of a file on Windows: ${JSON.stringify(path)}`);
  }
}
