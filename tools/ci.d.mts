/** What a plain closing line says. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The counts of the last plain closing line in a test run's output, or undefined when there is none. */
export declare function closingCounts(output: string): Counts | undefined;

/** Why a test run is no success in CI, beside its exit code; undefined when it is one. */
export declare function testBreach(counts: Counts | undefined, strict: boolean): string | undefined;
