import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkPull, taskOf } from './pull-check.ts';
import { createPullContent } from './pull-content.ts';
import type { PullContent } from './pull-content.ts';
import { runPull } from './pull-runner.ts';
import { PULL_SCENARIOS } from './pull-scenarios.ts';
import { nameHosts } from './scenario-check.ts';
import { createScript } from './script.ts';
import { startScriptedServers } from './scripted-server.ts';
import type { ScriptedServers } from './scripted-server.ts';

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

it('the scenarios have names of their own, and there are enough of them', () => {
  expect(new Set(PULL_SCENARIOS.map(({ name }) => name)).size).toBe(PULL_SCENARIOS.length);
  expect(PULL_SCENARIOS.length).toBeGreaterThanOrEqual(60);
});

describe('a pull from a registry at fault', () => {
  it.each(PULL_SCENARIOS)('$name', async (scenario) => {
    const script = createScript(content.sound, scenario.steps);
    const servers = await startScriptedServers(script);
    try {
      nameHosts(script, content, servers);
      const outcome = await runPull(taskOf(scenario, folder, servers, sound), {
        stalled: (signal) => servers.stalls.some(signal),
      });
      checkPull(scenario, outcome, script, content);
      // Nothing is left half open: every answer is at its end, or its connection is.
      await servers.idle();
      await sound.idle();
    } finally {
      await servers.stop();
    }
  });
});
