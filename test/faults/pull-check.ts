import { join } from 'node:path';
import { expect } from 'vitest';
import type { PullContent } from './pull-content.ts';
import type { PullAttempt, PullOutcome, PullTask } from './pull-runner.ts';
import type { PullScenario } from './pull-scenario.ts';
import { checkError } from './scenario-check.ts';
import type { Script } from './script.ts';
import type { ScriptedHosts } from './scripted-fetch.ts';

/** A scenario as a runtime is to be given it: in a folder of its own, and with a sound registry beside the one at fault. */
export function taskOf(
  { name }: PullScenario,
  folder: string,
  hosts: ScriptedHosts,
  sound: ScriptedHosts,
): PullTask {
  const referenceAt = ({ registry }: ScriptedHosts): string => `${new URL(registry).host}/team/app:v1`;
  return {
    root: join(folder, name.replaceAll(/[^a-z]+/gi, '-')),
    reference: referenceAt(hosts),
    soundReference: referenceAt(sound),
  };
}

/**
 * Checks what came of a scenario against what had to.
 *
 * @param where what is different where it came of it: Bun and browsers lose bytes that were on their way when a
 *   connection breaks, so that a layer goes on from an earlier byte than where it was cut
 */
export function checkPull(
  scenario: PullScenario,
  { first, second }: PullOutcome,
  script: Script,
  content: PullContent,
  where: { readonly page?: boolean; readonly lossy?: boolean } = {},
): void {
  const { error, asked = {}, requests = [] } = where.page === true ? (scenario.page ?? scenario) : scenario;
  checkError(error, first.error);
  expect(first.images).toBe(error === undefined ? 1 : 0);
  if (error === undefined) checkImage(first, content);
  else if (second === undefined) expect(second).toBeDefined();
  // The same store, and a registry that is sound: everything is as if it had been so from the start.
  else checkImage(second, content);
  for (const attempt of second === undefined ? [first] : [first, second]) checkSound(attempt);

  for (const [path, times] of Object.entries(asked)) {
    expect(script.requests.filter((line) => line.startsWith(`GET ${path}`)).length, path).toBe(times);
  }
  const ranges = where.lossy === true ? / bytes=.*/ : /$^/;
  const sent = script.requests.map((line) => line.replace(ranges, ''));
  expect(sent).toEqual(expect.arrayContaining(requests.map((line) => line.replace(ranges, ''))));
}

function checkImage({ status, digest, image }: PullAttempt, content: PullContent): void {
  expect({ status, digest, image }).toEqual({
    status: 'downloaded',
    digest: content.image.descriptor.digest,
    image: {
      id: content.image.config.descriptor.digest,
      diffIds: content.image.layers.map(({ diffId }) => diffId),
      paths: content.paths,
    },
  });
}

function checkSound({ problems, ingests, left }: PullAttempt): void {
  expect(problems).toEqual([]);
  // Layers that broke off are kept for the next pull. Nothing else is.
  expect(ingests.filter((ref) => !ref.startsWith('layer-'))).toEqual([]);
  expect(left).toEqual([]);
}
