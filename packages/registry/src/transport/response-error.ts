import {
  errorCodeOfResponse,
  formatRegistryErrors,
  parseRegistryErrors,
  RegistryError,
  registryErrorCodeInfo,
} from '@stowage/types';
import type { RegistryErrorDetail } from '@stowage/types';
import { discard, readPrefix } from './body.ts';
import { parseChallenges } from '../header/challenge.ts';
import { goQuote } from '../address/go-quote.ts';
import { isRetryableStatus } from './retry.ts';
import type { Answer } from './answer.ts';
import type { WireResponse } from '../platform/wire-fetch.ts';

/** The most bytes of an error's body that are read. */
const MAX_ERROR_BODY = 64 * 1024;
/** The most characters of an unreadable body that are shown. */
const MAX_SHOWN = 512;

const STATUS_TEXT: Readonly<Record<number, string>> = {
  408: 'Request Timeout',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/**
 * Makes an error of an answer that is no success: reads its body, 64 KiB at most, and words it as moby does.
 *
 * @param reason a finer reason, where the caller knows one
 */
export async function responseError(
  answer: Answer,
  {
    signal,
    reason,
  }: { readonly signal?: AbortSignal | undefined; readonly reason?: string | undefined } = {},
): Promise<RegistryError> {
  const { method, url, response } = answer;
  const { status } = response;
  const bytes = await readPrefix(answer, { maxBytes: MAX_ERROR_BODY, signal }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    // The answer itself is known; that its body broke off adds nothing.
    return new Uint8Array();
  });
  const text = new TextDecoder().decode(bytes);
  const listed = parseErrors(text, status);
  const errors = [...(status === 401 ? tokenErrors(response) : []), ...listed.errors];
  return new RegistryError(
    errorCodeOfResponse(status, errors),
    messageOf(response, errors, listed.fault, text) + hiddenChallenge(response),
    {
      method,
      url,
      status,
      errors,
      reason,
      retryable: isRetryableStatus(status),
    },
  );
}

/**
 * The error for a 404 in answer to HEAD, which has no body to tell more: that nothing is there is the usual outcome of
 * asking whether it is, and not worth another request.
 *
 * @param code what of the registry's codes fits what was asked for
 */
export async function absence(
  answer: Answer,
  code: 'BLOB_UNKNOWN' | 'MANIFEST_UNKNOWN',
  signal: AbortSignal | undefined,
): Promise<RegistryError> {
  await discard(answer, signal);
  const { method, url, response } = answer;
  const errors = [{ code, message: registryErrorCodeInfo(code).message }];
  const { status } = response;
  return new RegistryError('NOT_FOUND', formatRegistryErrors(errors), { method, url, status, errors });
}

/** Whether a registry itself says that there is no such thing, not an object store that it leads to. */
export function isAbsent({ response, crossed }: Answer): boolean {
  return response.status === 404 && !crossed;
}

/** The same failure in words of our own, which say what it means here. */
export function explainedError(
  cause: RegistryError,
  { code, message, errors }: Pick<RegistryError, 'code' | 'message'> & Partial<Pick<RegistryError, 'errors'>>,
): RegistryError {
  const { method, url, status } = cause;
  return new RegistryError(code, message, { method, url, status, errors: errors ?? cause.errors, cause });
}

function messageOf(
  response: WireResponse,
  errors: readonly RegistryErrorDetail[],
  fault: string,
  text: string,
): string {
  const { status } = response;
  if (status < 400 || status >= 500) {
    const words = response.statusText || (STATUS_TEXT[status] ?? '');
    return `received unexpected HTTP status: ${`${String(status)} ${words}`.trim()}`;
  }
  if (errors.length > 0) return formatRegistryErrors(errors);
  if (status === 401) return 'unauthorized: authentication required';
  return `error parsing HTTP ${status} response body: ${fault}: ${goQuote(text.slice(0, MAX_SHOWN))}`;
}

/** A page that sees no challenge cannot tell whether there is none, or the registry keeps it from pages. */
function hiddenChallenge({ status, type, headers }: WireResponse): string {
  if (status !== 401 || type !== 'cors' || headers.get('www-authenticate') !== null) return '';
  return ' (a page sees how to log in only where the registry sends Access-Control-Expose-Headers: WWW-Authenticate)';
}

/** What a bearer challenge says of the token that was sent (RFC 6750, section 3.1). */
function tokenErrors(response: WireResponse): RegistryErrorDetail[] {
  const errors: RegistryErrorDetail[] = [];
  const header = response.headers.get('www-authenticate');
  for (const { scheme, parameters } of parseChallenges(header === null ? [] : [header])) {
    const code = TOKEN_ERRORS[parameters.get('error') ?? ''];
    if (scheme !== 'bearer' || code === undefined) continue;
    errors.push({
      code,
      message: parameters.get('error_description') ?? registryErrorCodeInfo(code).message,
    });
  }
  return errors;
}

const TOKEN_ERRORS: Readonly<Record<string, string>> = {
  invalid_token: 'UNAUTHORIZED',
  insufficient_scope: 'DENIED',
};

/** Reads the error list of a body; `fault` says what is wrong with one that has none. */
function parseErrors(
  text: string,
  status: number,
): { readonly errors: readonly RegistryErrorDetail[]; readonly fault: string } {
  if (text.trim() === '') return { errors: [], fault: 'unexpected end of JSON input' };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { errors: [], fault: 'no JSON' };
  }
  return {
    errors: parseRegistryErrors(body, status),
    fault: 'no error details found in HTTP response body',
  };
}
