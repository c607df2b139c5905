import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { buildGenerated } from '../../tools/build-generated.ts';
import { makeTree, writeTree } from './support/tree.ts';

const KERNEL = 'export function answer(): i32 { return 42; }\n';
const VECTOR = 'export function first(): i32 { return i32x4.extract_lane(i32x4.splat(7), 0); }\n';
const PROGRAM = {
  'src/worker-program.ts': `import { hello } from './hello.ts';\nvoid hello();\n`,
  'src/hello.ts': `export async function hello(): Promise<void> {
  const { used } = await import('./later.ts');
  used('on demand, once');
}\n`,
  'src/later.ts': `import { one } from './many.ts';
declare const told: string[];
export function used(text: string): void { told.push(text, one); }\n`,
  'src/many.ts': `export const one = 'one';\nexport const two = 'never used';\n`,
};

function read(folder: string, path: string): string {
  return readFileSync(join(folder, path), 'utf8');
}

/** The string that a generated module exports. */
function textOf(source: string): string {
  const [, literal = ''] = /=\n {2}(['"].*['"]);\n$/.exec(source) ?? [];
  return literal.startsWith("'") ? literal.slice(1, -1) : (JSON.parse(literal) as string);
}

describe('build-generated', () => {
  it('makes modules of kernels that run, and answers what changed', async () => {
    const folder = makeTree({
      'assembly/answer.ts': KERNEL,
      'assembly/lib/none.ts': '',
      'assembly/lanes-simd.ts': VECTOR,
    });
    expect(await buildGenerated(folder, false)).toEqual(['answer', 'lanes-simd']);
    expect(await buildGenerated(folder, false)).toEqual([]);
    const source = read(folder, 'src/generated/lanes-simd.ts');
    expect(source).toContain('export const LANES_SIMD_KERNEL: string =\n');
    const { instance } = await WebAssembly.instantiate(Buffer.from(textOf(source), 'base64'));
    expect((instance.exports['first'] as () => number)()).toBe(7);
  });

  it('makes one script of the worker program, without what it does not use', async () => {
    const folder = makeTree(PROGRAM);
    expect(await buildGenerated(folder, false)).toEqual(['worker-program']);
    const script = textOf(read(folder, 'src/generated/worker-program.ts'));
    expect(script).not.toContain('never used');
    const told: string[] = [];
    new Script(script).runInNewContext({ told });
    await Promise.resolve();
    await Promise.resolve();
    expect(told).toEqual(['on demand, once', 'one']);
  });

  it('makes the same bytes wherever the package is', async () => {
    const files = { ...PROGRAM, 'assembly/answer.ts': KERNEL };
    const [one, other] = [makeTree(files), makeTree(files)];
    await buildGenerated(one, false);
    await buildGenerated(other, false);
    for (const name of ['answer.ts', 'worker-program.ts']) {
      const path = join('src/generated', name);
      expect(read(one, path)).toBe(read(other, path));
    }
  });

  it('finds what was edited, what is missing and what has no source, and mends it', async () => {
    const folder = makeTree({ ...PROGRAM, 'assembly/answer.ts': KERNEL });
    expect(await buildGenerated(folder, true)).toEqual(['answer', 'worker-program']);
    await buildGenerated(folder, false);
    expect(await buildGenerated(folder, true)).toEqual([]);
    writeTree(folder, {
      'src/many.ts': `export const one = 'uno';\n`,
      'src/generated/answer.ts': 'edited',
      'src/generated/stale.ts': 'no source',
    });
    expect(await buildGenerated(folder, true)).toEqual(['answer', 'worker-program', 'stale']);
    expect(read(folder, 'src/generated/answer.ts')).toBe('edited');
    await buildGenerated(folder, false);
    expect(readdirSync(join(folder, 'src/generated')).sort()).toEqual(['answer.ts', 'worker-program.ts']);
  });

  it('tells what the compiler has to say', async () => {
    const broken = makeTree({ 'assembly/broken.ts': 'export function f(): i32 { return missing; }\n' });
    await expect(buildGenerated(broken, true)).rejects.toThrow(/broken does not compile:\n[^]*missing/);
    // Vector instructions are for kernels that say so in their name.
    const scalar = makeTree({ 'assembly/lanes.ts': VECTOR });
    await expect(buildGenerated(scalar, true)).rejects.toThrow(/lanes does not compile/);
  });
});
