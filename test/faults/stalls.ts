/** Who waits for an answer to stand still, one for each time that one does. */
export class Stalls {
  #unseen = 0;
  readonly #waiting: (() => void)[] = [];

  /** Says that an answer stands still from now on. */
  report(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#unseen += 1;
    else next();
  }

  /** Resolves when an answer stands still that nobody was told of yet. */
  async next(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#unseen > 0) {
      this.#unseen -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push(resolve);
      signal?.addEventListener('abort', () => {
        const at = this.#waiting.indexOf(resolve);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(signal.reason as Error);
      });
    });
  }
}
