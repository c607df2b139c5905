import { StowageError } from './errors.ts';
import type { ErrorCode, StowageErrorOptions } from './errors.ts';
import { redactText, redactUrl } from './redact.ts';

/** One item of the `errors` list that a registry answers with (distribution-spec, "Error Codes"). */
export interface RegistryErrorDetail {
  /** The registry's code, for example `MANIFEST_UNKNOWN`; `UNKNOWN` where it gave none. */
  readonly code: string;
  /** The registry's own words, possibly empty. */
  readonly message: string;
  /** Whatever the registry added, as it came. */
  readonly detail?: unknown;
}

/** The request that failed and what came back. */
export interface RegistryErrorInit extends StowageErrorOptions {
  /** The HTTP method of the request. */
  readonly method: string;
  /** The URL of the request. Credentials and the query are cut off by {@link redactUrl}. */
  readonly url: string;
  /** The HTTP status, absent when no answer came; that of an answer whose body broke off, too. */
  readonly status?: number | undefined;
  /** The registry's error list. Default empty. */
  readonly errors?: readonly RegistryErrorDetail[] | undefined;
}

/**
 * A request to a registry that failed. Keeps the method, the redacted URL, the status and the registry's own list
 * of errors, whose messages pass through {@link redactText} as its own does. Recognise it with {@link isRegistryError}.
 *
 * @example
 * ```ts
 * import { RegistryError } from '@stowage/types';
 *
 * const error = new RegistryError('NOT_FOUND', 'manifest unknown', {
 *   method: 'GET',
 *   url: 'https://user:secret@registry.example/v2/a/manifests/x?token=1',
 *   status: 404,
 * });
 * console.log(error.url); // https://registry.example/v2/a/manifests/x
 * ```
 */
export class RegistryError extends StowageError {
  override readonly name: string = 'RegistryError';
  /** The HTTP method. */
  readonly method: string;
  /** The URL without credentials, query and fragment. */
  readonly url: string;
  /** The HTTP status, or `undefined` when no answer came. */
  readonly status: number | undefined;
  /** The registry's own error list, possibly empty. */
  readonly errors: readonly RegistryErrorDetail[];

  constructor(code: ErrorCode, message: string, init: RegistryErrorInit) {
    super(code, message, init);
    this.method = init.method;
    this.url = redactUrl(init.url);
    this.status = init.status;
    this.errors = (init.errors ?? []).map((item) => ({ ...item, message: redactText(item.message) }));
  }
}

/**
 * Tells whether a caught value is a {@link RegistryError}, across copies of this package.
 *
 * @param error any caught value
 *
 * @example
 * ```ts
 * import { isRegistryError } from '@stowage/types';
 *
 * console.log(isRegistryError(new Error('other'))); // false
 * ```
 */
export function isRegistryError(error: unknown): error is RegistryError {
  return error instanceof Error && error.name === 'RegistryError' && 'method' in error && 'errors' in error;
}
