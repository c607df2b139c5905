/** One thing to be timed. It returns when all of its work is done. */
export interface Contender {
  readonly name: string;
  run(): Promise<void> | void;
}

/** How two contenders compare. */
export interface Comparison {
  /** How many times as fast ours is: the median, over the rounds, of their time divided by ours. */
  readonly ratio: number;
  /** The median of our times, in milliseconds; for orientation only, machines differ. */
  readonly ours: number;
  readonly theirs: number;
}

/** Times two contenders in turn, after a round that does not count, so that a machine that drifts drifts for both. */
export async function compare(ours: Contender, theirs: Contender, rounds = 7): Promise<Comparison> {
  const times: { ours: number; theirs: number }[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const time = { ours: await timed(ours), theirs: await timed(theirs) };
    if (round >= 0) times.push(time);
  }
  return {
    ratio: median(times.map((time) => time.theirs / time.ours)),
    ours: median(times.map((time) => time.ours)),
    theirs: median(times.map((time) => time.theirs)),
  };
}

/** Prints a comparison as one line, with the goal beside the ratio where there is one. */
export function report(what: string, { ratio, ours, theirs }: Comparison, goal?: number): void {
  const verdict =
    goal === undefined ? 'no goal' : `goal ${goal.toFixed(1)} ${ratio >= goal ? 'met' : 'missed'}`;
  const times = `${ours.toFixed(0)} ms against ${theirs.toFixed(0)} ms`;
  console.log(`${what.padEnd(64)} ${ratio.toFixed(2).padStart(6)}   ${verdict}   (${times})`);
}

async function timed(contender: Contender): Promise<number> {
  const begun = performance.now();
  await contender.run();
  return performance.now() - begun;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
