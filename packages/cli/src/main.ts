#!/usr/bin/env node
import { homedir } from 'node:os';
import process from 'node:process';
import { Interruption, run } from './index.ts';
import type { EndSignal } from './index.ts';

const interrupted = new AbortController();
// The first signal ends the command in good order; the next one, unhandled, ends the process.
for (const name of ['SIGINT', 'SIGTERM'] satisfies EndSignal[]) {
  process.once(name, () => {
    interrupted.abort(new Interruption(name));
  });
}
// An error that comes when the command is over harms nobody.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const { stdout, stderr, stdin, env } = process;
const { signal } = interrupted;
process.exitCode = await run(process.argv.slice(2), {
  stdout,
  stderr,
  stdin,
  env,
  cwd: process.cwd(),
  home: homedir(),
  signal,
});
// What was interrupted may have left something open, such as standard input.
if (signal.aborted) process.exit();
