const brand: unique symbol = Symbol.for('@stowage/types:RawJson') as never;

/**
 * A piece of JSON kept as text, as Go's `json.RawMessage` and `json.Number` do: for numbers that JavaScript cannot
 * hold, and for values whose bytes matter. `encodeGoJson` writes the text as it is, only compacted (or indented) and
 * with `<`, `>`, `&`, U+2028 and U+2029 escaped.
 *
 * @example
 * ```ts
 * import { encodeGoJson, RawJson } from '@stowage/types';
 *
 * const bytes = encodeGoJson({ exact: new RawJson('12345678901234567890') });
 * console.log(new TextDecoder().decode(bytes)); // {"exact":12345678901234567890}
 * ```
 */
export class RawJson {
  /** One JSON value. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
    Object.defineProperty(this, brand, { value: true });
  }

  /** What `JSON.stringify` makes of it: the value as near as JavaScript can hold it. */
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

/**
 * Tells whether a value is a {@link RawJson}, of this copy of the package or another.
 *
 * @param value any value
 *
 * @example
 * ```ts
 * import { decodeGoJson, isRawJson } from '@stowage/types';
 *
 * console.log(isRawJson(decodeGoJson('12345678901234567890'))); // true
 * ```
 */
export function isRawJson(value: unknown): value is RawJson {
  return typeof value === 'object' && value !== null && brand in value;
}
