/** An answer that stands still. */
interface Stall {
  /** How often somebody was told of it. */
  told: number;
}

/** How often a client wants to be told before it gives up: its watchdog bites at the second beat. */
const BEATS = 2;
/** How long it may take until a server hears that a client has given up, milliseconds. */
const GOING = 1000;

/**
 * The answers that stand still, for who waits for there to be one. Who was told of one gives up and asks for something
 * else, and that often before the server hears that the connection is closed: so an answer is told of no more
 * often than that, unless it still stands a good while later.
 */
export class Stalls {
  readonly #standing = new Set<Stall>();
  readonly #waiting = new Set<() => void>();

  /** Says that an answer stands still from now on; what it returns says that it does no more. */
  begin(): () => void {
    const stall = { told: this.#waiting.size > 0 ? 1 : 0 };
    this.#standing.add(stall);
    for (const resolve of this.#waiting) resolve();
    return () => {
      this.#standing.delete(stall);
    };
  }

  /** Resolves when there is an answer that stands still. */
  async some(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const fresh = [...this.#standing].find(({ told }) => told < BEATS);
    if (fresh !== undefined) {
      fresh.told += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(done);
        clearInterval(again);
        signal?.removeEventListener('abort', abort);
      };
      const done = (): void => {
        end();
        resolve();
      };
      const abort = (): void => {
        end();
        reject(signal?.reason as Error);
      };
      const again = setInterval(() => {
        if (this.#standing.size > 0) done();
      }, GOING);
      this.#waiting.add(done);
      signal?.addEventListener('abort', abort);
    });
  }
}
