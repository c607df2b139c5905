import type { Bytes } from '../bytes.ts';
import { StowageError } from '../error/errors.ts';
import { isJsonObject } from './go-json-member.ts';
import { GoJsonParser } from './go-json-parser.ts';
import type { OnMember } from './go-json-parser.ts';
import { RawJson } from './go-json-raw.ts';
import { decodeUtf8, wellFormed } from './go-json-text.ts';

/** What bounds {@link decodeGoJson}. */
export interface GoJsonDecodeOptions {
  /** The most that is read, in bytes (code units of a string), looked at before anything is parsed. Default 16 MiB. */
  readonly maxBytes?: number | undefined;
  /** How deep arrays and objects may nest. Default 10,000, Go's limit. */
  readonly maxDepth?: number | undefined;
}

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_DEPTH = 10_000;

/**
 * Decodes JSON as Go's `encoding/json` does: of two members of one name the last wins, and bytes and escapes that are
 * no text become U+FFFD. Numbers that would not come out again as they were written, for example those beyond 2^53,
 * are kept as {@link RawJson}. Of names that look like array indexes the order is lost, as in every JavaScript object;
 * {@link decodeGoJsonMembers} keeps it.
 *
 * @param input JSON
 * @param options limits
 * @throws `INVALID_MANIFEST` where it is not JSON, in Go's words; `LIMIT_EXCEEDED` where it is longer than allowed
 *
 * @example
 * ```ts
 * import { decodeGoJson } from '@stowage/types';
 *
 * console.log(decodeGoJson('{"a":1,"a":2}')); // { a: 2 }
 * ```
 */
export function decodeGoJson(input: Bytes | string, options: GoJsonDecodeOptions = {}): unknown {
  return parseText(textOf(input, options), options);
}

/**
 * Splits a JSON object into its members and leaves their values as they are written, as Go's
 * `map[string]json.RawMessage` does. The whole text is checked; bytes that are no UTF-8 become U+FFFD.
 *
 * @param input a JSON object
 * @param options limits
 * @returns the members in the order written, the last of each name
 * @throws `INVALID_MANIFEST` where it is not a JSON object; `LIMIT_EXCEEDED` where it is longer than allowed
 *
 * @example
 * ```ts
 * import { decodeGoJsonMembers } from '@stowage/types';
 *
 * console.log(decodeGoJsonMembers('{ "a": [1, 2.0] }').get('a')?.text); // [1, 2.0]
 * ```
 */
export function decodeGoJsonMembers(
  input: Bytes | string,
  options: GoJsonDecodeOptions = {},
): Map<string, RawJson> {
  const members = new Map<string, RawJson>();
  const text = textOf(input, options);
  const value = parseText(text, options, (name, start, end) => {
    members.delete(name);
    members.set(name, new RawJson(text.slice(start, end)));
  });
  if (!isJsonObject(value)) throw new StowageError('INVALID_MANIFEST', 'not a JSON object');
  return members;
}

function parseText(
  text: string,
  { maxDepth = MAX_DEPTH }: GoJsonDecodeOptions,
  onMember?: OnMember,
): unknown {
  return new GoJsonParser(text, maxDepth, onMember).parse();
}

function textOf(input: Bytes | string, { maxBytes = MAX_BYTES }: GoJsonDecodeOptions): string {
  if (input.length > maxBytes) {
    throw new StowageError('LIMIT_EXCEEDED', `JSON of ${input.length} bytes is longer than ${maxBytes}`);
  }
  return typeof input === 'string' ? wellFormed(input) : decodeUtf8(input);
}
