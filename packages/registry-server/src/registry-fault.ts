/**
 * The codes that a registry answers with (distribution-spec, "Error Codes"), and the ones beyond that table which the
 * reference registry uses for the same cases.
 */
export type RegistryFaultCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'PAGINATION_NUMBER_INVALID'
  | 'SIZE_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAVAILABLE'
  | 'UNKNOWN'
  | 'UNSUPPORTED';

/** What a fault carries beside its status, code and message. */
export interface RegistryFaultInit {
  /** What `detail` of the error is; one error is written for each item. Default: one error without detail. */
  readonly details?: readonly unknown[];
  /** Headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that cannot be served: thrown by the endpoints, written as an answer by the server. Never leaves it. */
export class RegistryFault extends Error {
  readonly status: number;
  readonly code: RegistryFaultCode;
  readonly details: readonly unknown[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: RegistryFaultCode, message: string, init: RegistryFaultInit = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = init.details ?? [undefined];
    this.headers = init.headers ?? {};
  }
}

/** The answer to a request that cannot be served (distribution-spec, "Error Codes"). */
export function faultResponse(fault: RegistryFault): Response {
  const { status, code, message, details, headers } = fault;
  const errors = details.map((detail) => ({ code, message, detail }));
  return jsonResponse({ errors }, { ...headers }, status);
}

/** An answer of JSON; its length is told, as clients that ask with HEAD want it. */
export function jsonResponse(value: unknown, headers: Record<string, string> = {}, status = 200): Response {
  const body = new TextEncoder().encode(JSON.stringify(value));
  return new Response(body, {
    status,
    headers: { 'Content-Type': 'application/json', 'Content-Length': String(body.byteLength), ...headers },
  });
}
