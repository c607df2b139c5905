import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { ReadingOutcome, ReadingTask } from './reading-runner.ts';
import type { ReadingContent } from './reading-content.ts';
import type { ExpectedRequests, ReadingExpectation, ReadingScenario } from './reading-scenario.ts';
import type { Script } from './script.ts';
import type { ScriptedHosts } from './scripted-fetch.ts';

/** Tells a script what the names of its scenario stand for. */
export function nameHosts(script: Script, content: ReadingContent, hosts: ScriptedHosts): void {
  for (const [name, value] of content.names) script.names.set(name, value);
  script.names.set('{registry}', hosts.registry);
  script.names.set('{elsewhere}', hosts.elsewhere);
}

/** A scenario as a runtime is to be given it. */
export function taskOf(
  { call, layout, auth }: ReadingScenario,
  script: Script,
  hosts: ScriptedHosts,
): ReadingTask {
  const task = {
    registry: hosts.registry,
    call,
    layout: layout === true,
    ...(auth === undefined ? {} : { auth }),
  };
  return resolveNames(task, script.names) as ReadingTask;
}

/** Checks what came of a scenario against what had to. */
export function checkReading(
  { expect: expected, call }: ReadingScenario,
  outcome: ReadingOutcome,
  script: Script,
  blob: Uint8Array,
  requests: ExpectedRequests = expected.requests,
): void {
  const { error, value, waits } = resolveNames(expected, script.names) as ReadingExpectation;
  if (error === undefined) expect(outcome.error).toBeUndefined();
  else if (typeof error === 'string') expect(outcome.error).toBe(error);
  else {
    const { message, ...rest } = error;
    expect(outcome.error).toMatchObject(rest);
    if (message !== undefined)
      expect(outcome.error).toMatchObject({ message: expect.stringContaining(message) as string });
  }
  if (value !== undefined) expect(sorted(call.kind, outcome.value)).toEqual(sorted(call.kind, value));
  if (expected.blob !== undefined) {
    const [first, end] = expected.blob;
    const bytes = blob.subarray(first, end);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    expect({ length: outcome.length, digest: outcome.digest }).toEqual({ length: bytes.length, digest });
  }
  if (typeof requests === 'number') expect(script.requests).toHaveLength(requests);
  else if ('atLeast' in requests) {
    expect(script.requests.length).toBeGreaterThanOrEqual(requests.atLeast);
    expect(script.requests.length).toBeLessThanOrEqual(requests.atMost);
  } else expect(script.requests).toEqual(requests);
  if (waits !== undefined) expect(outcome.waits).toEqual(waits);
}

/** Referrers come in no order that means anything. */
function sorted(kind: string, value: unknown): unknown {
  return kind === 'referrers' && Array.isArray(value) ? [...(value as unknown[])].sort() : value;
}

function resolveNames(value: unknown, names: ReadonlyMap<string, string>): unknown {
  let text = JSON.stringify(value);
  for (const [name, stands] of names) text = text.replaceAll(name, stands);
  return JSON.parse(text);
}
