import type { Environment } from '../environment.ts';
import { run } from '../run.ts';
import { CapturedStream } from './captured-stream.ts';

/** What a command left behind. */
export interface CommandOutcome {
  readonly code: number;
  readonly stdout: CapturedStream;
  readonly stderr: CapturedStream;
}

/** An environment in which nothing is set; the streams keep what is written. */
export function testEnvironment(overrides: Partial<Environment> = {}): Environment & {
  readonly stdout: Environment['stdout'];
} {
  return {
    stdout: new CapturedStream(),
    stderr: new CapturedStream(),
    stdin: emptyInput(),
    env: {},
    cwd: '/nowhere',
    home: '/nowhere',
    signal: new AbortController().signal,
    ...overrides,
  };
}

/** Runs the command in this process. */
export async function runCommand(
  args: readonly string[],
  overrides: Partial<Environment> = {},
): Promise<CommandOutcome> {
  const stdout = new CapturedStream();
  const stderr = new CapturedStream();
  const environment = testEnvironment({ stdout, stderr, ...overrides });
  return { code: await run(args, environment), stdout, stderr };
}

/** Standard input with that text. */
export async function* textInput(text: string): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield new TextEncoder().encode(text);
}

async function* emptyInput(): AsyncGenerator<Uint8Array> {
  // Nothing comes.
}
