import { execFileSync } from 'node:child_process';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './support/tree.ts';

/** What eslint says when `packages/types/src/bytes.ts` holds the given text. */
async function lint(text: string): Promise<readonly string[]> {
  const eslint = new ESLint({ cwd: ROOT });
  const results = await eslint.lintText(text, { filePath: `${ROOT}/packages/types/src/bytes.ts` });
  return results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId ?? 'fatal'));
}

describe('the lint rules', () => {
  beforeAll(() => {
    // The boundary rule reads the project graph from nx's cache; linting one clean file makes it.
    execFileSync(process.execPath, ['tools/lint.mjs', 'packages/types/src/bytes.ts'], {
      cwd: ROOT,
      stdio: 'pipe',
    });
  });

  it('refuse an import from a package of a higher rank', async () => {
    expect(await lint("export type { Digester } from '@stowage/core';\n")).toContain(
      '@nx/enforce-module-boundaries',
    );
  });

  it('refuse a path into another package', async () => {
    expect(await lint("export type * from '../../core/src/index.ts';\n")).toContain(
      '@nx/enforce-module-boundaries',
    );
  });

  it.each([
    ['a default export', 'const value = 1;\nexport default value;\n', 'no-restricted-syntax'],
    [
      'any',
      'export function f(value: any): void {\n  void value;\n}\n',
      '@typescript-eslint/no-explicit-any',
    ],
  ])('refuse %s', async (_, text, rule) => {
    expect(await lint(text)).toContain(rule);
  });

  it('take clean code', async () => {
    expect(await lint("import type { Digest } from './digest.ts';\n\nexport type Name = Digest;\n")).toEqual(
      [],
    );
  });
});
