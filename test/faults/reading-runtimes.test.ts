import { beforeAll, describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { runInPage } from '../runtime/support/page.ts';
import { findRuntimes } from '../runtime/support/runtimes.ts';
import { checkReading, taskOf } from './reading-check.ts';
import { createReadingContent } from './reading-content.ts';
import type { ReadingOutcome, ReadingTask } from './reading-runner.ts';
import type { ReadingScenario } from './reading-scenario.ts';
import { READING_SCENARIOS } from './reading-scenarios.ts';
import { runProgram, runScenarios } from './run-scenarios.ts';
import type { RunTasks, ScenarioRun } from './run-scenarios.ts';

const PROGRAM = fileURLToPath(new URL('reading-program.ts', import.meta.url));
const ALL = Object.values(READING_SCENARIOS).flat();
const LOSSY = ALL.filter(({ lossless }) => lossless !== true);
const IN_PAGES = LOSSY.filter(({ page }) => page !== false);

function runAll(
  scenarios: readonly ReadingScenario[],
  run: RunTasks<ReadingTask, ReadingOutcome>,
): Promise<ReadonlyMap<string, ScenarioRun<ReadingOutcome>>> {
  return runScenarios(
    scenarios,
    (scenario) => Promise.resolve({ content, taskOf: (script, hosts) => taskOf(scenario, script, hosts) }),
    run,
  );
}

let content: Awaited<ReturnType<typeof createReadingContent>>;
beforeAll(async () => {
  content = await createReadingContent();
});

const runtimes = findRuntimes();

describe.each(runtimes.filter(({ kind }) => kind === 'deno' || kind === 'bun'))('$name', (runtime) => {
  const scenarios = runtime.kind === 'bun' ? LOSSY : ALL;
  let runs: ReadonlyMap<string, ScenarioRun<ReadingOutcome>>;
  beforeAll(async () => {
    runs = await runAll(scenarios, (tasks) => runProgram(runtime, PROGRAM, tasks));
  });

  it.each(scenarios)('$name', (scenario) => {
    const run = runs.get(scenario.name);
    expect(run?.outcome).toBeDefined();
    const lossy = runtime.kind === 'bun';
    if (run?.outcome !== undefined) checkReading(scenario, run.outcome, run.script, content.blob, { lossy });
  });
});

describe.each(runtimes.filter(({ kind }) => kind === 'chromium'))('$name', ({ path }) => {
  let runs: ReadonlyMap<string, ScenarioRun<ReadingOutcome>>;
  beforeAll(async () => {
    const module = { name: '../../faults/reading-runner.ts' };
    runs = await runAll(IN_PAGES, (tasks) =>
      runInPage(path, module, `runReadings(${JSON.stringify(tasks)})`),
    );
  });

  it.each(IN_PAGES)('$name', (scenario) => {
    const run = runs.get(scenario.name);
    expect(run?.outcome).toBeDefined();
    if (run?.outcome !== undefined) {
      checkReading(scenario, run.outcome, run.script, content.blob, { page: true, lossy: true });
    }
  });
});
