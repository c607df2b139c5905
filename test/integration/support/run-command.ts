import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Runs a program to its end and answers what it wrote to standard output. */
export async function runCommand(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const { stdout } = await exec(program, args, {
    maxBuffer: 256 * 1024 * 1024,
    ...(cwd === undefined ? {} : { cwd }),
  });
  return stdout;
}
