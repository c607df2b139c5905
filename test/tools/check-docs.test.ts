import { describe, expect, it } from 'vitest';
import { checkDocs } from '../../tools/check-docs.ts';
import { readBlocks } from '../../tools/support/examples.ts';
import { makeWorkspace } from './support/tree.ts';

/** A docstring with an example that holds the given code. */
function documented(code: string): string {
  const lines = code.split('\n').map((line) => ` * ${line}`);
  return [
    '/**',
    ' * One and the same number.',
    ' *',
    ' * @example',
    ' * ```ts',
    ...lines,
    ' * ```',
    ' */',
  ].join('\n');
}

interface Sources {
  readonly source: string;
  readonly readme?: string;
  readonly output?: string;
  readonly timeout?: number;
}

async function problemsOf({ source, readme = '', output, timeout }: Sources): Promise<readonly string[]> {
  const root = makeWorkspace({
    a: {
      files: {
        'src/index.ts': source,
        'dist/index.js': output ?? 'export const one = 1;\n',
        'README.md': readme,
      },
    },
  });
  return (await checkDocs(root, timeout)).map(({ where, message }) => `${where}: ${message}`).sort();
}

const EXAMPLE = "import { one } from '@made/a';\n\nif (one !== 1) throw new Error('not one');";
const ONE = `${documented(EXAMPLE)}\nexport const one = 1;\n`;

describe('check-docs', () => {
  it('finds nothing where every export is described and every example runs', async () => {
    const types = '\n/** A shape. */\nexport interface Shape { readonly side: number }\n';
    expect(await problemsOf({ source: ONE + types })).toEqual([]);
  });

  it('finds exports without a docstring, and values without an example', async () => {
    const source = [
      'export interface Shape { readonly side: number }',
      '/** Described. */',
      'export const one = 1;',
      '/** @example */',
      'export function call(): void {}',
      'export class Thing {}',
      '/** Described. */',
      'export type Name = string;',
    ].join('\n');
    expect(await problemsOf({ source })).toEqual([
      'packages/a/src/index.ts:1: Shape has no docstring',
      'packages/a/src/index.ts:3: one has no @example with a ts block',
      'packages/a/src/index.ts:5: call has no @example with a ts block',
      'packages/a/src/index.ts:5: call has no docstring',
      'packages/a/src/index.ts:6: Thing has no @example with a ts block',
      'packages/a/src/index.ts:6: Thing has no docstring',
    ]);
  });

  it('tells the line in which an example does not compile', async () => {
    const source = `\n${documented("import { one } from '@made/a';\nconst text: string = one;")}\nexport const one = 1;\n`;
    expect(await problemsOf({ source })).toEqual([
      "packages/a/src/index.ts:8: the example does not compile: Type 'number' is not assignable to type 'string'.",
    ]);
  });

  it('refuses an example that names what the package does not export', async () => {
    const source = `${documented("import { two } from '@made/a';")}\nexport const one = 1;\n`;
    const [compile, run] = await problemsOf({ source });
    expect(compile).toMatch(/^packages\/a\/src\/index\.ts:6: the example does not compile: .*'two'/);
    expect(run).toMatch(/the example of one throws: .*'two'/s);
  });

  it('tells of an example that throws and still runs the next', async () => {
    const source = [
      documented("throw new Error('first');"),
      'export const a = 1;',
      documented(
        "setTimeout(() => { throw new Error('late'); });\nawait new Promise((resolve) => setTimeout(resolve, 50));",
      ),
      'export const b = 2;',
      documented("void Promise.reject(new Error('third'));"),
      'export const c = 3;',
    ].join('\n');
    const problems = await problemsOf({ source });
    expect(problems.map((problem) => problem.split('\n', 1)[0])).toEqual([
      'packages/a/src/index.ts:15: the example of b throws: Error: late',
      'packages/a/src/index.ts:25: the example of c throws: Error: third',
      'packages/a/src/index.ts:6: the example of a throws: Error: first',
    ]);
  });

  it('tells of an example that never ends, that waits in vain, and that ends the process', async () => {
    const forever = `${documented('setInterval(() => {}, 1000);\nawait new Promise(() => {});')}\nexport const a = 1;\n`;
    expect(await problemsOf({ source: forever, timeout: 700 })).toEqual([
      'packages/a/src/index.ts:6: the example of a was not over after 0.7 s; what comes after it was not run',
    ]);
    const vain = `${documented('await new Promise(() => {});')}\nexport const a = 1;\n`;
    const ended = 'ends the process or waits for ever; what comes after it was not run';
    expect(await problemsOf({ source: vain })).toEqual([
      `packages/a/src/index.ts:6: the example of a ${ended}`,
    ]);
  });

  it('compiles the examples of pages without running them', async () => {
    const page = (code: string): string => `# A\n\n\`\`\`ts\n${code}\n\`\`\`\n`;
    expect(await problemsOf({ source: ONE, readme: page("throw new Error('needs a registry');") })).toEqual(
      [],
    );
    expect(await problemsOf({ source: ONE, readme: page("import { two } from '@made/a';") })).toEqual([
      expect.stringMatching(/^packages\/a\/README\.md:4: the example does not compile: .*'two'/),
    ]);
  });
});

describe('readBlocks', () => {
  it('keeps indentation, leaves other languages alone and an open block out', () => {
    const text = ' * ```ts\n *   a;\n *\n * b;\n * ```\n * ```sh\n * c\n * ```\n * ```ts\n * d;';
    expect(readBlocks(text)).toEqual([{ line: 1, code: '  a;\n\nb;\n' }]);
  });
});
