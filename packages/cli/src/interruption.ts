/** Exit codes of commands that were ended by a signal: 128 and its number. */
const EXIT_CODES: Readonly<Record<EndSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** A signal that ends a command in good order. */
export type EndSignal = 'SIGINT' | 'SIGTERM';

/**
 * Why a command was ended early: the reason to abort its signal with, so that it exits as a process that the signal
 * ended.
 *
 * @example
 * ```ts
 * import { Interruption } from '@stowage/cli';
 *
 * const interrupted = new AbortController();
 * interrupted.abort(new Interruption('SIGINT'));
 * console.log(interrupted.signal.reason.exitCode); // 130
 * ```
 */
export class Interruption extends Error {
  override readonly name: string = 'Interruption';
  /** What the command exits with. */
  readonly exitCode: number;

  constructor(signal: EndSignal) {
    super(`interrupted by ${signal}`);
    this.exitCode = EXIT_CODES[signal];
  }
}

/** Nobody reads standard output any more, as when `head` has seen enough. */
export class BrokenPipe extends Error {
  override readonly name: string = 'BrokenPipe';
}
