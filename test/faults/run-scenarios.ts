import { runCommand } from '../integration/support/run-command.ts';
import type { Runtime } from '../runtime/support/runtimes.ts';
import { nameHosts } from './scenario-check.ts';
import { createScript } from './script.ts';
import type { ScenarioStep, Script, SoundHandler } from './script.ts';
import type { ScriptedHosts } from './scripted-fetch.ts';
import { STALLS_PATH, startScriptedServers } from './scripted-server.ts';
import type { ScriptedServers } from './scripted-server.ts';

/** What one runtime made of one scenario. */
export interface ScenarioRun<Outcome> {
  readonly script: Script;
  /** `undefined` where the runtime told of none. */
  readonly outcome: Outcome | undefined;
}

/** What a scenario takes place with. */
export interface ScenarioStage<Task> {
  readonly content: { readonly sound: SoundHandler; readonly names: ReadonlyMap<string, string> };
  readonly taskOf: (script: Script, hosts: ScriptedHosts) => Task;
}

/** Has a runtime do tasks, one after the other. */
export type RunTasks<Task, Outcome> = (tasks: readonly Task[]) => Promise<readonly Outcome[]>;

/** Has a runtime do all scenarios, one after another, each against hosts of its own in this process. */
export async function runScenarios<
  Scenario extends { readonly name: string; readonly steps: readonly ScenarioStep[] },
  Task,
  Outcome,
>(
  scenarios: readonly Scenario[],
  prepare: (scenario: Scenario) => Promise<ScenarioStage<Task>>,
  run: RunTasks<Task & { readonly stallsUrl: string }, Outcome>,
): Promise<ReadonlyMap<string, ScenarioRun<Outcome>>> {
  const servers: ScriptedServers[] = [];
  try {
    const started = await Promise.all(
      scenarios.map(async (scenario) => {
        const { content, taskOf } = await prepare(scenario);
        const script = createScript(content.sound, scenario.steps);
        const hosts = await startScriptedServers(script);
        servers.push(hosts);
        nameHosts(script, content, hosts);
        const task = { ...taskOf(script, hosts), stallsUrl: `${hosts.elsewhere}${STALLS_PATH}` };
        return { name: scenario.name, script, task };
      }),
    );
    const outcomes = await run(started.map(({ task }) => task));
    return new Map(started.map(({ name, script }, index) => [name, { script, outcome: outcomes[index] }]));
  } finally {
    await Promise.all(servers.map((hosts) => hosts.stop()));
  }
}

/** Has Deno or Bun run a program that takes tasks and prints what came of them, both as JSON. */
export async function runProgram<Outcome>(
  { path, scriptArguments }: Runtime,
  program: string,
  tasks: readonly unknown[],
): Promise<readonly Outcome[]> {
  const args = [...scriptArguments, '--conditions=@stowage/source', program, JSON.stringify(tasks)];
  return JSON.parse(await runCommand(path, args)) as Outcome[];
}
