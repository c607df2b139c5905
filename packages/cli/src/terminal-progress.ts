import { formatProgressBar } from '@stowage/types';
import type { Progress } from '@stowage/types';
import type { OutputStream } from './environment.ts';
import { printable } from './printable.ts';

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
 * there are more layers than lines, only those under way are shown until the end.
 */
export class TerminalProgress {
  readonly #stream: OutputStream;
  readonly #steps = new Map<string, Progress>();
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

  /** What is on the screen stays there. */
  finish(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#steps.size > 0) this.#draw([...this.#steps.values()]);
    this.#steps.clear();
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
    const room = (this.#stream.rows ?? DEFAULT_ROWS) - 1;
    const all = [...this.#steps.values()];
    this.#draw(all.length <= room ? all : all.filter((step) => !isOver(step)).slice(0, room));
    this.#drawnAt = performance.now();
  }

  #draw(steps: readonly Progress[]): void {
    const columns = this.#stream.columns ?? DEFAULT_COLUMNS;
    const lines = steps.map((step) => `${lineOf(step, columns)}${ERASE_REST_OF_LINE}\n`);
    this.#stream.write(`${up(this.#drawn)}${lines.join('')}${ERASE_BELOW}`);
    this.#drawn = lines.length;
  }
}

function lineOf(step: Progress, columns: number): string {
  const { id, action = '' } = step;
  const text = id === '' ? action : `${id}: ${action}`;
  // A line that is as wide as the terminal could wrap, and the count of lines would be wrong.
  return printable(`${text} ${formatProgressBar(step, columns)}`)
    .slice(0, columns - 1)
    .trimEnd();
}

function isOver({ phase }: Progress): boolean {
  return phase === 'done' || phase === 'existing';
}
