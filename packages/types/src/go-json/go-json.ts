import { encodeBase64 } from '../base64.ts';
import type { Bytes } from '../bytes.ts';
import { StowageError } from '../error/errors.ts';
import { decodeGoJson } from './go-json-decode.ts';
import { formatGoNumber } from './go-json-number.ts';
import { isRawJson } from './go-json-raw.ts';
import { escapeHtml, quoteGoString } from './go-json-text.ts';

const encoder = new TextEncoder();

/** How {@link encodeGoJson} lays out its output. */
export interface GoJsonOptions {
  /** What one level is indented by, for example three spaces as in docker's manifests. Default: compact. */
  readonly indent?: string;
}

/** As deep as Go's decoder follows. */
const MAX_DEPTH = 10_000;

/** The words of JSON: strings, punctuation, numbers and literals. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * Encodes a value as Go's `encoding/json` does (of Go 1.20, with which docker 20.10 is built): members in the order
 * given, `undefined` members left out, and `<`, `>`, `&`, U+2028 and U+2029 escaped. Bytes that make a digest are
 * written with this.
 *
 * @param value plain data; a `Map` is an object, bytes are base 64, a {@link RawJson} is written as it stands
 * @param options layout
 * @throws `INVALID_ARGUMENT` for what JSON has no words for: NaN, functions, circles, raw text that is not JSON
 *
 * @example
 * ```ts
 * import { encodeGoJson } from '@stowage/types';
 *
 * console.log(new TextDecoder().decode(encodeGoJson({ a: '<b>' }))); // {"a":"\u003cb\u003e"}
 * ```
 */
export function encodeGoJson(value: unknown, options: GoJsonOptions = {}): Bytes {
  return encoder.encode(new Writer(options.indent ?? '').write(value));
}

/** An object or array that is being written. */
interface Frame {
  readonly members: Iterator<readonly [string | undefined, unknown]>;
  readonly close: '}' | ']';
  isEmpty: boolean;
}

/** Keeps its own stack, as the parser does. */
class Writer {
  readonly #indent: string;
  readonly #stack: Frame[] = [];
  #json = '';

  constructor(indent: string) {
    this.#indent = indent;
  }

  write(value: unknown): string {
    this.#begin(value);
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
      this.#continue(frame);
    }
    return this.#json;
  }

  #continue(frame: Frame): void {
    const next = frame.members.next();
    if (next.done === true) {
      this.#stack.pop();
      this.#json += (frame.isEmpty ? '' : this.#newLine(this.#stack.length)) + frame.close;
      return;
    }
    const [name, value] = next.value;
    if (name !== undefined && value === undefined) return;
    this.#json += (frame.isEmpty ? '' : ',') + this.#newLine(this.#stack.length);
    frame.isEmpty = false;
    if (name !== undefined) this.#json += quoteGoString(name) + (this.#indent === '' ? ':' : ': ');
    this.#begin(value ?? null);
  }

  #begin(value: unknown): void {
    if (typeof value !== 'object' || value === null) this.#json += scalar(value);
    else if (isRawJson(value)) this.#json += this.#layOut(value.text);
    else if (value instanceof Uint8Array) this.#json += `"${encodeBase64(value)}"`;
    else if ('toJSON' in value && typeof value.toJSON === 'function')
      this.#begin((value as { toJSON(): unknown }).toJSON());
    else if (Array.isArray(value)) this.#push('[', ']', elementsOf(value));
    else this.#push('{', '}', value instanceof Map ? value.entries() : Object.entries(value).values());
  }

  #push(
    open: string,
    close: Frame['close'],
    members: Iterator<readonly [string | undefined, unknown]>,
  ): void {
    if (this.#stack.length >= MAX_DEPTH) throw invalid('a circle, or more levels than JSON may have');
    this.#json += open;
    this.#stack.push({ members, close, isEmpty: true });
  }

  #newLine(depth: number): string {
    return this.#indent === '' ? '' : `\n${this.#indent.repeat(depth)}`;
  }

  /** Writes raw JSON as Go's `Compact` and `Indent` do. */
  #layOut(text: string): string {
    checkRaw(text);
    let json = '';
    let previous = '';
    let depth = this.#stack.length;
    for (const [token] of text.matchAll(TOKENS)) {
      const isFirst = previous === '{' || previous === '[';
      if (token === '}' || token === ']') {
        depth -= 1;
        if (!isFirst) json += this.#newLine(depth);
      } else if (isFirst || previous === ',') {
        json += this.#newLine(depth);
      }
      json += token === ':' && this.#indent !== '' ? ': ' : token;
      if (token === '{' || token === '[') depth += 1;
      previous = token;
    }
    return escapeHtml(json);
  }
}

function* elementsOf(values: readonly unknown[]): Generator<readonly [undefined, unknown]> {
  for (const value of values) yield [undefined, value];
}

function scalar(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoteGoString(value);
    case 'number':
      if (!Number.isFinite(value)) throw invalid(`unsupported value: ${value}`);
      return formatGoNumber(value);
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'object':
      return 'null';
    default:
      throw invalid(`unsupported type: ${typeof value}`);
  }
}

function checkRaw(text: string): void {
  try {
    decodeGoJson(text, { maxBytes: Infinity });
  } catch (cause) {
    throw new StowageError('INVALID_ARGUMENT', `json: raw text: ${(cause as Error).message}`, { cause });
  }
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', `json: ${message}`);
}
