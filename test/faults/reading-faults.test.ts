import { beforeAll, describe, expect, it } from 'vitest';
import { checkReading, taskOf } from './reading-check.ts';
import { createReadingContent } from './reading-content.ts';
import type { ReadingContent } from './reading-content.ts';
import { runReading } from './reading-runner.ts';
import { READING_SCENARIOS } from './reading-scenarios.ts';
import { nameHosts } from './scenario-check.ts';
import { createScript } from './script.ts';
import { createScriptedFetch } from './scripted-fetch.ts';
import { startScriptedServers } from './scripted-server.ts';

let content: ReadingContent;
beforeAll(async () => {
  content = await createReadingContent();
});

it('the scenarios have names of their own, and there are enough of them', () => {
  const names = Object.values(READING_SCENARIOS).flatMap((group) => group.map(({ name }) => name));
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(45);
});

describe.each(Object.entries(READING_SCENARIOS))('%s, over sockets', (_group, scenarios) => {
  it.each(scenarios)('$name', async (scenario) => {
    const script = createScript(content.sound, scenario.steps);
    const servers = await startScriptedServers(script);
    try {
      nameHosts(script, content, servers);
      const outcome = await runReading(taskOf(scenario, script, servers), {
        stalled: (signal) => servers.stalls.some(signal),
      });
      checkReading(scenario, outcome, script, content.blob);
      // Nothing is left half open: every answer is at its end, or its connection is.
      await servers.idle();
    } finally {
      await servers.stop();
    }
  });
});

describe.each(Object.entries(READING_SCENARIOS))('%s, without a network', (_group, scenarios) => {
  it.each(scenarios)('$name', async (scenario) => {
    const script = createScript(content.sound, scenario.steps);
    const hosts = createScriptedFetch(script);
    nameHosts(script, content, hosts);
    const outcome = await runReading(taskOf(scenario, script, hosts), {
      fetch: hosts.fetch,
      stalled: (signal) => hosts.stalls.some(signal),
    });
    checkReading(scenario, outcome, script, content.blob);
  });
});
