import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkExports } from '../../tools/check-exports.ts';
import { conditions, makeWorkspace, writeTree } from './support/tree.ts';
import type { PackageSketch } from './support/tree.ts';

const plain: PackageSketch = {
  dependencies: { zod: '4.6.7' },
  files: { 'src/index.ts': "import 'zod';\n" },
};

function found(root: string): readonly string[] {
  return checkExports(root).map(({ where, message }) => `${where}: ${message}`);
}

function problemsOf(sketch: PackageSketch): readonly string[] {
  return found(makeWorkspace({ a: sketch }));
}

describe('check-exports', () => {
  it('finds nothing where everything agrees', () => {
    const b: PackageSketch = {
      dependencies: { '@made/a': '1.0.0' },
      entries: { './node': 'node' },
      files: { 'src/index.ts': "import '@made/a';\n", 'src/node.ts': 'export {};\n' },
    };
    expect(found(makeWorkspace({ a: plain, b }))).toEqual([]);
  });

  it('finds lists of exports that differ', () => {
    const jsr = { exports: { '.': './src/index.ts', './web': './src/web.ts' } };
    expect(problemsOf({ ...plain, jsr })).toEqual([
      'packages/a/jsr.json: exports is {".":"./src/index.ts","./web":"./src/web.ts"}, should be {".":"./src/index.ts"}',
    ]);
  });

  it('takes the short form of one export', () => {
    expect(problemsOf({ ...plain, jsr: { exports: './src/index.ts' } })).toEqual([]);
  });

  it('finds versions, licences and names that differ', () => {
    expect(problemsOf({ ...plain, jsr: { version: '1.0.1', license: 'MIT', name: 'a' } })).toEqual([
      'packages/a/jsr.json: name is "a", should be "@made/a"',
      'packages/a/jsr.json: version is "1.0.1", should be "1.0.0"',
      'packages/a/jsr.json: license is "MIT", should be "Apache-2.0"',
    ]);
    const [version] = problemsOf({ ...plain, manifest: { version: '2.0.0' }, jsr: { version: '2.0.0' } });
    expect(version).toBe('packages/a/package.json: version is "2.0.0", should be "1.0.0"');
  });

  it('wants workspace packages at exactly the version of the workspace', () => {
    const b: PackageSketch = {
      dependencies: { '@made/a': '^1.0.0' },
      files: { 'src/index.ts': "import '@made/a';\n" },
    };
    expect(found(makeWorkspace({ a: plain, b }))).toContain(
      'packages/b/package.json: the version of @made/a is "^1.0.0", should be "1.0.0"',
    );
  });

  it('wants the source condition first and the built files where tsc puts them', () => {
    const { '@stowage/source': source, types, default: output } = conditions('index');
    const exportsOf = (target: unknown): PackageSketch => ({
      ...plain,
      manifest: { exports: { '.': target, './package.json': './package.json' } },
    });
    expect(problemsOf(exportsOf({ types, '@stowage/source': source, default: output }))).toEqual([
      `packages/a/package.json: the conditions of exports '.' is ["types","@stowage/source","default"], ` +
        'should be ["@stowage/source","types","default"]',
    ]);
    expect(problemsOf(exportsOf({ '@stowage/source': source, types, default: './dist/main.js' }))).toEqual([
      `packages/a/package.json: exports '.' default is "./dist/main.js", should be "./dist/index.js"`,
    ]);
    expect(problemsOf(exportsOf('./src/index.ts'))).toContain(
      "packages/a/package.json: exports '.' has no conditions",
    );
    expect(problemsOf(exportsOf({ '@stowage/source': './lib/index.ts', types, default: output }))).toContain(
      "packages/a/package.json: exports '.' has a source outside src",
    );
  });

  it('finds entries, commands and platform files that are not there', () => {
    expect(problemsOf({ ...plain, entries: { './node': 'node' } })).toEqual([
      "packages/a/package.json: exports './node' names ./src/node.ts, which is missing",
    ]);
    expect(problemsOf({ ...plain, manifest: { bin: { a: './dist/main.js' } } })).toEqual([
      'packages/a/package.json: bin a has no source ./src/main.ts',
    ]);
    expect(
      problemsOf({ ...plain, manifest: { imports: { '#platform': { node: conditions('node') } } } }),
    ).toEqual([
      "packages/a/package.json: imports '#platform' node names ./src/node.ts, which is missing",
      "packages/a/package.json: imports '#platform' does not end in default",
    ]);
  });

  it('wants jsr.json to cover what is imported and depended on, and nothing else', () => {
    expect(problemsOf({ ...plain, jsr: { imports: {} } })).toEqual([
      "packages/a/jsr.json: imports lacks 'zod'",
      'packages/a/jsr.json: imports lacks zod, a dependency in package.json',
    ]);
    expect(
      problemsOf({ ...plain, jsr: { imports: { zod: 'npm:zod@4.0.0', pako: 'npm:pako@3.0.3' } } }),
    ).toEqual([
      `packages/a/jsr.json: imports 'zod' is "npm:zod@4.0.0", should be "npm:zod@4.6.7"`,
      "packages/a/jsr.json: imports 'pako', which package.json does not depend on",
    ]);
    expect(problemsOf({ ...plain, jsr: { imports: { 'zod/mini': 'npm:zod@4.6.7/mini' } } })).toEqual([
      "packages/a/jsr.json: imports lacks 'zod'",
    ]);
  });

  it('wants jsr.json to map #platform to one of the files that package.json names', () => {
    const sketch = (platform: string): PackageSketch => ({
      manifest: { imports: { '#platform': { node: conditions('node'), default: conditions('web') } } },
      jsr: { imports: { '#platform': platform } },
      files: { 'src/index.ts': "import '#platform';\n", 'src/node.ts': '', 'src/web.ts': '' },
    });
    expect(problemsOf(sketch('./src/web.ts'))).toEqual([]);
    expect(problemsOf(sketch('./src/index.ts'))).toEqual([
      "packages/a/jsr.json: imports '#platform' is ./src/index.ts, none of ./src/node.ts, ./src/web.ts",
    ]);
  });

  it('wants what is published to be complete and without tests', () => {
    expect(
      problemsOf({
        ...plain,
        manifest: { files: ['dist', 'src'] },
        jsr: { publish: { include: ['src/**/*.ts'] } },
      }),
    ).toEqual([
      "packages/a/package.json: files lacks '!**/*.test.ts'",
      "packages/a/package.json: files lacks '!**/*.bench.ts'",
      "packages/a/package.json: files lacks '!dist/**/*.tsbuildinfo'",
      "packages/a/jsr.json: publish.include lacks 'README.md'",
      "packages/a/jsr.json: publish.include lacks 'LICENSE'",
      "packages/a/jsr.json: publish.exclude lacks '**/*.test.ts'",
      "packages/a/jsr.json: publish.exclude lacks '**/*.bench.ts'",
    ]);
  });

  it('wants a README, a copy of the licence and a jsr.json', () => {
    const root = makeWorkspace({ a: plain });
    writeTree(root, { 'packages/a/LICENSE': 'Another licence.\n' });
    for (const file of ['README.md', 'jsr.json']) rmSync(join(root, 'packages/a', file));
    expect(found(root)).toEqual([
      'packages/a/jsr.json: is missing',
      'packages/a/LICENSE: differs from the one at the root',
      'packages/a/README.md: is missing',
    ]);
  });

  it('wants Deno and the build to know every package', () => {
    const root = makeWorkspace({ a: plain });
    writeTree(root, { 'deno.json': '{ "workspace": [] }\n', 'tsconfig.json': '{ "references": [] }\n' });
    expect(found(root)).toEqual([
      'deno.json: workspace is [], should be ["./packages/a"]',
      'tsconfig.json: the list of packages is [], should be ["./packages/a"]',
    ]);
  });
});
