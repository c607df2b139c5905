import { RegistryError } from '@stowage/types';
import type { RegistryErrorDetail } from '@stowage/types';
import { readPrefix } from './body.ts';
import { parseChallenges } from './challenge.ts';
import { errorCodeOf, errorListMessage, standardMessage } from './error-codes.ts';
import { goQuote } from './go-quote.ts';
import { isRetryableStatus } from './retry.ts';
import type { Answer } from './answer.ts';

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
  return new RegistryError(errorCodeOf(status, errors), messageOf(response, errors, listed.fault, text), {
    method,
    url,
    status,
    errors,
    reason,
    retryable: isRetryableStatus(status),
  });
}

function messageOf(
  response: Response,
  errors: readonly RegistryErrorDetail[],
  fault: string,
  text: string,
): string {
  const { status } = response;
  if (status < 400 || status >= 500) {
    const words = response.statusText || (STATUS_TEXT[status] ?? '');
    return `received unexpected HTTP status: ${`${String(status)} ${words}`.trim()}`;
  }
  if (errors.length > 0) return errorListMessage(errors);
  if (status === 401) return 'unauthorized: authentication required';
  return `error parsing HTTP ${status} response body: ${fault}: ${goQuote(text.slice(0, MAX_SHOWN))}`;
}

/** What a bearer challenge says of the token that was sent (RFC 6750, section 3.1). */
function tokenErrors(response: Response): RegistryErrorDetail[] {
  const errors: RegistryErrorDetail[] = [];
  const header = response.headers.get('www-authenticate');
  for (const { scheme, parameters } of parseChallenges(header === null ? [] : [header])) {
    const code = TOKEN_ERRORS[parameters.get('error') ?? ''];
    if (scheme !== 'bearer' || code === undefined) continue;
    errors.push({ code, message: parameters.get('error_description') ?? standardMessage(code) });
  }
  return errors;
}

const TOKEN_ERRORS: Readonly<Record<string, string>> = {
  invalid_token: 'UNAUTHORIZED',
  insufficient_scope: 'DENIED',
};
const LEGACY_CODES: Readonly<Record<number, string>> = {
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  429: 'TOOMANYREQUESTS',
};

/** Reads `{"errors":[...]}` or the older `{"details":"..."}`. */
function parseErrors(text: string, status: number): { errors: RegistryErrorDetail[]; fault: string } {
  if (text.trim() === '') return { errors: [], fault: 'unexpected end of JSON input' };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { errors: [], fault: 'no JSON' };
  }
  const { details, errors } = isObject(body) ? body : {};
  if (typeof details === 'string' && details !== '') {
    return { errors: [{ code: LEGACY_CODES[status] ?? 'UNKNOWN', message: details }], fault: '' };
  }
  const list = Array.isArray(errors) ? errors.filter(isObject).map(detailOf) : [];
  return { errors: list, fault: 'no error details found in HTTP response body' };
}

function detailOf(item: Readonly<Record<string, unknown>>): RegistryErrorDetail {
  const { code, message, detail } = item;
  return {
    code: typeof code === 'string' && code !== '' ? code : 'UNKNOWN',
    message: typeof message === 'string' ? message : '',
    ...(detail === undefined || detail === null ? {} : { detail }),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
