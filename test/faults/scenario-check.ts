import { expect } from 'vitest';
import type { ExpectedError, ExpectedRequests } from './reading-scenario.ts';
import type { Script } from './script.ts';
import type { ScriptedHosts } from './scripted-fetch.ts';

/** Tells a script what the names of its scenario stand for. */
export function nameHosts(
  script: Script,
  content: { readonly names: ReadonlyMap<string, string> },
  hosts: ScriptedHosts,
): void {
  for (const [name, value] of content.names) script.names.set(name, value);
  script.names.set('{registry}', hosts.registry);
  script.names.set('{elsewhere}', hosts.elsewhere);
}

/** A value of a scenario with everything in place of its names. */
export function resolveNames(value: unknown, names: ReadonlyMap<string, string>): unknown {
  let text = JSON.stringify(value);
  for (const [name, stands] of names) text = text.replaceAll(name, stands);
  return JSON.parse(text);
}

/** Checks how a call failed, or that it did not. */
export function checkError(expected: ExpectedError | undefined, error: unknown): void {
  if (expected === undefined) expect(error).toBeUndefined();
  else if (typeof expected === 'string') expect(error).toBe(expected);
  else {
    const { message, ...rest } = expected;
    expect(error).toMatchObject(rest);
    if (message !== undefined) {
      expect(error).toMatchObject({ message: expect.stringContaining(message) as string });
    }
  }
}

/** Checks the requests that were sent. */
export function checkRequests(expected: ExpectedRequests, requests: readonly string[]): void {
  if (typeof expected === 'number') expect(requests).toHaveLength(expected);
  else if ('atLeast' in expected) {
    expect(requests.length).toBeGreaterThanOrEqual(expected.atLeast);
    expect(requests.length).toBeLessThanOrEqual(expected.atMost);
  } else expect(requests).toEqual(expected);
}
