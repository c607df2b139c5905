import type { Bytes } from './bytes.ts';

const encoder = new TextEncoder();

/** What Go's encoder escapes beyond JSON's own rules. */
const ESCAPED = /[<>&\u2028\u2029]/g;

/** How {@link encodeGoJson} lays out its output. */
export interface GoJsonOptions {
  /** What one level is indented by, for example three spaces as in docker's manifests. Default: compact. */
  readonly indent?: string;
}

/**
 * Encodes a value as Go's `encoding/json` does: members in the order given, `undefined` members left out, and `<`,
 * `>`, `&`, U+2028 and U+2029 escaped. Bytes that make a digest are written with this.
 *
 * @param value plain data
 * @param options layout
 *
 * @example
 * ```ts
 * import { encodeGoJson } from '@stowage/types';
 *
 * console.log(new TextDecoder().decode(encodeGoJson({ a: '<b>' }))); // {"a":"\u003cb\u003e"}
 * ```
 */
export function encodeGoJson(value: unknown, options: GoJsonOptions = {}): Bytes {
  const json = JSON.stringify(value, undefined, options.indent);
  return encoder.encode(json.replace(ESCAPED, escape));
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
