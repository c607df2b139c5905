import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';

/** How long a daemon may take to begin: only one that hangs takes that long, on a busy machine too. */
const PATIENCE = 60_000;

/** A running daemon. */
export interface Daemon {
  readonly pid: number;
  /** Ends it and waits for its end. */
  stop(): Promise<void>;
}

/** Starts a program that logs to standard error, and waits for a line of its log with `ready` in it. */
export async function startDaemon(program: string, args: readonly string[], ready: string): Promise<Daemon> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  const exited = once(child, 'exit');
  const log: string[] = [];
  const lines = createInterface(child.stderr);
  const timer = setTimeout(kill, PATIENCE);
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      log.push(line);
      if (line.includes(ready)) resolve();
    });
    exited.then(() => {
      reject(new Error(`${program} did not start:\n${log.slice(-20).join('\n')}`));
    }, reject);
  }).finally(() => {
    clearTimeout(timer);
  });
  return {
    pid: child.pid ?? 0,
    stop: async () => {
      const hanging = setTimeout(kill, PATIENCE);
      child.kill('SIGTERM');
      await exited;
      clearTimeout(hanging);
      process.off('exit', kill);
    },
  };
}
