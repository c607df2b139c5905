import { beforeAll, describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../integration/support/run-command.ts';
import { runInPage } from '../runtime/support/page.ts';
import { findRuntimes } from '../runtime/support/runtimes.ts';
import type { Runtime } from '../runtime/support/runtimes.ts';
import { checkReading, nameHosts, taskOf } from './reading-check.ts';
import { createReadingContent } from './reading-content.ts';
import type { ReadingOutcome, ReadingTask } from './reading-runner.ts';
import type { ReadingScenario } from './reading-scenario.ts';
import { READING_SCENARIOS } from './reading-scenarios.ts';
import { createScript } from './script.ts';
import type { Script } from './script.ts';
import { STALLS_PATH, startScriptedServers } from './scripted-server.ts';
import type { ScriptedServers } from './scripted-server.ts';

const PROGRAM = fileURLToPath(new URL('reading-program.ts', import.meta.url));
const ALL = Object.values(READING_SCENARIOS).flat();
const LOSSY = ALL.filter(({ lossless }) => lossless !== true);
const IN_PAGES = LOSSY.filter(({ page }) => page !== false);

/** What one runtime made of one scenario. */
interface Run {
  readonly script: Script;
  readonly outcome: ReadingOutcome;
}

/** Has a runtime do all scenarios, one after another, each against hosts of its own in this process. */
async function runAll(
  scenarios: readonly ReadingScenario[],
  run: (tasks: readonly ReadingTask[]) => Promise<readonly ReadingOutcome[]>,
): Promise<ReadonlyMap<string, Run>> {
  const servers: ScriptedServers[] = [];
  try {
    const started = await Promise.all(
      scenarios.map(async (scenario) => {
        const script = createScript(content.sound, scenario.steps);
        const hosts = await startScriptedServers(script);
        servers.push(hosts);
        nameHosts(script, content, hosts);
        const task = { ...taskOf(scenario, script, hosts), stallsUrl: `${hosts.elsewhere}${STALLS_PATH}` };
        return { name: scenario.name, script, task };
      }),
    );
    const outcomes = await run(started.map(({ task }) => task));
    return new Map(
      started.map(({ name, script }, index) => [name, { script, outcome: outcomes[index] ?? { waits: [] } }]),
    );
  } finally {
    await Promise.all(servers.map((hosts) => hosts.stop()));
  }
}

let content: Awaited<ReturnType<typeof createReadingContent>>;
beforeAll(async () => {
  content = await createReadingContent();
});

const runtimes = findRuntimes();

describe.each(runtimes.filter(({ kind }) => kind === 'deno' || kind === 'bun'))('$name', (runtime) => {
  const scenarios = runtime.kind === 'bun' ? LOSSY : ALL;
  let runs: ReadonlyMap<string, Run>;
  beforeAll(async () => {
    runs = await runAll(scenarios, (tasks) => runInRuntime(runtime, tasks));
  });

  it.each(scenarios)('$name', (scenario) => {
    const run = runs.get(scenario.name);
    expect(run).toBeDefined();
    const lossy = runtime.kind === 'bun';
    if (run !== undefined) checkReading(scenario, run.outcome, run.script, content.blob, { lossy });
  });
});

describe.each(runtimes.filter(({ kind }) => kind === 'chromium'))('$name', ({ path }) => {
  let runs: ReadonlyMap<string, Run>;
  beforeAll(async () => {
    const module = { name: '../../faults/reading-runner.ts' };
    runs = await runAll(IN_PAGES, (tasks) =>
      runInPage(path, module, `runReadings(${JSON.stringify(tasks)})`),
    );
  });

  it.each(IN_PAGES)('$name', (scenario) => {
    const run = runs.get(scenario.name);
    expect(run).toBeDefined();
    if (run !== undefined) {
      checkReading(scenario, run.outcome, run.script, content.blob, { page: true, lossy: true });
    }
  });
});

async function runInRuntime(
  { path, scriptArguments }: Runtime,
  tasks: readonly ReadingTask[],
): Promise<readonly ReadingOutcome[]> {
  const args = [...scriptArguments, '--conditions=@stowage/source', PROGRAM, JSON.stringify(tasks)];
  return JSON.parse(await runCommand(path, args)) as ReadingOutcome[];
}
