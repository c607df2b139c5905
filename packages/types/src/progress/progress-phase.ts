import type { Phase, Progress } from './progress.ts';

/** Docker's words for what is being done, and what phase each belongs to. */
const PHASES: Readonly<Record<string, Phase>> = {
  'Pulling fs layer': 'queued',
  Preparing: 'queued',
  Waiting: 'queued',
  Downloading: 'downloading',
  'Verifying Checksum': 'verifying',
  'Download complete': 'downloaded',
  Extracting: 'extracting',
  'Loading layer': 'extracting',
  'Pull complete': 'done',
  'Already exists': 'existing',
  'Layer already exists': 'existing',
  'Skipped foreign layer': 'existing',
  Pushing: 'uploading',
  Pushed: 'done',
};

/** Words that go on with something that changes. */
const BEGINNINGS: readonly (readonly [string, Phase])[] = [
  ['Retrying in ', 'retrying'],
  ['Mounted from ', 'existing'],
];

/**
 * What stage the work of a step is in: its own `phase`, else what docker's words say.
 *
 * @param progress a step, or no more than its action
 * @returns `undefined` for words that are not docker's
 *
 * @example
 * ```ts
 * import { phaseOf } from '@stowage/types';
 *
 * console.log(phaseOf({ action: 'Retrying in 5 seconds' })); // retrying
 * ```
 */
export function phaseOf({ phase, action = '' }: Pick<Progress, 'phase' | 'action'>): Phase | undefined {
  if (phase !== undefined) return phase;
  if (Object.hasOwn(PHASES, action)) return PHASES[action];
  return BEGINNINGS.find(([beginning]) => action.startsWith(beginning))?.[1];
}
