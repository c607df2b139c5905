import type { ErrorCode } from './errors.ts';
import type { RegistryErrorDetail } from './registry-error.ts';

/** What is known of a registry's error code. */
export interface RegistryErrorCodeInfo {
  /** The standard message. An item with this message and no detail says no more than its code. */
  readonly message: string;
  /** The HTTP status that a registry sends it with. */
  readonly status: number;
  /** Our code for it; `REGISTRY` where the registry's own says more than ours could. */
  readonly code: ErrorCode;
}

/**
 * The error codes of the distribution specification and of docker's registry, with what each stands for.
 *
 * @example
 * ```ts
 * import { REGISTRY_ERROR_CODES } from '@stowage/types';
 *
 * console.log(REGISTRY_ERROR_CODES['NAME_UNKNOWN']?.message); // repository name not known to registry
 * ```
 */
export const REGISTRY_ERROR_CODES: Readonly<Record<string, RegistryErrorCodeInfo>> = {
  UNKNOWN: { message: 'unknown error', status: 500, code: 'REGISTRY' },
  UNSUPPORTED: { message: 'The operation is unsupported.', status: 405, code: 'UNSUPPORTED' },
  UNAUTHORIZED: { message: 'authentication required', status: 401, code: 'UNAUTHENTICATED' },
  DENIED: { message: 'requested access to the resource is denied', status: 403, code: 'DENIED' },
  UNAVAILABLE: { message: 'service unavailable', status: 503, code: 'UNAVAILABLE' },
  TOOMANYREQUESTS: { message: 'too many requests', status: 429, code: 'RATE_LIMITED' },
  DIGEST_INVALID: {
    message: 'provided digest did not match uploaded content',
    status: 400,
    code: 'REGISTRY',
  },
  SIZE_INVALID: { message: 'provided length did not match content length', status: 400, code: 'REGISTRY' },
  NAME_INVALID: { message: 'invalid repository name', status: 400, code: 'REGISTRY' },
  TAG_INVALID: { message: 'manifest tag did not match URI', status: 400, code: 'REGISTRY' },
  NAME_UNKNOWN: { message: 'repository name not known to registry', status: 404, code: 'NOT_FOUND' },
  MANIFEST_UNKNOWN: { message: 'manifest unknown', status: 404, code: 'NOT_FOUND' },
  MANIFEST_INVALID: { message: 'manifest invalid', status: 400, code: 'REGISTRY' },
  MANIFEST_UNVERIFIED: { message: 'manifest failed signature verification', status: 400, code: 'REGISTRY' },
  MANIFEST_BLOB_UNKNOWN: { message: 'blob unknown to registry', status: 400, code: 'NOT_FOUND' },
  BLOB_UNKNOWN: { message: 'blob unknown to registry', status: 404, code: 'NOT_FOUND' },
  BLOB_UPLOAD_UNKNOWN: { message: 'blob upload unknown to registry', status: 404, code: 'NOT_FOUND' },
  BLOB_UPLOAD_INVALID: { message: 'blob upload invalid', status: 404, code: 'REGISTRY' },
};

/** What an unknown code counts as. */
const UNKNOWN: RegistryErrorCodeInfo = { message: 'unknown error', status: 500, code: 'REGISTRY' };

/** Our codes for answers without an error list that says more. */
const STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'DENIED',
  404: 'NOT_FOUND',
  405: 'UNSUPPORTED',
  408: 'TIMEOUT',
  429: 'RATE_LIMITED',
};

/**
 * The codes after which moby goes on to the next endpoint although this one is no mirror (its `shouldV2Fallback`).
 * They count only in an item that is not bare; see {@link firstFullError}.
 *
 * @example
 * ```ts
 * import { FALLBACK_CODES } from '@stowage/types';
 *
 * console.log(FALLBACK_CODES.has('DENIED')); // false
 * ```
 */
export const FALLBACK_CODES: ReadonlySet<string> = new Set([
  'UNAUTHORIZED',
  'MANIFEST_UNKNOWN',
  'NAME_UNKNOWN',
]);

/**
 * The codes after which moby does not try the same request again (its `retryOnError`). They count only in an item
 * that is not bare; see {@link firstFullError}.
 *
 * @example
 * ```ts
 * import { NO_RETRY_CODES } from '@stowage/types';
 *
 * console.log(NO_RETRY_CODES.has('TOOMANYREQUESTS')); // true
 * ```
 */
export const NO_RETRY_CODES: ReadonlySet<string> = new Set([
  'UNAUTHORIZED',
  'UNSUPPORTED',
  'DENIED',
  'TOOMANYREQUESTS',
  'NAME_UNKNOWN',
]);

/**
 * What is known of a registry's code. An unknown code counts as `UNKNOWN`, as in moby.
 *
 * @param code the registry's code
 *
 * @example
 * ```ts
 * import { registryErrorCodeInfo } from '@stowage/types';
 *
 * console.log(registryErrorCodeInfo('TOOMANYREQUESTS').status); // 429
 * ```
 */
export function registryErrorCodeInfo(code: string): RegistryErrorCodeInfo {
  return (isKnownCode(code) ? REGISTRY_ERROR_CODES[code] : undefined) ?? UNKNOWN;
}

/**
 * Our code for a registry's answer: what the first item of its list says, else what the status says. A status that
 * says that another try may help (429, 5xx) comes before the list.
 *
 * @param status the HTTP status
 * @param errors the registry's list
 *
 * @example
 * ```ts
 * import { errorCodeOfResponse } from '@stowage/types';
 *
 * console.log(errorCodeOfResponse(404, [{ code: 'DENIED', message: 'no' }])); // DENIED
 * ```
 */
export function errorCodeOfResponse(status: number, errors: readonly RegistryErrorDetail[]): ErrorCode {
  if (status >= 500) return 'UNAVAILABLE';
  if (status === 429) return 'RATE_LIMITED';
  const [first] = errors;
  const { code } = first === undefined ? UNKNOWN : registryErrorCodeInfo(first.code);
  return code === 'REGISTRY' ? (STATUS_CODES[status] ?? 'REGISTRY') : code;
}

/** Whether a code is one of {@link REGISTRY_ERROR_CODES}. */
export function isKnownCode(code: string): boolean {
  return Object.hasOwn(REGISTRY_ERROR_CODES, code);
}
