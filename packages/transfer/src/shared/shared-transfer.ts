import type { Progress, ProgressOutput } from '@stowage/types';
import { abortError } from './abort.ts';
import { deferred } from './deferred.ts';
import { ProgressWatcher } from './progress-watcher.ts';
import type { Transfer, Watcher } from './transfer.ts';

/** A transfer as its manager sees it: watchers in front, and the means to report and to end it behind. */
export class SharedTransfer<T> implements Transfer<T> {
  readonly key: string;
  readonly #controller = new AbortController();
  readonly #done = deferred<T>();
  readonly #released = deferred<undefined>();
  readonly #watchers = new Set<ProgressWatcher>();
  readonly #dispose: (value: T) => Promise<void>;
  #latest: Progress | undefined;
  /** What is left to do once nobody watches; set when the job has ended. */
  #cleanup: (() => Promise<void>) | undefined;

  constructor(key: string, dispose: (value: T) => Promise<void> = nothingToDispose) {
    this.key = key;
    this.#dispose = dispose;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get done(): Promise<T> {
    return this.#done.promise;
  }

  get released(): Promise<void> {
    return this.#released.promise;
  }

  get #ended(): boolean {
    return this.#cleanup !== undefined;
  }

  watch(progressOutput: ProgressOutput): Watcher<T> {
    const watcher = new ProgressWatcher(progressOutput);
    this.#watchers.add(watcher);
    if (!this.#ended && this.#latest !== undefined) watcher.push(this.#latest);
    return { done: this.done, release: () => this.#leave(watcher) };
  }

  /** Passes progress on, unless the transfer has ended. */
  report(progress: Progress): void {
    if (this.#ended) return;
    this.#latest = progress;
    for (const watcher of this.#watchers) watcher.push(progress);
  }

  /** Ends the transfer with a value. */
  resolve(value: T): void {
    this.#end(() => this.#dispose(value));
    this.#done.resolve(value);
  }

  /** Ends the transfer with an error. */
  reject(reason: unknown): void {
    this.#end(nothingToDispose);
    this.#done.reject(reason);
  }

  #end(cleanup: () => Promise<void>): void {
    for (const watcher of this.#watchers) watcher.flush();
    this.#cleanup = cleanup;
    this.#releaseIfUnwatched();
  }

  async #leave(watcher: ProgressWatcher): Promise<void> {
    watcher.close();
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    if (!this.#ended) this.#controller.abort(abortError('transfer cancelled'));
    this.#releaseIfUnwatched();
    await this.released;
  }

  #releaseIfUnwatched(): void {
    if (this.#watchers.size > 0 || this.#cleanup === undefined) return;
    const cleanup = this.#cleanup;
    this.#cleanup = nothingToDispose;
    cleanup().then(
      () => {
        this.#released.resolve(undefined);
      },
      (error: unknown) => {
        this.#released.reject(error);
      },
    );
  }
}

function nothingToDispose(): Promise<void> {
  return Promise.resolve();
}
