import { describe, expect, it } from 'vitest';
import { nameHosts } from './scenario-check.ts';
import { createScript } from './script.ts';
import { createScriptedFetch } from './scripted-fetch.ts';
import { startScriptedServers } from './scripted-server.ts';
import { checkWriting, taskOf } from './writing-check.ts';
import { createWritingContent } from './writing-content.ts';
import { runWriting } from './writing-runner.ts';
import { WRITING_SCENARIOS } from './writing-scenarios.ts';

it('the scenarios have names of their own, and there are enough of them', () => {
  const names = Object.values(WRITING_SCENARIOS).flatMap((group) => group.map(({ name }) => name));
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(60);
});

describe.each(Object.entries(WRITING_SCENARIOS))('%s, over sockets', (_group, scenarios) => {
  it.each(scenarios)('$name', async (scenario) => {
    const content = await createWritingContent(scenario);
    const script = createScript(content.sound, scenario.steps);
    const servers = await startScriptedServers(script);
    try {
      nameHosts(script, content, servers);
      const outcome = await runWriting(taskOf(scenario, content, script, servers), {
        stalled: (signal) => servers.stalls.some(signal),
      });
      // Nothing is left half open: every answer is at its end, or its connection is.
      await servers.idle();
      await checkWriting(scenario, outcome, script, content);
    } finally {
      await servers.stop();
    }
  });
});

describe.each(Object.entries(WRITING_SCENARIOS))('%s, without a network', (_group, scenarios) => {
  it.each(scenarios)('$name', async (scenario) => {
    const content = await createWritingContent(scenario);
    const script = createScript(content.sound, scenario.steps);
    const hosts = createScriptedFetch(script);
    nameHosts(script, content, hosts);
    const outcome = await runWriting(taskOf(scenario, content, script, hosts), {
      fetch: hosts.fetch,
      stalled: (signal) => hosts.stalls.some(signal),
    });
    await checkWriting(scenario, outcome, script, content);
  });
});
