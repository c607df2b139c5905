const ESCAPE = String.fromCharCode(0x1b);
const TOKEN = new RegExp(`${ESCAPE}\\[\\d*[A-Z]|[\\s\\S]`, 'gu');
const COMMAND = new RegExp(`^${ESCAPE}\\[(\\d*)([A-Z])$`);

/** A terminal that understands what progress needs: new lines, cursor up, erase to the end of line, erase below. */
export class Screen {
  #lines: string[] = [''];
  #row = 0;
  #column = 0;

  write(text: string): this {
    for (const [token] of text.matchAll(TOKEN)) this.#apply(token);
    return this;
  }

  /** What can be read on it, trailing blanks left out. */
  get lines(): string[] {
    const lines = this.#lines.map((line) => line.trimEnd());
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  #apply(token: string): void {
    const [, count = '', command] = COMMAND.exec(token) ?? [];
    if (command === undefined) this.#print(token);
    else if (command === 'A') this.#row -= Number(count || '1');
    else if (command === 'K') this.#lines[this.#row] = this.#line.slice(0, this.#column);
    else if (command === 'J')
      this.#lines = [...this.#lines.slice(0, this.#row), this.#line.slice(0, this.#column)];
    else throw new Error(`unknown command: ${JSON.stringify(token)}`);
    if (this.#row < 0) throw new Error('the cursor left the screen');
  }

  #print(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') {
      this.#row += 1;
      this.#column = 0;
      if (this.#row === this.#lines.length) this.#lines.push('');
    } else {
      const { before, after } = this.#around();
      this.#lines[this.#row] = `${before}${character}${after}`;
      this.#column += 1;
    }
  }

  #around(): { readonly before: string; readonly after: string } {
    return {
      before: this.#line.slice(0, this.#column).padEnd(this.#column),
      after: this.#line.slice(this.#column + 1),
    };
  }

  get #line(): string {
    return this.#lines[this.#row] ?? '';
  }
}
