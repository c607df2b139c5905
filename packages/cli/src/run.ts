import { CommanderError } from 'commander';
import type { Environment } from './environment.ts';
import { errorLine } from './error-line.ts';
import { BrokenPipe, Interruption } from './interruption.ts';
import { createProgram } from './program.ts';
import { UsageError } from './usage-error.ts';

/**
 * Runs the `stowage` command. It ends no process: what it was asked to do is done, or undone, when the promise resolves.
 *
 * @param args what stands after the command's name
 * @param environment the world around the command
 * @returns the exit code: 0 done, 1 failed, 2 bad usage, or what the reason of the signal says when it is interrupted
 *
 * @example
 * ```ts
 * import { run } from '@stowage/cli';
 *
 * const exitCode = await run(['--version'], {
 *   stdout: process.stdout,
 *   stderr: process.stderr,
 *   stdin: process.stdin,
 *   env: process.env,
 *   cwd: process.cwd(),
 *   home: '/home/me',
 *   signal: new AbortController().signal,
 * });
 * console.log(exitCode); // 0
 * ```
 */
export async function run(args: readonly string[], environment: Environment): Promise<number> {
  const { stdout, stderr } = environment;
  const broken = new AbortController();
  const onError = (error: NodeJS.ErrnoException): void => {
    broken.abort(error.code === 'EPIPE' ? new BrokenPipe() : error);
  };
  stdout.on('error', onError);
  const signal = AbortSignal.any([environment.signal, broken.signal]);
  try {
    await createProgram({ ...environment, signal }).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const reason: unknown = signal.reason;
    if (reason instanceof BrokenPipe) return 0;
    if (reason instanceof Interruption) return reason.exitCode;
    stderr.write(errorLine(error));
    return error instanceof UsageError ? 2 : 1;
  } finally {
    stdout.removeListener('error', onError);
  }
}
