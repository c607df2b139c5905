import type { ErrorCode, RegistryErrorDetail } from '@stowage/types';

interface KnownCode {
  readonly message: string;
  readonly code?: ErrorCode;
}

/** The registry's codes (distribution-spec, "Error Codes", and docker's own), their standard words, and ours. */
const CODES: Readonly<Record<string, KnownCode>> = {
  UNKNOWN: { message: 'unknown error' },
  UNSUPPORTED: { message: 'The operation is unsupported.', code: 'UNSUPPORTED' },
  UNAUTHORIZED: { message: 'authentication required', code: 'UNAUTHENTICATED' },
  DENIED: { message: 'requested access to the resource is denied', code: 'DENIED' },
  UNAVAILABLE: { message: 'service unavailable', code: 'UNAVAILABLE' },
  TOOMANYREQUESTS: { message: 'too many requests', code: 'RATE_LIMITED' },
  DIGEST_INVALID: { message: 'provided digest did not match uploaded content' },
  SIZE_INVALID: { message: 'provided length did not match content length' },
  NAME_INVALID: { message: 'invalid repository name' },
  TAG_INVALID: { message: 'manifest tag did not match URI' },
  NAME_UNKNOWN: { message: 'repository name not known to registry', code: 'NOT_FOUND' },
  MANIFEST_UNKNOWN: { message: 'manifest unknown', code: 'NOT_FOUND' },
  MANIFEST_INVALID: { message: 'manifest invalid' },
  MANIFEST_UNVERIFIED: { message: 'manifest failed signature verification' },
  MANIFEST_BLOB_UNKNOWN: { message: 'blob unknown to registry', code: 'NOT_FOUND' },
  BLOB_UNKNOWN: { message: 'blob unknown to registry', code: 'NOT_FOUND' },
  BLOB_UPLOAD_UNKNOWN: { message: 'blob upload unknown to registry', code: 'NOT_FOUND' },
  BLOB_UPLOAD_INVALID: { message: 'blob upload invalid' },
};

const STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'DENIED',
  404: 'NOT_FOUND',
  405: 'UNSUPPORTED',
  408: 'TIMEOUT',
  429: 'RATE_LIMITED',
};

/** The standard message of a registry's code; empty for a code that is not known. */
export function standardMessage(code: string): string {
  return Object.hasOwn(CODES, code) ? (CODES[code]?.message ?? '') : '';
}

/** Our code for a registry's answer: what its first error says, unless the status says that another try may help. */
export function errorCodeOf(status: number, errors: readonly RegistryErrorDetail[]): ErrorCode {
  if (status >= 500) return 'UNAVAILABLE';
  if (status === 429) return 'RATE_LIMITED';
  const first = errors[0]?.code ?? '';
  const known = Object.hasOwn(CODES, first) ? CODES[first]?.code : undefined;
  return known ?? STATUS_CODES[status] ?? 'REGISTRY';
}

/**
 * A registry's error list as moby prints it: `manifest unknown: manifest unknown`. An item that adds nothing to its
 * code prints as the code alone; a code that is not known prints as `unknown`.
 */
export function errorListMessage(errors: readonly RegistryErrorDetail[]): string {
  const lines = errors.map(detailMessage);
  return lines.length === 1 ? (lines[0] ?? '') : `errors:\n${lines.map((line) => `${line}\n`).join('')}`;
}

function detailMessage({ code, message, detail }: RegistryErrorDetail): string {
  const known = Object.hasOwn(CODES, code) ? code : 'UNKNOWN';
  const words = known.toLowerCase().replaceAll('_', ' ');
  const bare = detail === undefined && (message === '' || message === standardMessage(known));
  return bare ? words : `${words}: ${printable(message)}`;
}

/** Control characters do not belong into a terminal, whoever sends them. */
function printable(message: string): string {
  return message.replace(/[^\P{Cc}\n\t]/gu, '\uFFFD');
}
