import { expect } from 'vitest';
import { checkError, checkRequests, resolveNames } from './scenario-check.ts';
import type { Script } from './script.ts';
import type { ScriptedHosts } from './scripted-fetch.ts';
import type { WritingContent } from './writing-content.ts';
import type { WritingOutcome, WritingTask } from './writing-runner.ts';
import type { WritingExpectation, WritingScenario } from './writing-scenario.ts';

/** A scenario as a runtime is to be given it. */
export function taskOf(
  { call, auth }: WritingScenario,
  { documents }: WritingContent,
  script: Script,
  hosts: ScriptedHosts,
): WritingTask {
  const task = { registry: hosts.registry, call, ...(auth === undefined ? {} : { auth }) };
  const document = call.kind === 'put' ? { document: documents[call.document] ?? '' } : {};
  return { ...(resolveNames(task, script.names) as WritingTask), ...document };
}

/**
 * Checks what came of a scenario, and what the registry has afterwards, against what had to.
 *
 * @param where what is different where it came of it: whether it is a page, and whether the runtime sends a request once
 *   more by itself when its connection breaks
 */
export async function checkWriting(
  { steps, call, expect: expected, page }: WritingScenario,
  outcome: WritingOutcome,
  script: Script,
  content: WritingContent,
  where: { readonly page?: boolean; readonly resends?: boolean } = {},
): Promise<void> {
  const { error, value, waits, fallback, tags } = resolveNames(expected, script.names) as WritingExpectation;
  checkError(error, outcome.error);
  if (value !== undefined) expect(outcome.value).toEqual(value);
  const resent = where.resends === true && steps.some(({ fault }) => fault.drop === true);
  const requests = where.page === true && page ? page.requests : expected.requests;
  if (!resent) checkRequests(requests, script.requests);
  // Nobody else is told who asks.
  expect(script.requests.filter((line) => /^elsewhere .* as /.test(line))).toEqual([]);
  if (waits !== undefined && !resent) expect(outcome.waits).toEqual(waits);
  const digest = script.names.get(
    call.kind === 'upload' && call.algorithm === 'sha512' ? '{blob-512}' : '{blob}',
  );
  const isUploaded =
    error === undefined && (call.kind === 'upload' || (call.kind === 'mount' && call.upload === true));
  expect(await content.hasBlob(digest ?? '')).toBe(expected.blob ?? isUploaded);
  expect(await content.fallback()).toEqual(fallback);
  if (tags !== undefined) expect([...(await content.tags())].sort()).toEqual([...tags].sort());
}
