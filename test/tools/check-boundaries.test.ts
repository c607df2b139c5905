import { describe, expect, it } from 'vitest';
import { checkBoundaries } from '../../tools/check-boundaries.ts';
import { conditions, makeWorkspace } from './support/tree.ts';
import type { PackageSketch } from './support/tree.ts';

const base: PackageSketch = { rank: 0, files: { 'src/index.ts': 'export const base = 1;\n' } };

/** A package of rank 1 that uses `base` as it should. */
function above(files: Readonly<Record<string, string>>, more: Partial<PackageSketch> = {}): PackageSketch {
  return {
    rank: 1,
    dependencies: { '@made/base': '1.0.0' },
    ...more,
    files: { 'src/index.ts': "export { base } from '@made/base';\n", ...files },
  };
}

function problemsOf(sketches: Readonly<Record<string, PackageSketch>>): readonly string[] {
  return checkBoundaries(makeWorkspace(sketches)).map(({ where, message }) => `${where}: ${message}`);
}

describe('check-boundaries', () => {
  it('finds nothing in a workspace in order', () => {
    expect(
      problemsOf({ base, above: above({ 'src/a.test.ts': "import 'vitest';\nimport '@made/above';\n" }) }),
    ).toEqual([]);
  });

  it('refuses a package of a higher rank, in source, in types and in tests', () => {
    const low: PackageSketch = {
      rank: 0,
      files: {
        'src/index.ts': "export type { base } from '@made/above';\n",
        'src/later.ts': "\nexport const later = import('@made/above');\n",
        'src/low.test.ts': "import '@made/above';\n",
      },
    };
    const breach = '@made/low (rank 0) may not use @made/above, of a higher rank (1)';
    expect(problemsOf({ base, above: above({}), low })).toEqual([
      `packages/low/src/index.ts:1: ${breach}`,
      `packages/low/src/later.ts:2: ${breach}`,
      `packages/low/src/low.test.ts:1: ${breach}`,
    ]);
  });

  it('refuses a sibling, in an import and in the dependencies', () => {
    const sibling = above(
      { 'src/use.ts': "export * from '@made/above';\n" },
      { dependencies: { '@made/base': '1.0.0', '@made/above': '1.0.0' } },
    );
    const breach = '@made/sibling (rank 1) may not use @made/above, a sibling of the same rank (1)';
    expect(problemsOf({ base, above: above({}), sibling })).toEqual([
      `packages/sibling/package.json: dependencies: ${breach}`,
      `packages/sibling/src/use.ts:1: ${breach}`,
    ]);
  });

  it('wants exactly one rank', () => {
    const two = { ...base, manifest: { nx: { tags: ['rank:0', 'rank:1'] } } };
    const none = { ...base, manifest: { nx: undefined } };
    expect(problemsOf({ none, two })).toEqual([
      'packages/none/package.json: nx.tags has not exactly one rank:N',
      'packages/two/package.json: nx.tags has not exactly one rank:N',
    ]);
  });

  it('refuses a path that leaves the package, a name that is not exported, and the package itself', () => {
    const files = {
      'src/path.ts': "import '../../base/src/index.ts';\n",
      'src/deep.ts': "import '@made/base/src/index.ts';\n",
      'src/self.ts': "import '@made/above';\n",
      'src/hash.ts': "import '#unknown';\n",
    };
    expect(problemsOf({ base, above: above(files) })).toEqual([
      "packages/above/src/deep.ts:1: @made/base does not export './src/index.ts'",
      "packages/above/src/hash.ts:1: '#unknown' is not in the imports of package.json",
      "packages/above/src/path.ts:1: '../../base/src/index.ts' leaves the package; import by the name of the other package",
      "packages/above/src/self.ts:1: '@made/above' is this package itself; import the file by its path",
    ]);
  });

  it('lets tests, and only tests, read the fixtures of the workspace', () => {
    const text = "import '../../../test/fixtures/some.json';\n";
    expect(problemsOf({ base: { ...base, files: { ...base.files, 'src/a.test.ts': text } } })).toEqual([]);
    expect(problemsOf({ base: { ...base, files: { ...base.files, 'src/a.ts': text } } })).toHaveLength(1);
  });

  it('wants dependencies to be what is imported', () => {
    const files = {
      'src/more.ts': "import type { A } from 'other';\n",
      'src/more.test.ts': "import 'unknown';\n",
    };
    const dependencies = { '@made/base': '1.0.0', unused: '1.0.0' };
    expect(problemsOf({ base, above: above(files, { dependencies }) })).toEqual([
      'packages/above/package.json: unused is a dependency but never imported',
      'packages/above/src/more.test.ts:1: unknown is not in the dependencies of package.json',
      'packages/above/src/more.ts:1: other is not in the dependencies of package.json',
    ]);
  });
});

describe('check-boundaries of a main entry', () => {
  it('refuses a static import of Node that the entry reaches, and shows the way', () => {
    const files = {
      'src/index.ts': "export * from './a.ts';\n",
      'src/a.ts': "\nimport { readFile } from 'node:fs';\n",
    };
    expect(problemsOf({ base: { rank: 0, files } })).toEqual([
      "packages/base/src/a.ts:2: static import of 'node:fs' is reachable from a main entry: " +
        'packages/base/src/index.ts -> packages/base/src/a.ts',
    ]);
  });

  it('follows other packages into the entry that is imported', () => {
    const node: PackageSketch = {
      rank: 0,
      entries: { './node': 'node' },
      files: { 'src/index.ts': 'export {};\n', 'src/node.ts': "import 'fs';\n" },
    };
    expect(problemsOf({ base: node })).toEqual([]);
    expect(
      problemsOf({ base: node, above: above({ 'src/index.ts': "import '@made/base/node';\n" }) }),
    ).toEqual([
      "packages/base/src/node.ts:1: static import of 'fs' is reachable from a main entry: " +
        'packages/above/src/index.ts -> packages/base/src/node.ts',
    ]);
  });

  it('takes #platform for its web file', () => {
    const sketch = (web: string, node: string): PackageSketch => ({
      rank: 0,
      manifest: { imports: { '#platform': { node: conditions('node'), default: conditions('web') } } },
      files: { 'src/index.ts': "export * from '#platform';\n", 'src/web.ts': web, 'src/node.ts': node },
    });
    const [clean, dirty] = ['export {};\n', "import 'node:os';\n"];
    expect(problemsOf({ base: sketch(clean, dirty) })).toEqual([]);
    expect(problemsOf({ base: sketch(dirty, clean) })).toEqual([
      "packages/base/src/web.ts:1: static import of 'node:os' is reachable from a main entry: " +
        'packages/base/src/index.ts -> packages/base/src/web.ts',
    ]);
  });

  it('lets types, dynamic imports, tests, unreached files and packages for Node alone use Node', () => {
    const files = {
      'src/index.ts': "import type { Stats } from 'node:fs';\nexport const fs = () => import('node:fs');\n",
      'src/unreached.ts': "import 'node:fs';\n",
      'src/a.test.ts': "import 'node:fs';\n",
    };
    const tool: PackageSketch = {
      rank: 1,
      runtime: 'node',
      files: { 'src/index.ts': "import 'node:fs';\n" },
    };
    expect(problemsOf({ base: { rank: 0, files }, tool })).toEqual([]);
  });

  it('ends where packages import one another in a ring of files', () => {
    const files = {
      'src/index.ts': "export * from './a.ts';\n",
      'src/a.ts': "export * from './index.ts';\n",
    };
    expect(problemsOf({ base: { rank: 0, files } })).toEqual([]);
  });
});
