interface Flight<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  watchers: number;
}

/**
 * Runs one job for everybody who asks for the same thing at the same time. A caller who gives up leaves the others
 * alone; the job is aborted when the last one leaves.
 */
export class SharedFlights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** Joins the job under `key`, or starts it. */
  async join(key: string, start: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#takeOff(key, start);
    flight.watchers++;
    try {
      return await settledOrAborted(flight.result, signal);
    } finally {
      flight.watchers--;
      if (flight.watchers === 0 && this.#land(key, flight)) flight.controller.abort(signal?.reason);
    }
  }

  #takeOff(key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const flight = { result: start(controller.signal), controller, watchers: 0 };
    this.#flights.set(key, flight);
    const land = (): void => {
      this.#land(key, flight);
    };
    flight.result.then(land, land);
    return flight;
  }

  /** Takes a flight off the board; `false` when it was gone already. */
  #land(key: string, flight: Flight<T>): boolean {
    return this.#flights.get(key) === flight && this.#flights.delete(key);
  }
}

function settledOrAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return result;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    // The job may have aborted it while it was started.
    if (signal.aborted) onAbort();
    void result.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}
