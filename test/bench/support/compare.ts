/** One thing to be timed. It returns when all of its work is done. */
export interface Contender {
  readonly name: string;
  run(): Promise<void> | void;
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
}

/** Times, in milliseconds. */
interface Cost {
  readonly wall: number;
  readonly cpu: number | undefined;
}

/** Times two contenders in turn, after a round that does not count, so that a machine that drifts drifts for both. */
export async function compare(ours: Contender, theirs: Contender, rounds = 7): Promise<Comparison> {
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
  };
}

/** Prints a comparison as one line, with the goal beside the ratio where there is one. */
export function report(what: string, { ratio, ours, theirs }: Comparison, goal?: number): void {
  const verdict =
    goal === undefined ? 'no goal' : `goal ${goal.toFixed(1)} ${ratio >= goal ? 'met' : 'missed'}`;
  const times = `${ours.toFixed(0)} ms against ${theirs.toFixed(0)} ms`;
  console.log(`${what.padEnd(64)} ${ratio.toFixed(2).padStart(6)}   ${verdict}   (${times})`);
}

/** The best of a few runs, in milliseconds. */
export async function best(contender: Contender, runs: number): Promise<number> {
  let least = Infinity;
  for (let run = 0; run < runs; run += 1) least = Math.min(least, (await timed(contender)).wall);
  return least;
}

async function timed(contender: Contender): Promise<Cost> {
  const [begun, used] = [performance.now(), cpuTime()];
  await contender.run();
  const [ended, usedThen] = [performance.now(), cpuTime()];
  return {
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
