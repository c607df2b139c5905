import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInPage } from '../runtime/support/page.ts';
import { findRuntimes } from '../runtime/support/runtimes.ts';
import type { Runtime } from '../runtime/support/runtimes.ts';
import { checkPull, taskOf } from './pull-check.ts';
import { createPullContent } from './pull-content.ts';
import type { PullContent } from './pull-content.ts';
import type { PullOutcome, PullTask } from './pull-runner.ts';
import { PULL_SCENARIOS } from './pull-scenarios.ts';
import { runProgram, runScenarios } from './run-scenarios.ts';
import type { ScenarioRun } from './run-scenarios.ts';
import { createScript } from './script.ts';
import { startScriptedServers } from './scripted-server.ts';
import type { ScriptedServers } from './scripted-server.ts';

const PROGRAM = fileURLToPath(new URL('pull-program.ts', import.meta.url));
const MODULE = { name: '../../faults/pull-runner.ts' };

let folder: string;
let content: PullContent;
let sound: ScriptedServers;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stowage-faults-'));
  content = await createPullContent();
  sound = await startScriptedServers(createScript(content.sound, []));
});
afterAll(async () => {
  await sound.stop();
  await rm(folder, { recursive: true });
});

/** Into files in Deno and Bun, into the origin private file system of a page. */
function pullIn(runtime: Runtime, tasks: readonly PullTask[]): Promise<readonly PullOutcome[]> {
  return runtime.kind === 'chromium'
    ? runInPage(runtime.path, MODULE, `runPulls(${JSON.stringify(tasks)})`)
    : runProgram(runtime, PROGRAM, tasks);
}

describe.each(findRuntimes().filter(({ kind }) => kind !== 'node'))('$name', (runtime) => {
  let runs: ReadonlyMap<string, ScenarioRun<PullOutcome>>;
  beforeAll(async () => {
    const roots = runtime.kind === 'chromium' ? 'faults' : join(folder, runtime.kind);
    runs = await runScenarios(
      PULL_SCENARIOS,
      (scenario) =>
        Promise.resolve({ content, taskOf: (_script, hosts) => taskOf(scenario, roots, hosts, sound) }),
      (tasks) => pullIn(runtime, tasks),
    );
  });

  it.each(PULL_SCENARIOS)('$name', (scenario) => {
    const run = runs.get(scenario.name);
    expect(run?.outcome).toBeDefined();
    const [page, lossy] = [runtime.kind === 'chromium', runtime.kind !== 'deno'];
    if (run?.outcome !== undefined) checkPull(scenario, run.outcome, run.script, content, { page, lossy });
  });
});
