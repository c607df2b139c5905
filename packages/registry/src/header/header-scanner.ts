const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = /[ \t]+/y;
const SEPARATORS = /[ \t,]+/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[0-9A-Za-z._~+/-]+=*(?=[ \t]*(?:,|$))/y;

/** Reads the pieces that header values are made of (RFC 9110, section 5.6), each in time linear in its length. */
export class HeaderScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Where the next piece begins. */
  get position(): number {
    return this.#at;
  }

  /** Whether everything has been read. */
  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Goes back to an earlier position. */
  rewind(position: number): void {
    this.#at = position;
  }

  /** Reads one given character; `false` when another comes next. */
  take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** Skips spaces and tabs; tells whether there were any. */
  skipSpace(): boolean {
    return this.#match(SPACE) !== '';
  }

  /** Skips spaces, tabs and commas; tells whether there was a comma. Lists may have empty members. */
  skipSeparators(): boolean {
    return this.#match(SEPARATORS).includes(',');
  }

  /** Reads a token; empty when none comes next. */
  token(): string {
    return this.#match(TOKEN);
  }

  /** Reads a token68, which must reach to the next comma or to the end; empty when none comes next. */
  token68(): string {
    return this.#match(TOKEN68);
  }

  /** Reads up to a character and past it; `undefined` when it does not come. */
  until(character: string): string | undefined {
    const end = this.#text.indexOf(character, this.#at);
    if (end < 0) return undefined;
    const text = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return text;
  }

  /** Reads a quoted string and resolves its escapes; `undefined` when none comes next or its end is missing. */
  quotedString(): string | undefined {
    if (this.#text.charCodeAt(this.#at) !== QUOTE) return undefined;
    let value = '';
    let from = this.#at + 1;
    for (let index = from; index < this.#text.length; index++) {
      const code = this.#text.charCodeAt(index);
      if (code === QUOTE) {
        value += this.#text.slice(from, index);
        this.#at = index + 1;
        return value;
      }
      if (code === BACKSLASH) {
        value += this.#text.slice(from, index);
        from = ++index;
      }
    }
    return undefined;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}
