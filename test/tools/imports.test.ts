import { describe, expect, it } from 'vitest';
import { packageOf, parseImports } from '../../tools/support/imports.ts';

describe('parseImports', () => {
  it.each([
    ["import { a } from 'm';", 'static'],
    ["import { type A } from 'm';", 'static'],
    ["import 'm';", 'static'],
    ["export * from 'm';", 'static'],
    ["export { a } from 'm';", 'static'],
    ["import type { A } from 'm';", 'type'],
    ["export type * from 'm';", 'type'],
    ["export type { A } from 'm';", 'type'],
    ["type A = import('m').A;", 'type'],
    ["type A = typeof import('m');", 'type'],
    ["const a = await import('m');", 'dynamic'],
    ['function f() { return import(`m`); }', 'dynamic'],
  ])('reads %s as %s', (text, kind) => {
    expect(parseImports('file.ts', `\n${text}\n`)).toEqual([{ specifier: 'm', line: 2, kind }]);
  });

  it('leaves out text that only looks like an import, and imports of computed names', () => {
    const text = "// import 'a'\nconst s = \"import 'b'\";\n/* export * from 'c' */\nvoid import(s);\n";
    expect(parseImports('file.ts', text)).toEqual([]);
  });
});

describe('packageOf', () => {
  it.each([
    ['zod/mini', 'zod'],
    ['@scope/name', '@scope/name'],
    ['@scope/name/node', '@scope/name'],
    ['./file.ts', undefined],
    ['../file.ts', undefined],
    ['#platform', undefined],
    ['node:fs', undefined],
    ['fs/promises', undefined],
  ])('of %s is %s', (specifier, name) => {
    expect(packageOf(specifier)).toBe(name);
  });
});
