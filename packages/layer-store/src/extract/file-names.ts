import { encodeTarText } from '@stowage/core';
import { StowageError } from '@stowage/types';

/** A path as the calls of `node:fs` take it: bytes where it is not UTF-8. */
export type DiskPath = string | Buffer;

/** With this flag only halves of a surrogate pair: the bytes of a name that are not UTF-8. */
const NOT_UTF8 = /[\ud800-\udfff]/u;
/** What Windows reads as something else than the name of a file: "Naming Files, Paths, and Namespaces". */
const WINDOWS_CHARACTERS = /(?![\u007f-\u009f])\p{Cc}|[<>:"|?*\\]|[. ]$/u;
const WINDOWS_DEVICES = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?:[. ]|$)/i;

/** The bytes of a name, counted. */
export function byteLength(name: string): number {
  return NOT_UTF8.test(name) ? encodeTarText(name).length : Buffer.byteLength(name);
}

/** Text of an archive, a path or the target of a link, behind a prefix, for the calls of `node:fs`. */
export function diskPath(prefix: string, text: string): DiskPath {
  return NOT_UTF8.test(text) ? Buffer.concat([Buffer.from(prefix), encodeTarText(text)]) : prefix + text;
}

/** What the names of files can be where they are made. */
export interface NameRules {
  /** Whether the rules of Windows hold. */
  readonly windows: boolean;
  /** Whether names that are not UTF-8 can be made. Deno puts other characters in their place. */
  readonly anyBytes: boolean;
}

/** The rules of this system and this runtime. */
export function hostNameRules(): NameRules {
  const windows = process.platform === 'win32';
  return { windows, anyBytes: !windows && !('Deno' in globalThis) };
}

/**
 * Refuses names that a file system would take for something else than one name.
 *
 * @throws `INVALID_ARCHIVE`; `UNSUPPORTED` for bytes that cannot be a name here
 */
export function checkFileName(name: string, path: string, rules: NameRules): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    throw new StowageError('INVALID_ARCHIVE', `not the name of a file: ${JSON.stringify(path)}`);
  }
  if (rules.windows && (WINDOWS_CHARACTERS.test(name) || WINDOWS_DEVICES.test(name))) {
    throw new StowageError('INVALID_ARCHIVE', `not the name of a file on Windows: ${JSON.stringify(path)}`);
  }
  checkBytes(name, path, rules);
}

/** `UNSUPPORTED` for a name, or the target of a link, that is not UTF-8 where these cannot be made. */
export function checkBytes(text: string, path: string, { anyBytes }: NameRules): void {
  if (anyBytes || !NOT_UTF8.test(text)) return;
  throw new StowageError(
    'UNSUPPORTED',
    `names that are not UTF-8 cannot be made here: ${JSON.stringify(path)}`,
  );
}
