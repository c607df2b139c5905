import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { runInPage } from '../runtime/support/page.ts';
import { findRuntimes } from '../runtime/support/runtimes.ts';
import { runProgram, runScenarios } from './run-scenarios.ts';
import type { RunTasks, ScenarioRun } from './run-scenarios.ts';
import type { Script } from './script.ts';
import type { ScriptedHosts } from './scripted-fetch.ts';
import { checkWriting, taskOf } from './writing-check.ts';
import { createWritingContent } from './writing-content.ts';
import type { WritingContent } from './writing-content.ts';
import type { WritingOutcome, WritingTask } from './writing-runner.ts';
import type { WritingScenario } from './writing-scenario.ts';
import { WRITING_SCENARIOS } from './writing-scenarios.ts';

const PROGRAM = fileURLToPath(new URL('writing-program.ts', import.meta.url));
const MODULE = { name: '../../faults/writing-runner.ts' };
const ALL = Object.values(WRITING_SCENARIOS)
  .flat()
  .filter(({ portable }) => portable !== false);
const IN_PAGES = ALL.filter(({ page }) => page !== false);

const runtimes = findRuntimes().filter(({ kind }) => kind !== 'node');

describe.each(runtimes)('$name', (runtime) => {
  const inPage = runtime.kind === 'chromium';
  const scenarios = inPage ? IN_PAGES : ALL;
  const contents = new Map<string, WritingContent>();
  let runs: ReadonlyMap<string, ScenarioRun<WritingOutcome>>;
  beforeAll(async () => {
    const run: RunTasks<WritingTask, WritingOutcome> = (tasks) =>
      inPage
        ? runInPage(runtime.path, MODULE, `runWritings(${JSON.stringify(tasks)})`)
        : runProgram(runtime, PROGRAM, tasks);
    const prepare = async (scenario: WritingScenario) => {
      const content = await createWritingContent(scenario);
      contents.set(scenario.name, content);
      return {
        content,
        taskOf: (script: Script, hosts: ScriptedHosts) => taskOf(scenario, content, script, hosts),
      };
    };
    runs = await runScenarios(scenarios, prepare, run);
  });

  it.each(scenarios)('$name', async (scenario) => {
    const { script, outcome } = runs.get(scenario.name) ?? {};
    const content = contents.get(scenario.name);
    expect(outcome).toBeDefined();
    if (outcome === undefined || script === undefined || content === undefined) return;
    await checkWriting(scenario, outcome, script, content, { page: inPage, resends: true });
  });
});
