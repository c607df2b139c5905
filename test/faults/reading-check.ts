import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { ReadingOutcome, ReadingTask } from './reading-runner.ts';
import type { ExpectedRequests, ReadingExpectation, ReadingScenario } from './reading-scenario.ts';
import { checkError, checkRequests, resolveNames } from './scenario-check.ts';
import type { Script } from './script.ts';
import type { ScriptedHosts } from './scripted-fetch.ts';

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

/**
 * Checks what came of a scenario against what had to.
 *
 * @param where what is different where it came of it. A browser may follow redirects by itself; it and Bun lose bytes
 *   that were on their way when a connection breaks, so that less comes of the blob, and more of it is asked for again
 */
export function checkReading(
  { steps, expect: expected, call, page }: ReadingScenario,
  outcome: ReadingOutcome,
  script: Script,
  blob: Uint8Array,
  where: { readonly page?: boolean; readonly lossy?: boolean } = {},
): void {
  const { error, value, waits } = resolveNames(expected, script.names) as ReadingExpectation;
  checkError(error, outcome.error);
  if (value !== undefined) expect(sorted(call.kind, outcome.value)).toEqual(sorted(call.kind, value));
  if (expected.blob !== undefined) {
    const [first, end] = expected.blob;
    const lost = where.lossy === true && error !== undefined && (outcome.length ?? 0) < end - first;
    const bytes = blob.subarray(first, lost ? first + (outcome.length ?? 0) : end);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    expect({ length: outcome.length, digest: outcome.digest }).toEqual({ length: bytes.length, digest });
  }
  const requests = where.page === true && page ? page.requests : expected.requests;
  const cut = steps.some(({ fault }) => fault.cutAfter !== undefined);
  if (cut && where.lossy === true) checkNumber(requests, script.requests.length);
  else checkRequests(requests, script.requests);
  if (waits !== undefined && !(cut && where.lossy === true)) expect(outcome.waits).toEqual(waits);
}

/** The number of requests, where one more or less may be needed. */
function checkNumber(expected: ExpectedRequests, number: number): void {
  if (typeof expected === 'object' && 'atLeast' in expected) return;
  const about = typeof expected === 'number' ? expected : expected.length;
  expect(Math.abs(number - about)).toBeLessThanOrEqual(1);
}

/** Referrers come in no order that means anything. */
function sorted(kind: string, value: unknown): unknown {
  return kind === 'referrers' && Array.isArray(value) ? [...(value as unknown[])].sort() : value;
}
