/** The answers that stand still, for who waits for there to be one. */
export class Stalls {
  #standing = 0;
  readonly #waiting = new Set<() => void>();

  /** Says that an answer stands still from now on; what it returns says that it does no more. */
  begin(): () => void {
    this.#standing += 1;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
    let over = false;
    return () => {
      if (!over) this.#standing -= 1;
      over = true;
    };
  }

  /** Resolves when there is an answer that stands still. */
  async some(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#standing > 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiting.add(resolve);
      signal?.addEventListener('abort', () => {
        this.#waiting.delete(resolve);
        reject(signal.reason as Error);
      });
    });
  }
}
