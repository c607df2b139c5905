import { readdirSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { configDefaults, defineConfig } from 'vitest/config';
import { PlainReporter } from './tools/plain-reporter.ts';
import { findProgram } from './tools/programs.mjs';
import { CHROMIUM_ARGUMENTS } from './test/support/chromium-arguments.ts';

const SOURCE = ['@stowage/source'];

/**
 * Properties are tried with the same values in every run; `STOWAGE_SEED=2 npx vitest run` tries others. What is found then
 * belongs into a test of its own.
 */
const SEED = Number(process.env['STOWAGE_SEED'] ?? 1);
const SEEDED = '\0seeded-fast-check';
const seededProperties = {
  name: 'seeded-properties',
  enforce: 'pre' as const,
  resolveId: (source: string, importer: string | undefined) =>
    source === 'fast-check' && importer !== SEEDED ? SEEDED : undefined,
  load: (id: string) =>
    id === SEEDED
      ? `import fc from 'fast-check'; fc.configureGlobal({ seed: ${String(SEED)} }); export * from 'fast-check'; export default fc;`
      : undefined,
};

/** Tests of what only a browser has. */
const WEB = '**/*.web.test.ts';
const ELSEWHERE = [...configDefaults.exclude, WEB];

/** Tests that need nothing but the code: one project for each package. */
const units = readdirSync(new URL('packages', import.meta.url)).map((name) => ({
  plugins: [seededProperties],
  resolve: { conditions: SOURCE },
  ssr: { resolve: { conditions: SOURCE, externalConditions: SOURCE } },
  // The limit is for tests that hang: a busy machine may take long over any other.
  test: {
    name,
    include: [`packages/${name}/src/**/*.test.ts`],
    exclude: ELSEWHERE,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
}));

/** Tests across packages, each kind in its folder under `test/`. */
const kinds = ['compliance', 'integration', 'faults', 'hostile', 'runtime', 'tools'].map((name) => ({
  plugins: [seededProperties],
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

/**
 * The unit tests of packages that run in a page, once more in one, and the tests of what only a page has. Each group has a
 * page to itself: where coverage is measured, V8 keeps whatever the tests of a page have made, and there is not enough
 * room for the WebAssembly memories of all of them together.
 */
const browsers = Object.entries({
  core: ['packages/core/src/**/*.test.ts'],
  stores: [
    ...['storage', 'layer-store', 'image-store'].map((name) => `packages/${name}/src/**/*.test.ts`),
    `test/compliance/${WEB}`,
    'test/hostile/archives/*.test.ts',
  ],
  others: ['types', 'registry', 'transfer', 'registry-server', 'stowage'].map(
    (name) => `packages/${name}/src/**/*.test.ts`,
  ),
}).map(([group, include]) => ({
  plugins: [seededProperties],
  resolve: { conditions: [...SOURCE, 'browser', 'module', 'import', 'default'] },
  // Bundled before the run: found on the way, they would make the page load anew in the middle of a test.
  optimizeDeps: { include: ['fast-check', 'hash-wasm', 'jose', 'pako', 'zod/mini'] },
  test: {
    name: `browser-${group}`,
    include,
    exclude: ['**/*.node.test.ts'],
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
}));

export default defineConfig({
  test: {
    // Many tests wait for processes of their own: a worker for each processor keeps them all at work.
    maxWorkers: '100%',
    reporters: ['default', new PlainReporter()],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.bench.ts', '**/test-support/**', '**/index.ts'],
      reporter: ['text-summary', 'lcov'],
      reportOnFailure: true,
      thresholds: { lines: 85, branches: 80 },
    },
    projects: [...units, ...kinds, ...(chromium === undefined ? [] : browsers)],
  },
});
