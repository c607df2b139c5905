/** Where a piece of work stands, beside docker's words for it. */
export type Phase =
  | 'queued'
  | 'downloading'
  | 'verifying'
  | 'downloaded'
  | 'extracting'
  | 'uploading'
  | 'retrying'
  | 'existing'
  | 'done';

/** One step of progress, as moby's `progress.Progress`, with a machine-readable phase beside it. */
export interface Progress {
  /** What the step is about: a short layer ID, a tag, or empty for the whole. */
  readonly id: string;
  /** What is being done, for example `Downloading`. Either this or `message` is set. */
  readonly action?: string;
  /** A line of text that stands alone, for example `Digest: sha256:...`. */
  readonly message?: string;
  /** How much is done, in `units`. */
  readonly current?: number;
  /** How much there is to do, in `units`. */
  readonly total?: number;
  /** What is counted. Default bytes. */
  readonly units?: string;
  /** Whether a display leaves the numbers out. */
  readonly hideCounts?: boolean;
  /** Whether this is the last step for this `id`. */
  readonly lastUpdate?: boolean;
  /** A result for programs, for example the digest of a push. */
  readonly aux?: unknown;
  /** What stage the work is in. */
  readonly phase?: Phase;
}

/** Takes progress. It must not throw, and returns at once. */
export type ProgressOutput = (progress: Progress) => void;

/**
 * A {@link ProgressOutput} for progress that nobody looks at.
 *
 * @example
 * ```ts
 * import { discardProgress } from '@stowage/types';
 * import type { ProgressOutput } from '@stowage/types';
 *
 * const output: ProgressOutput = discardProgress;
 * output({ id: 'a', action: 'Waiting' });
 * ```
 */
export function discardProgress(): void {
  // Nothing to do: the caller did not ask for progress.
}
