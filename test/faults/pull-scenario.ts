import type { ErrorCode } from '@stowage/types';
import type { ScenarioStep } from './script.ts';

/** What must come of a pull. */
export interface PullExpectation {
  /** How the pull fails; it succeeds where this is left out. */
  readonly error?: { readonly code: ErrorCode; readonly message?: string };
  /** How often these were asked for, in any range. */
  readonly asked?: Readonly<Record<string, number>>;
  /** These requests were sent, among others. */
  readonly requests?: readonly string[];
}

/** A registry that behaves in some way while an image of two layers, `{base}` and `{top}`, is pulled, and what comes of it. */
export interface PullScenario extends PullExpectation {
  /** What the registry does. */
  readonly name: string;
  readonly steps: readonly ScenarioStep[];
  /** What comes of it in a page, where that is something else. */
  readonly page?: PullExpectation;
}
