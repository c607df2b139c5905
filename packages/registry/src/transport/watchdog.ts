import type { Clock } from '@stowage/types';

/** How often it is looked whether something has stood still, milliseconds. */
const TICK = 15_000;

/** One thing that must not stand still. */
export interface Watched {
  /** Something is waited for from now on; it may take so many milliseconds longer than the limit says. Default 0. */
  wait(grace?: number): void;
  /** It came. */
  rest(): void;
  /** Nothing is waited for any more. */
  end(): void;
}

interface Entry {
  /** Since when something has been waited for, milliseconds since the epoch; `undefined` while nothing is. */
  since: number | undefined;
  readonly expire: () => void;
}

/**
 * Notices when what is waited for does not come. One timer serves all that are watched, and there is none while nobody is;
 * what comes in time costs next to nothing.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #entries = new Set<Entry>();
  #timer: AbortController | undefined;
  #stopping = false;

  /** @param limit how long something may be waited for, milliseconds; it may become a quarter of a minute more */
  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** Watches something until its end; `expire` is called when it stood still for too long. */
  watch(expire: () => void): Watched {
    const entry: Entry = { since: undefined, expire };
    this.#entries.add(entry);
    if (this.#timer === undefined) this.#start();
    return {
      wait: (grace = 0) => {
        entry.since = this.#clock.now() + grace;
      },
      rest: () => {
        entry.since = undefined;
      },
      end: () => {
        this.#entries.delete(entry);
        if (this.#entries.size === 0) this.#stopSoon();
      },
    };
  }

  #start(): void {
    const timer = new AbortController();
    this.#timer = timer;
    void this.#tick(timer.signal).catch(() => undefined);
  }

  /** Not at once: where requests follow one another the next one is about to begin, and timers are not for nothing. */
  #stopSoon(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    setTimeout(() => {
      this.#stopping = false;
      if (this.#entries.size > 0) return;
      this.#timer?.abort();
      this.#timer = undefined;
    }, 0);
  }

  async #tick(signal: AbortSignal): Promise<void> {
    while (this.#entries.size > 0) {
      await this.#clock.sleep(TICK, { signal });
      const now = this.#clock.now();
      for (const entry of [...this.#entries]) {
        if (entry.since === undefined || now - entry.since < this.#limit) continue;
        entry.since = undefined;
        entry.expire();
      }
    }
    this.#timer = undefined;
  }
}
