import { formatProgressBar } from '@stowage/types';
import type { Progress, ProgressSnapshot } from '@stowage/types';
import type { OutputStream } from './environment.ts';
import { printable } from './printable.ts';
import { wholeLine } from './whole-line.ts';

/** Milliseconds between two drawings. */
const INTERVAL = 100;

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** To the start of the line that is so many lines up. */
const up = (lines: number): string => (lines === 0 ? '' : `\u001b[${String(lines)}A\r`);
const ERASE_REST_OF_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';

/**
 * Progress on a terminal: one line for each layer, drawn over and over in place, at most ten times a second. Where
 * there are more layers than lines, only those under way are shown until the end. Where the work as a whole is known, a
 * last line tells of it until all bytes are here.
 */
export class TerminalProgress {
  readonly #stream: OutputStream;
  readonly #steps = new Map<string, Progress>();
  #whole: ProgressSnapshot | undefined;
  /** How many lines are on the screen that will be drawn over. */
  #drawn = 0;
  #drawnAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  update(progress: Progress): void {
    const { id, message = '', action = '' } = progress;
    if (message !== '') {
      this.finish();
      this.#stream.write(`${printable(id === '' ? message : `${id}: ${message}`)}\n`);
    } else if (action !== '') {
      this.#steps.set(id, progress);
      this.#drawSoon();
    }
  }

  observe(snapshot: ProgressSnapshot): void {
    this.#whole = snapshot;
    if (this.#steps.size > 0) this.#drawSoon();
  }

  /** What is on the screen stays there, but for the line of the whole. */
  finish(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const columns = this.#columns;
    if (this.#steps.size > 0) this.#draw([...this.#steps.values()].map((step) => lineOf(step, columns)));
    this.#steps.clear();
    this.#whole = undefined;
    this.#drawn = 0;
    this.#drawnAt = -Infinity;
  }

  #drawSoon(): void {
    if (this.#timer !== undefined) return;
    const wait = this.#drawnAt + INTERVAL - performance.now();
    if (wait <= 0) {
      this.#drawLive();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#drawLive();
    }, wait);
  }

  #drawLive(): void {
    const columns = this.#columns;
    const whole = this.#whole && wholeLine(this.#whole);
    const last = whole === undefined ? [] : [fit(whole, columns)];
    const room = (this.#stream.rows ?? DEFAULT_ROWS) - 1 - last.length;
    const all = [...this.#steps.values()];
    const shown = all.length <= room ? all : all.filter((step) => !isOver(step)).slice(0, room);
    this.#draw([...shown.map((step) => lineOf(step, columns)), ...last]);
    this.#drawnAt = performance.now();
  }

  get #columns(): number {
    return this.#stream.columns ?? DEFAULT_COLUMNS;
  }

  #draw(lines: readonly string[]): void {
    const text = lines.map((line) => `${line}${ERASE_REST_OF_LINE}\n`).join('');
    this.#stream.write(`${up(this.#drawn)}${text}${ERASE_BELOW}`);
    this.#drawn = lines.length;
  }
}

function lineOf(step: Progress, columns: number): string {
  const { id, action = '' } = step;
  const text = id === '' ? action : `${id}: ${action}`;
  return fit(printable(`${text} ${formatProgressBar(step, columns)}`), columns);
}

/** A line that is as wide as the terminal could wrap, and the count of lines would be wrong. */
function fit(line: string, columns: number): string {
  return line.slice(0, columns - 1).trimEnd();
}

function isOver({ phase }: Progress): boolean {
  return phase === 'done' || phase === 'existing';
}
