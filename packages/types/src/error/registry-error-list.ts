import { redactText } from './redact.ts';
import { isKnownCode, registryErrorCodeInfo } from './registry-error-codes.ts';
import type { RegistryErrorDetail } from './registry-error.ts';

/** The code of an answer in the older form, by its status. */
const LEGACY_CODES: Readonly<Record<number, string>> = {
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  429: 'TOOMANYREQUESTS',
};

/**
 * Reads the error list of a registry's answer: `{"errors":[...]}`, or the older `{"details":"..."}`, whose code follows
 * from the status. As in moby, an item that is no object, or has a code or message that is no string, makes the whole
 * list unreadable.
 *
 * @param value the body, parsed as JSON
 * @param status the HTTP status of the answer
 * @returns the items as they came, codes that are not known included; empty where there are none that can be read
 *
 * @example
 * ```ts
 * import { parseRegistryErrors } from '@stowage/types';
 *
 * console.log(parseRegistryErrors({ details: 'wrong password' }, 401)[0]?.code); // UNAUTHORIZED
 * ```
 */
export function parseRegistryErrors(value: unknown, status: number): readonly RegistryErrorDetail[] {
  if (!isObject(value)) return [];
  const { details, errors } = value;
  if (typeof details === 'string' && details !== '') {
    return [{ code: LEGACY_CODES[status] ?? 'UNKNOWN', message: details }];
  }
  const items = Array.isArray(errors) ? errors.map(detailOf) : [];
  return items.every((item) => item !== undefined) ? items : [];
}

/**
 * Whether an item says no more than its code: it has no detail, and no message or the standard one. Moby takes such an
 * item for a bare code, and its decisions (another endpoint, another try, other words) look at full errors only.
 *
 * @param item one item of a registry's list
 *
 * @example
 * ```ts
 * import { isBareRegistryError } from '@stowage/types';
 *
 * console.log(isBareRegistryError({ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' })); // true
 * ```
 */
export function isBareRegistryError({ code, message, detail }: RegistryErrorDetail): boolean {
  const plain = message === '' || message === registryErrorCodeInfo(code).message;
  return plain && (detail === undefined || detail === null);
}

/**
 * The item that moby decides by: the first, unless it is bare. Its code may then be looked up in `FALLBACK_CODES` and
 * `NO_RETRY_CODES`.
 *
 * @param errors a registry's list
 * @returns `undefined` for an empty list and for one that begins with a bare code
 *
 * @example
 * ```ts
 * import { firstFullError } from '@stowage/types';
 *
 * console.log(firstFullError([{ code: 'DENIED', message: 'not you' }])?.code); // DENIED
 * ```
 */
export function firstFullError(errors: readonly RegistryErrorDetail[]): RegistryErrorDetail | undefined {
  const [first] = errors;
  return first === undefined || isBareRegistryError(first) ? undefined : first;
}

/**
 * A registry's error list as moby prints it: `<nil>` where it is empty, `manifest unknown: no such tag` for one item,
 * and one line for each of several below `errors:`. A bare item prints as its code, an unknown code as `unknown`.
 * Control characters become U+FFFD, and URLs lose their secrets.
 *
 * @param errors a registry's list
 *
 * @example
 * ```ts
 * import { formatRegistryErrors } from '@stowage/types';
 *
 * console.log(formatRegistryErrors([{ code: 'NAME_UNKNOWN', message: 'no such name' }])); // name unknown: no such name
 * ```
 */
export function formatRegistryErrors(errors: readonly RegistryErrorDetail[]): string {
  const [first = '<nil>', ...more] = errors.map(formatItem);
  return more.length === 0 ? first : `errors:\n${[first, ...more].map((line) => `${line}\n`).join('')}`;
}

function formatItem(item: RegistryErrorDetail): string {
  const code = isKnownCode(item.code) ? item.code : 'UNKNOWN';
  const words = code.toLowerCase().replaceAll('_', ' ');
  return isBareRegistryError(item) ? words : `${words}: ${printable(redactText(item.message))}`;
}

function detailOf(item: unknown): RegistryErrorDetail | undefined {
  if (!isObject(item ?? {})) return undefined;
  const { code, message, detail } = (item ?? {}) as Readonly<Record<string, unknown>>;
  if (!isText(code) || !isText(message)) return undefined;
  return {
    code: code == null || code === '' ? 'UNKNOWN' : code,
    message: message ?? '',
    ...(detail === undefined || detail === null ? {} : { detail }),
  };
}

/** Control characters do not belong into a terminal, whoever sends them. */
function printable(message: string): string {
  return message.replace(/[^\P{Cc}\n\t]/gu, '\uFFFD');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string | null | undefined {
  return typeof value === 'string' || value === null || value === undefined;
}
