import { deferred } from '../shared/deferred.ts';
import type { TransferContext, TransferJob } from '../shared/transfer.ts';

/** A job that does nothing until the test says so. */
export class ScriptedJob<T = string> {
  /** How often it was started. */
  runs = 0;
  /** What it was given when it was started last. */
  context: TransferContext | undefined;
  #end = deferred<T>();
  readonly #obeysAbort: boolean;

  /** @param obeysAbort whether an abort ends it at once, or it winds down for as long as the test likes */
  constructor(obeysAbort = true) {
    this.#obeysAbort = obeysAbort;
  }

  readonly run: TransferJob<T> = (context) => {
    this.runs += 1;
    this.context = context;
    this.#end = deferred<T>();
    if (this.#obeysAbort) {
      context.signal.addEventListener('abort', () => {
        this.fail(context.signal.reason);
      });
    }
    return this.#end.promise;
  };

  finish(value: T): void {
    this.#end.resolve(value);
  }

  fail(reason: unknown): void {
    this.#end.reject(reason);
  }
}
