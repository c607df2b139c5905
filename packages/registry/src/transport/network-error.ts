import { isStowageError, RegistryError, redactUrl } from '@stowage/types';
import type { Answer } from './answer.ts';

const CERTIFICATE_CODES =
  /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|HOSTNAME_MISMATCH|INVALID_(?:CA|PURPOSE)/;
const CERTIFICATE_WORDS = /peer certificate|certificate verify failed/i;
const HTTP_CODES = /ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG/;
const PROTOCOL_CODES = /ERR_SSL|EPROTO/;
const RESET_CODES =
  /ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EAI_AGAIN|UND_ERR_SOCKET|HPE_|ERR_HTTP2_(?:STREAM|SESSION)|ConnectionClosed/;
const RESET_WORDS =
  /connection (?:was )?(?:reset|closed)|broken pipe|unexpected EOF|content.length.mismatch/i;

/**
 * What becomes of a request that got no answer, or whose answer broke off: an abort is the caller's own reason, our own
 * errors pass, everything else is `UNAVAILABLE`. Its `reason` is `certificate` (never worth another try), `protocol`
 * (neither), `reset` (the connection broke: worth one at once) or absent.
 */
export function networkError(
  cause: unknown,
  request: {
    readonly method: string;
    readonly url: string;
    /** The status of the answer, where it had begun. */
    readonly status?: number | undefined;
    readonly signal?: AbortSignal | undefined;
    /** What else is known of why, in a sentence. */
    readonly explanation?: string | undefined;
  },
): unknown {
  if (request.signal?.aborted === true) return request.signal.reason;
  if (isStowageError(cause)) return cause;
  const chain = causesOf(cause);
  const codes = chain.map(codeOf).join(' ');
  const reason = reasonOf(codes, chain.map(messageOf).join(' '));
  const deepest = messageOf(chain.findLast((error) => messageOf(error) !== ''));
  // OpenSSL's own words for this help nobody; these are Go's.
  const known = HTTP_CODES.test(codes) ? 'http: server gave HTTP response to HTTPS client' : deepest;
  const words = [known || 'no connection', request.explanation].filter(Boolean).join(': ');
  return new RegistryError('UNAVAILABLE', requestMessage(request, words), {
    method: request.method,
    url: request.url,
    status: request.status,
    cause,
    reason,
    retryable: reason !== 'certificate' && reason !== 'protocol',
  });
}

/** A message in the words of Go's HTTP client: `Get "https://host/v2/": cause`. */
export function requestMessage(
  { method, url }: { readonly method: string; readonly url: string },
  cause: string,
): string {
  return `${method.slice(0, 1)}${method.slice(1).toLowerCase()} "${redactUrl(url)}": ${cause}`;
}

/** The error for an answer that ended before its announced end. */
export function truncated(answer: Answer): RegistryError {
  const { method, url, response } = answer;
  return new RegistryError('UNAVAILABLE', requestMessage(answer, 'unexpected EOF'), {
    method,
    url,
    status: response.status,
    reason: 'reset',
    retryable: true,
  });
}

/** Runtimes tell with codes where they have them (Node, Bun) and with words where not (Deno). */
function reasonOf(codes: string, words: string): string | undefined {
  if (CERTIFICATE_CODES.test(codes) || CERTIFICATE_WORDS.test(words)) return 'certificate';
  if (PROTOCOL_CODES.test(codes)) return 'protocol';
  return RESET_CODES.test(codes) || RESET_WORDS.test(words) ? 'reset' : undefined;
}

/** An error and what caused it, outermost first; of several causes at once, the first. */
function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let at = error; at !== undefined && at !== null && chain.length < 8; at = causeOf(at)) chain.push(at);
  return chain;
}

function causeOf(error: unknown): unknown {
  if (error instanceof AggregateError) return error.errors[0];
  return error instanceof Error ? error.cause : undefined;
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : '';
}
