import { StowageError } from '../error/errors.ts';
import type { ErrorCode } from '../error/errors.ts';
import type { JsonErrorDetail, JsonMessage, JsonProgressDetail } from './json-message.ts';
import type { Clock } from '../clock.ts';
import { formatProgressBar } from './progress-bar.ts';

/** Where and how messages are shown. */
export interface TerminalRendererInit {
  /** Whether the output is a terminal, on which lines are drawn over. Elsewhere steps with a bar are left out. */
  readonly terminal: boolean;
  /** The width in columns, asked for with every bar since a window may change. Default 200, as where none is known. */
  readonly width?: (() => number) | undefined;
  /** Tells the time for what is left of a step. Default: the system's. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
  /**
   * How many minutes local time is ahead of UTC at a time in milliseconds since the epoch; times are shown in it.
   * Default: the system's.
   */
  readonly offset?: ((milliseconds: number) => number) | undefined;
  /** Takes results for programs, which are not shown. Default: they are dropped. */
  readonly onAux?: ((aux: unknown) => void) | undefined;
}

const DEFAULT_WIDTH = 200;
const ERASE_LINE = '\u001b[2K';
const SECOND = 1_000_000_000n;
/** Milliseconds from the epoch; a day less than a `Date` can hold. */
const MAX_DATE = 8_639_999_913_600_000;

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'DENIED',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  429: 'RATE_LIMITED',
  501: 'UNSUPPORTED',
  503: 'UNAVAILABLE',
};

/**
 * Shows messages of docker's JSON stream exactly as docker 20.10 does. On a terminal every `id` with progress has a line
 * that is drawn over in place; a message without progress begins a new group of lines.
 *
 * Texts are written as they came, control characters included: escape those of a stream that is not trusted.
 *
 * @example
 * ```ts
 * import { TerminalRenderer } from '@stowage/types';
 *
 * const renderer = new TerminalRenderer({ terminal: false });
 * console.log(renderer.render({ status: 'Pull complete', id: 'a', progressDetail: {} })); // "a: Pull complete\n"
 * ```
 */
export class TerminalRenderer {
  readonly #terminal: boolean;
  readonly #width: () => number;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #offset: (milliseconds: number) => number;
  readonly #onAux: (aux: unknown) => void;
  /** The line of each `id`, counted from the first of the group. */
  readonly #lines = new Map<string, number>();

  constructor(init: TerminalRendererInit) {
    this.#terminal = init.terminal;
    this.#width = init.width ?? ((): number => DEFAULT_WIDTH);
    this.#clock = init.clock ?? Date;
    this.#offset = init.offset ?? systemOffset;
    this.#onAux = init.onAux ?? ignore;
  }

  /**
   * The text that shows a message, possibly empty.
   *
   * @param message the next message of the stream
   * @throws the error that the stream ends with, in its words: `UNAUTHENTICATED` for 401 (`authentication is required`),
   *   the code that belongs to another status, `REGISTRY` where there is none
   */
  render(message: JsonMessage): string {
    if (message.aux !== undefined) {
      this.#onAux(message.aux);
      return '';
    }
    if (message.errorDetail !== undefined) throw errorOf(message.errorDetail);
    const { id = '', progress = '' } = message;
    if (id === '' || (message.progressDetail === undefined && progress === '')) {
      // What is not counted in the map has been written below the lines: they are history now.
      this.#lines.clear();
      return this.#display(message);
    }
    const known = this.#lines.get(id);
    const line = known ?? this.#lines.size;
    this.#lines.set(id, line);
    if (!this.#terminal) return this.#display(message);
    const distance = String(this.#lines.size - line);
    const fresh = known === undefined ? '\n' : '';
    return `${fresh}\u001b[${distance}A${this.#display(message)}\u001b[${distance}B`;
  }

  #display(message: JsonMessage): string {
    const { stream = '', status = '', id = '', from = '', progress = '', progressDetail } = message;
    const bar = progressDetail === undefined ? '' : this.#bar(progressDetail);
    const drawn = this.#terminal && stream === '' && progressDetail !== undefined;
    if (!drawn && bar !== '') return '';
    const end = drawn ? '\r' : '';
    const prefix =
      (drawn ? `${ERASE_LINE}\r` : '') +
      this.#time(message) +
      (id === '' ? '' : `${id}: `) +
      (from === '' ? '' : `(from ${from}) `);
    if (this.#terminal && progressDetail !== undefined) return `${prefix}${status} ${bar}${end}`;
    if (progress !== '') return `${prefix}${status} ${progress}${end}`;
    return stream === '' ? `${prefix}${status}${end}\n` : `${prefix}${stream}${end}`;
  }

  #bar({ hidecounts, ...counts }: JsonProgressDetail): string {
    const hideCounts = hidecounts === undefined ? {} : { hideCounts: hidecounts };
    return formatProgressBar({ ...counts, ...hideCounts }, this.#width(), { now: this.#clock.now() });
  }

  #time({ time = 0, timeNano = 0n }: JsonMessage): string {
    if (timeNano === 0n && time === 0) return '';
    const nanoseconds = timeNano === 0n ? BigInt(time) * SECOND : timeNano;
    return `${formatTime(nanoseconds, this.#offset)} `;
  }
}

/** RFC 3339 with nine digits of the second, in local time. */
function formatTime(nanoseconds: bigint, offsetOf: (milliseconds: number) => number): string {
  const fraction = ((nanoseconds % SECOND) + SECOND) % SECOND;
  const milliseconds = Math.max(
    -MAX_DATE,
    Math.min(MAX_DATE, Number((nanoseconds - fraction) / SECOND) * 1000),
  );
  const offset = Math.trunc(offsetOf(milliseconds));
  const local = new Date(milliseconds + offset * 60_000).toISOString().slice(0, -'.000Z'.length);
  return `${local}.${String(fraction).padStart(9, '0')}${formatOffset(offset)}`;
}

function formatOffset(minutes: number): string {
  if (minutes === 0) return 'Z';
  const [hours, rest] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
}

function errorOf({ code = 0, message = '' }: JsonErrorDetail): StowageError {
  return new StowageError(
    CODE_OF_STATUS[code] ?? 'REGISTRY',
    code === 401 ? 'authentication is required' : message,
  );
}

function systemOffset(milliseconds: number): number {
  return -new Date(milliseconds).getTimezoneOffset();
}

function ignore(): void {
  // Nobody wants results for programs.
}
