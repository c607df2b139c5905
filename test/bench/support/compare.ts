import type { Usage } from './usage.ts';

/** One thing to be timed. It returns when all of its work is done. */
export interface Contender {
  readonly name: string;
  run(): Promise<void> | void;
}

/** One thing that is done by other processes, and tells what it took them. */
export interface MeasuredContender {
  readonly name: string;
  /** Makes ready for a run; this takes no part in it. */
  prepare(): Promise<void>;
  measure(): Promise<Usage>;
}

/** How two contenders compare. */
export interface Comparison {
  /** How many times as fast ours is: the median, over the rounds, of their time divided by ours. */
  readonly ratio: number;
  /** The same of processor time of the whole process, where the runtime tells it. */
  readonly cpuRatio: number | undefined;
  /** The median of our times, in milliseconds; for orientation only, machines differ. */
  readonly ours: number;
  readonly theirs: number;
  /** The medians of what each used besides, where it tells. */
  readonly usages: { readonly ours: Usage | undefined; readonly theirs: Usage | undefined };
}

/** Times, in milliseconds. */
interface Cost {
  readonly wall: number;
  readonly cpu: number | undefined;
  readonly usage: Usage | undefined;
}

/** Times two contenders in turn, after a round that does not count, so that a machine that drifts drifts for both. */
export async function compare<Kind extends Contender | MeasuredContender>(
  ours: Kind,
  theirs: Kind,
  rounds = 7,
): Promise<Comparison> {
  const costs: { readonly ours: Cost; readonly theirs: Cost }[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const cost = { ours: await timed(ours), theirs: await timed(theirs) };
    if (round >= 0) costs.push(cost);
  }
  const cpu = costs.flatMap((cost) =>
    cost.theirs.cpu === undefined || cost.ours.cpu === undefined ? [] : [cost.theirs.cpu / cost.ours.cpu],
  );
  return {
    ratio: median(costs.map((cost) => cost.theirs.wall / cost.ours.wall)),
    cpuRatio: cpu.length === 0 ? undefined : median(cpu),
    ours: median(costs.map((cost) => cost.ours.wall)),
    theirs: median(costs.map((cost) => cost.theirs.wall)),
    usages: {
      ours: medianUsage(costs.map((cost) => cost.ours.usage)),
      theirs: medianUsage(costs.map((cost) => cost.theirs.usage)),
    },
  };
}

function medianUsage(usages: readonly (Usage | undefined)[]): Usage | undefined {
  const told = usages.filter((usage) => usage !== undefined);
  if (told.length === 0) return undefined;
  const of = (key: keyof Usage): number => median(told.map((usage) => usage[key]));
  return { wall: of('wall'), cpu: of('cpu'), memory: of('memory') };
}

/** Prints a comparison as one line, with the goal beside the ratio where there is one. */
export function report(what: string, { ratio, ours, theirs, usages }: Comparison, goal?: number): void {
  const verdict =
    goal === undefined ? 'no goal' : `goal ${goal.toFixed(1)} ${ratio >= goal ? 'met' : 'missed'}`;
  const times = `${ours.toFixed(0)} ms against ${theirs.toFixed(0)} ms`;
  console.log(`${what.padEnd(64)} ${ratio.toFixed(2).padStart(6)}   ${verdict}   (${times})`);
  if (usages.ours === undefined || usages.theirs === undefined) return;
  console.log(`${''.padEnd(4)}${describeUsage(usages.ours)} against ${describeUsage(usages.theirs)}`);
}

function describeUsage({ cpu, memory }: Usage): string {
  return `${(cpu / 1000).toFixed(2)} s of processor, at most ${(memory / 1e6).toFixed(0)} MB`;
}

/** The best of a few runs, in milliseconds. */
export async function best(contender: Contender, runs: number): Promise<number> {
  let least = Infinity;
  for (let run = 0; run < runs; run += 1) least = Math.min(least, (await timed(contender)).wall);
  return least;
}

async function timed(contender: Contender | MeasuredContender): Promise<Cost> {
  if ('measure' in contender) {
    await contender.prepare();
    const usage = await contender.measure();
    return { wall: usage.wall, cpu: usage.cpu, usage };
  }
  const [begun, used] = [performance.now(), cpuTime()];
  await contender.run();
  const [ended, usedThen] = [performance.now(), cpuTime()];
  return {
    usage: undefined,
    wall: ended - begun,
    cpu: used === undefined || usedThen === undefined ? undefined : usedThen - used,
  };
}

/** Processor time of the process with all its threads, in milliseconds; a page cannot know it. */
function cpuTime(): number | undefined {
  const { process } = globalThis as { process?: { cpuUsage?(): { user: number; system: number } } };
  const usage = process?.cpuUsage?.();
  return usage === undefined ? undefined : (usage.user + usage.system) / 1000;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
