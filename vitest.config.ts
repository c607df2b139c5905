import { readdirSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { configDefaults, defineConfig } from 'vitest/config';
import { PlainReporter } from './tools/plain-reporter.ts';
import { findProgram } from './tools/programs.mjs';
import { CHROMIUM_ARGUMENTS } from './test/support/chromium-arguments.ts';

const SOURCE = ['@stowage/source'];

/** Tests of what only a browser has. */
const WEB = '**/*.web.test.ts';
const ELSEWHERE = [...configDefaults.exclude, WEB];

/** Tests that need nothing but the code: one project for each package. */
const units = readdirSync(new URL('packages', import.meta.url)).map((name) => ({
  resolve: { conditions: SOURCE },
  ssr: { resolve: { conditions: SOURCE, externalConditions: SOURCE } },
  test: { name, include: [`packages/${name}/src/**/*.test.ts`], exclude: ELSEWHERE },
}));

/** Tests across packages, each kind in its folder under `test/`. */
const kinds = ['compliance', 'integration', 'faults', 'hostile', 'runtime', 'tools'].map((name) => ({
  resolve: { conditions: SOURCE },
  ssr: { resolve: { conditions: SOURCE, externalConditions: SOURCE } },
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    exclude: ELSEWHERE,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
}));

const chromium = findProgram('chromium');
if (chromium === undefined) console.log('No Chromium: the browser tests are left out.');

/** The unit tests of packages that run in a page, once more in one, and the tests of what only a page has. */
const browser = {
  resolve: { conditions: [...SOURCE, 'browser', 'module', 'import', 'default'] },
  // Bundled before the run: found on the way, they would make the page load anew in the middle of a test.
  optimizeDeps: { include: ['fast-check', 'hash-wasm', 'jose', 'pako', 'zod/mini'] },
  test: {
    name: 'browser',
    include: ['packages/*/src/**/*.test.ts', `test/compliance/${WEB}`],
    exclude: ['packages/*/src/**/*.node.test.ts', 'packages/cli/**'],
    testTimeout: 30_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          executablePath: chromium,
          args: CHROMIUM_ARGUMENTS,
        },
      }),
      instances: [{ browser: 'chromium' as const }],
    },
  },
};

export default defineConfig({
  test: {
    reporters: ['default', new PlainReporter()],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.bench.ts', '**/test-support/**', '**/index.ts'],
      reporter: ['text-summary', 'lcov'],
      reportOnFailure: true,
      thresholds: { lines: 85, branches: 80 },
    },
    projects: [...units, ...kinds, ...(chromium === undefined ? [] : [browser])],
  },
});
