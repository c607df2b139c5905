import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Readable, Writable } from 'node:stream';
import { bundleScript } from './bundle-script.ts';

/** A process that runs a script: it is talked to over its standard input and output. */
export type Child = ChildProcessByStdio<Writable, Readable, null>;

/** A script in TypeScript that runs in processes of its own, in every Node: it is bundled first. */
export interface ChildScript {
  /** Starts a process. */
  start(...args: readonly string[]): Child;
  /** Ends by SIGKILL whatever still runs. */
  killAll(): Promise<void>;
  /** Kills what still runs and removes the bundle. */
  remove(): Promise<void>;
}

/** Bundles the script at `source`, a URL, with the packages of this repository as they are. */
export async function buildChildScript(source: URL): Promise<ChildScript> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-script-'));
  const outfile = join(directory, 'child.mjs');
  await bundleScript(source, outfile);
  const running = new Set<Child>();
  const killAll = async (): Promise<void> => {
    await Promise.all(
      [...running].map(async (child) => {
        const exit = exitOf(child);
        child.kill('SIGKILL');
        await exit;
      }),
    );
  };
  return {
    start: (...args) => {
      const child = spawn(process.execPath, [outfile, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
      // A process that was killed takes nothing any more.
      child.stdin.on('error', () => undefined);
      running.add(child);
      child.once('exit', () => running.delete(child));
      return child;
    },
    killAll,
    remove: async () => {
      await killAll();
      await rm(directory, { recursive: true });
    },
  };
}

/** Resolves once the process has written its first line, or has ended. */
export async function firstLine(child: Child): Promise<void> {
  await Promise.race([once(child.stdout, 'data'), exitOf(child)]);
}

/** The exit code of a process; `undefined` when a signal ended it. */
export async function exitOf(child: Child): Promise<number | undefined> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? undefined;
}
