import { StowageError } from '../error/errors.ts';
import { isGoNumber } from './go-json-number.ts';
import { RawJson } from './go-json-raw.ts';
import { setMember } from './go-json-member.ts';
import { wellFormed } from './go-json-text.ts';

// The parser under `decodeGoJson`; not exported from the package. It keeps its own stack: nesting cannot overflow
// that of the runtime.

const encoder = new TextEncoder();

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const HEX = /^[0-9a-fA-F]{4}$/;
const LITERALS: Readonly<Record<string, readonly [string, unknown]>> = {
  t: ['true', true],
  f: ['false', false],
  n: ['null', null],
};
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Told of each member of the outermost object: where its value begins and ends. */
export type OnMember = (name: string, start: number, end: number) => void;

/** What is being filled: an object with the name of the member that comes next, or an array. */
interface Frame {
  readonly target: Record<string, unknown> | unknown[];
  name: string;
}

/** Parses one JSON text, as Go's `encoding/json` reads it. */
export class GoJsonParser {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #onMember: OnMember | undefined;
  readonly #stack: Frame[] = [];
  #at = 0;

  constructor(text: string, maxDepth: number, onMember?: OnMember) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#onMember = onMember;
  }

  parse(): unknown {
    let memberStart = 0;
    for (;;) {
      this.#skipSpace();
      if (this.#stack.length === 1) memberStart = this.#at;
      const frame = this.#open();
      if (frame !== undefined && !this.#isEmpty(frame)) {
        this.#stack.push(frame);
        continue;
      }
      let value = frame === undefined ? this.#scalar() : frame.target;
      for (;;) {
        const parent = this.#stack.at(-1);
        if (parent === undefined) return this.#finish(value);
        this.#attach(parent, value, memberStart);
        if (this.#goesOn(parent)) break;
        this.#stack.pop();
        value = parent.target;
      }
    }
  }

  #open(): Frame | undefined {
    const character = this.#text[this.#at];
    if (character !== '{' && character !== '[') return undefined;
    this.#at += 1;
    if (this.#stack.length >= this.#maxDepth) throw malformed('exceeded max depth');
    return { target: character === '{' ? {} : [], name: '' };
  }

  /** Steps over the end of what has no members; else, in an object, over the first name. */
  #isEmpty(frame: Frame): boolean {
    this.#skipSpace();
    const end = Array.isArray(frame.target) ? ']' : '}';
    if (this.#text[this.#at] === end) {
      this.#at += 1;
      return true;
    }
    if (end === '}') frame.name = this.#name();
    return false;
  }

  /** Steps over what follows a value: the end of its parent (`false`), or a comma and, in an object, a name. */
  #goesOn(parent: Frame): boolean {
    this.#skipSpace();
    const isArray = Array.isArray(parent.target);
    const character = this.#text[this.#at];
    if (character === ',') {
      this.#at += 1;
      if (!isArray) {
        this.#skipSpace();
        parent.name = this.#name();
      }
      return true;
    }
    if (character !== (isArray ? ']' : '}')) {
      throw this.#unexpected(isArray ? 'after array element' : 'after object key:value pair');
    }
    this.#at += 1;
    return false;
  }

  #attach({ target, name }: Frame, value: unknown, memberStart: number): void {
    if (Array.isArray(target)) {
      target.push(value);
      return;
    }
    setMember(target, name, value);
    if (this.#stack.length === 1) this.#onMember?.(name, memberStart, this.#at);
  }

  #finish(value: unknown): unknown {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected('after top-level value');
    return value;
  }

  #name(): string {
    if (this.#text[this.#at] !== '"') throw this.#unexpected('looking for beginning of object key string');
    const name = this.#string();
    this.#skipSpace();
    if (this.#text[this.#at] !== ':') throw this.#unexpected('after object key');
    this.#at += 1;
    return name;
  }

  #scalar(): unknown {
    const character = this.#text[this.#at] ?? '';
    if (character === '"') return this.#string();
    const literal = LITERALS[character];
    if (literal === undefined) return this.#number();
    const [word, value] = literal;
    for (const letter of word) {
      if (this.#text[this.#at] !== letter) {
        throw this.#unexpected(`in literal ${word} (expecting '${letter}')`);
      }
      this.#at += 1;
    }
    return value;
  }

  #number(): number | RawJson {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) {
      if (this.#text[this.#at] !== '-') throw this.#unexpected('looking for beginning of value');
      this.#at += 1;
      throw this.#unexpected('in numeric literal');
    }
    const [text] = match;
    this.#at += text.length;
    return isGoNumber(text) ? Number(text) : new RawJson(text);
  }

  #string(): string {
    const start = this.#at + 1;
    const end = this.#plainUntil(start);
    if (this.#text[end] === '"') {
      this.#at = end + 1;
      return this.#text.slice(start, end);
    }
    return this.#escapedString(start, end);
  }

  /** Where plain characters end: at a quote or a backslash. */
  #plainUntil(from: number): number {
    for (let at = from; ; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === 0x22 || code === 0x5c) return at;
      if (code >= 0x20) continue;
      this.#at = at;
      throw this.#unexpected('in string literal');
    }
  }

  #escapedString(start: number, firstEscape: number): string {
    let result = this.#text.slice(start, firstEscape);
    this.#at = firstEscape;
    while (this.#text[this.#at] === '\\') {
      this.#at += 1;
      result += this.#escape();
      const end = this.#plainUntil(this.#at);
      result += this.#text.slice(this.#at, end);
      this.#at = end;
    }
    this.#at += 1;
    return wellFormed(result);
  }

  #escape(): string {
    const character = this.#text[this.#at] ?? '';
    if (character === 'u') {
      const digits = this.#text.slice(this.#at + 1, this.#at + 5);
      if (!HEX.test(digits)) {
        this.#at += 1 + digits.search(/[^0-9a-fA-F]|$/);
        throw this.#unexpected('in \\u hexadecimal character escape');
      }
      this.#at += 5;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const plain = Object.hasOwn(ESCAPES, character) ? ESCAPES[character] : undefined;
    if (plain === undefined) throw this.#unexpected('in string escape code');
    this.#at += 1;
    return plain;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #unexpected(where: string): StowageError {
    const code = this.#text.codePointAt(this.#at);
    if (code !== undefined) return malformed(`invalid character ${quoteByte(code)} ${where}`);
    // Go tries a space at the end, to see whether what came before is complete.
    const isOpen = !where.startsWith('in ') || where === 'in string literal';
    return malformed(isOpen ? 'unexpected end of JSON input' : `invalid character ' ' ${where}`);
  }
}

/** Writes the first byte of a character as Go does in its messages. */
function quoteByte(code: number): string {
  const character = String.fromCodePoint(code);
  if (code >= 0x80) return `'${String.fromCharCode(encoder.encode(character)[0] ?? 0)}'`;
  if (character === "'") return String.raw`'\''`;
  if (character === '"') return `'"'`;
  return code < 0x20 ? quoteControl(code) : `'${character}'`;
}

function quoteControl(code: number): string {
  const short = Object.entries(ESCAPES).find(([, character]) => character.charCodeAt(0) === code);
  return `'\\${short === undefined ? `x${code.toString(16).padStart(2, '0')}` : short[0]}'`;
}

function malformed(message: string): StowageError {
  return new StowageError('INVALID_MANIFEST', message);
}
