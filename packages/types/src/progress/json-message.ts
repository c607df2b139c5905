import { isStowageError, StowageError } from '../error/errors.ts';
import { decodeGoJson } from '../go-json/go-json-decode.ts';
import { isJsonObject } from '../go-json/go-json-member.ts';
import { isRawJson } from '../go-json/go-json-raw.ts';
import { goStruct, optional, readGoStruct, writeGoStruct } from '../go-json/go-json-struct.ts';
import type { GoField, GoStruct } from '../go-json/go-json-struct.ts';
import { encodeGoJson } from '../go-json/go-json.ts';

/** The numbers of one step of progress, as docker's JSON stream names them. */
export interface JsonProgressDetail {
  readonly current?: number;
  readonly total?: number;
  /** When the work began, in seconds since the epoch. */
  readonly start?: number;
  readonly hidecounts?: boolean;
  /** What is counted. Default bytes. */
  readonly units?: string;
}

/** An error in docker's JSON stream. */
export interface JsonErrorDetail {
  /** An HTTP status. */
  readonly code?: number;
  readonly message?: string;
}

/** One message of docker's JSON stream (moby's `JSONMessage`), with the names that it has there. */
export interface JsonMessage {
  /** Output of a process, shown as it is. */
  readonly stream?: string;
  readonly status?: string;
  /** Present where the message is a step of progress, even one without numbers. */
  readonly progressDetail?: JsonProgressDetail;
  /** The bar as the sender drew it; displays draw their own. */
  readonly progress?: string;
  readonly id?: string;
  readonly from?: string;
  /** Seconds since the epoch. */
  readonly time?: number;
  /** Nanoseconds since the epoch, more than a double can tell apart. */
  readonly timeNano?: bigint;
  readonly errorDetail?: JsonErrorDetail;
  readonly error?: string;
  /** A result for programs. */
  readonly aux?: unknown;
}

const PROGRESS_DETAIL: GoStruct = goStruct(
  optional('current', 'number'),
  optional('total', 'number'),
  optional('start', 'number'),
  optional('hidecounts', 'flag'),
  optional('units', 'text'),
);
const ERROR_DETAIL: GoStruct = goStruct(optional('code', 'number'), optional('message', 'text'));
const JSON_MESSAGE: GoStruct = goStruct(
  optional('stream', 'text'),
  optional('status', 'text'),
  optional('progressDetail', PROGRESS_DETAIL, 'pointer'),
  optional('progress', 'text'),
  optional('id', 'text'),
  optional('from', 'text'),
  optional('time', 'number'),
  optional('timeNano', 'number'),
  optional('errorDetail', ERROR_DETAIL, 'pointer'),
  optional('error', 'text'),
  optional('aux', 'data', 'pointer'),
);

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

const decoder = new TextDecoder();

/**
 * Writes a message as a line of docker's JSON stream: docker's order of members, empty ones left out, `\r\n` at the
 * end. An `aux` that is no JSON (a ring, a function) makes no line: the answer is empty, as moby writes nothing then.
 *
 * @param message the message
 *
 * @example
 * ```ts
 * import { formatJsonMessage } from '@stowage/types';
 *
 * console.log(formatJsonMessage({ id: 'a', status: 'Waiting', progressDetail: {} }).trim());
 * // {"status":"Waiting","progressDetail":{},"id":"a"}
 * ```
 */
export function formatJsonMessage(message: JsonMessage): string {
  const { timeNano = 0n, ...rest } = message;
  const members = writeGoStruct(timeNano === 0n ? rest : message, JSON_MESSAGE);
  try {
    return `${decoder.decode(encodeGoJson(members))}\r\n`;
  } catch {
    return '';
  }
}

/**
 * Parses one message of docker's JSON stream, as tolerant as Go: names of members in any case, the last of two wins,
 * `null` counts as absent, what is not known is dropped. Numbers within `aux` that JavaScript cannot hold are kept as
 * `RawJson`.
 *
 * @param text a JSON object
 * @throws `INVALID_ARGUMENT` for anything but an object with members of the kinds that docker sends
 *
 * @example
 * ```ts
 * import { parseJsonMessage } from '@stowage/types';
 *
 * console.log(parseJsonMessage('{"status":"Pull complete","id":"a"}').status); // Pull complete
 * ```
 */
export function parseJsonMessage(text: string): JsonMessage {
  let value: unknown;
  try {
    value = decodeGoJson(text);
  } catch (error) {
    if (isStowageError(error, 'LIMIT_EXCEEDED')) throw error;
    throw invalid((error as Error).message, error);
  }
  return read(value, JSON_MESSAGE, 'message');
}

function read(value: unknown, struct: GoStruct, at: string): object {
  if (!isJsonObject(value)) throw invalid(`${at} is not an object`);
  const known = readGoStruct(value, struct);
  const result: Record<string, unknown> = {};
  for (const field of struct.fields) {
    if (Object.hasOwn(known, field.name)) result[field.name] = readMember(known[field.name], field);
  }
  return result;
}

function readMember(value: unknown, { name, kind }: GoField): unknown {
  if (typeof kind === 'object') return read(value, kind, name);
  if (kind === 'number') {
    const integer = integerOf(value);
    if (integer === undefined) throw invalid(`${name} is not a whole number of 64 bits`);
    return name === 'timeNano' ? integer : Number(integer);
  }
  if (kind !== 'data' && typeof value !== (kind === 'text' ? 'string' : 'boolean')) {
    throw invalid(`${name} is not a ${kind === 'text' ? 'string' : 'boolean'}`);
  }
  return value;
}

/** A number as it is written in the text: a double would round it. */
function integerOf(value: unknown): bigint | undefined {
  const text = isRawJson(value) ? value.text : typeof value === 'number' ? String(value) : '';
  if (!/^-?\d{1,19}$/.test(text)) return undefined;
  const integer = BigInt(text);
  return integer >= MIN_INT64 && integer <= MAX_INT64 ? integer : undefined;
}

function invalid(what: string, cause?: unknown): StowageError {
  return new StowageError('INVALID_ARGUMENT', `invalid message in the JSON stream: ${what}`, { cause });
}
