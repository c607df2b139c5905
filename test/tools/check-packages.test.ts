import { describe, expect, it } from 'vitest';
import { checkPackages } from '../../tools/check-packages.ts';
import { makeWorkspace } from './support/tree.ts';
import type { PackageSketch } from './support/tree.ts';

const FILES = {
  'src/index.ts': 'export const one: number = 1;\n',
  'dist/index.js': 'export const one = 1;\n',
  'dist/index.d.ts': 'export declare const one: number;\n',
};

const { 'dist/index.d.ts': _, ...untyped } = FILES;

/** Tests and helpers that are packed, and a type that JSR would have to infer. */
const crowded: PackageSketch = {
  files: {
    ...FILES,
    'src/index.ts': 'export const one = Number("1") + 1;\n',
    'src/one.test.ts': '',
    'src/test-support/help.ts': '',
  },
  manifest: { files: ['dist', 'src'] },
};

// One workspace for all, as packing and checking take seconds each time.
describe('check-packages', () => {
  it('finds what is missing, what has no place, and types that npm or JSR would refuse', async () => {
    const root = makeWorkspace({ good: { files: FILES }, untyped: { files: untyped }, crowded });
    const problems = await checkPackages(root);
    const of = (name: string): readonly string[] =>
      problems.flatMap(({ where, message }) => (where.endsWith(`/${name}`) ? [message] : []));

    expect(of('good')).toEqual([]);
    expect(of('untyped')).toEqual([
      'lacks dist/index.d.ts',
      expect.stringMatching(/^publint: .*index\.d\.ts.*does not exist/),
      expect.stringMatching(/^attw:\n/),
    ]);
    expect(of('crowded')).toEqual([
      'holds src/one.test.ts, which is not for publishing',
      'holds src/test-support/help.ts, which is not for publishing',
      expect.stringMatching(/^deno publish:\n[^]*missing-explicit-type/),
    ]);
  });
});
