import type { Reporter, TestModule } from 'vitest/node';

/** A vitest reporter that closes the run with one plain line: `N passed, N failed[, N skipped]`. */
export class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      // A file that cannot be loaded has no tests to count, but it did fail.
      if (tests.length === 0 && module.state() === 'failed') count.failed += 1;
      for (const test of tests) {
        const { state } = test.result();
        count[state === 'pending' ? 'skipped' : state] += 1;
      }
    }
    const skipped = count.skipped > 0 ? `, ${String(count.skipped)} skipped` : '';
    console.log(`${String(count.passed)} passed, ${String(count.failed)} failed${skipped}`);
  }
}
