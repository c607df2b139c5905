import { readFile, writeFile } from 'node:fs/promises';
import { runCommand } from '../../integration/support/run-command.ts';

/** What work took: milliseconds of wall time and of processor time, and the most memory at a time, bytes. */
export interface Usage {
  readonly wall: number;
  readonly cpu: number;
  /** Of the largest process. */
  readonly memory: number;
}

/** Runs the program that its arguments name; only then does it say what that took, its children included. */
const WRAPPER = `
import json, resource, subprocess, sys, time
begun = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
wall = time.perf_counter() - begun
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"wall": wall * 1000, "cpu": (used.ru_utime + used.ru_stime) * 1000, "memory": used.ru_maxrss * 1024}))
sys.exit(code)
`;

/** Runs a program to its end; Node tells nothing of its children, so that Python has to. */
export async function runMeasured(program: string, args: readonly string[]): Promise<Usage> {
  return JSON.parse(await runCommand('python3', ['-c', WRAPPER, program, ...args])) as Usage;
}

/** What work took that was done one after the other. */
export function sumOf(...usages: readonly Usage[]): Usage {
  return usages.reduce((sum, { wall, cpu, memory }) => ({
    wall: sum.wall + wall,
    cpu: sum.cpu + cpu,
    memory: Math.max(sum.memory, memory),
  }));
}

/** Does work in daemons, and tells what it took there, their children included that have ended. */
export async function measureDaemons(pids: readonly number[], work: () => Promise<unknown>): Promise<Usage> {
  // Forgets how large they have been.
  await Promise.all(pids.map((pid) => writeFile(`/proc/${String(pid)}/clear_refs`, '5')));
  const [begun, used] = [performance.now(), await cpuOf(pids)];
  await work();
  const wall = performance.now() - begun;
  const memory = Math.max(...(await Promise.all(pids.map((pid) => peakOf(pid)))));
  return { wall, cpu: (await cpuOf(pids)) - used, memory };
}

/** How long a tick of the kernel's accounts is, milliseconds: the same on every Linux. */
const TICK = 10;

async function cpuOf(pids: readonly number[]): Promise<number> {
  const times = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${String(pid)}/stat`, 'latin1');
      // What comes after the name, which may have anything in it: the times are the fields 14 to 17 of all.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * TICK, 0);
    }),
  );
  return times.reduce((sum, time) => sum + time, 0);
}

async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'latin1');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}
