// Builds what the core carries as text. Every packages/core/assembly/NAME.ts becomes packages/core/src/generated/NAME.ts,
// a WebAssembly module as one base64 string; packages/core/src/worker-program.ts, with all that it imports, becomes
// packages/core/src/generated/worker-program.ts, a script as one string. The output is committed, so that nobody who
// uses the source needs the compilers, and is the same byte for byte on every machine; `--check` builds anew and tells
// what differs.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Plugin } from 'esbuild';

/** What is used of the AssemblyScript compiler. Its own types would come with globals for every file that is checked. */
interface Compiler {
  main(
    args: readonly string[],
    host: {
      readFile(path: string): string | null;
      writeFile(path: string, contents: Uint8Array | string): void;
      listFiles(): readonly string[];
      readonly stderr: { write(chunk: Uint8Array | string): void };
    },
  ): Promise<{ readonly error: Error | null }>;
}

const COMPILER: string = 'assemblyscript/asc';

const CORE = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages/core');

/** A kernel whose name ends so may use the 128-bit vector instructions. */
const SIMD_SUFFIX = '-simd';

const OPTIONS = [
  ['-O3', '--noAssert', '--converge'],
  // Kernels allocate nothing and have no objects: their memory is laid out by hand.
  ['--runtime', 'stub'],
  ['--use', 'abort='],
].flat();

/** The file in `src/` of a package that its workers run, where it has any. */
const WORKER_PROGRAM = 'worker-program';

/**
 * Builds the kernels in `assembly/` of a package and then its worker program, which holds them, into its
 * `src/generated/`. Answers the names that changed.
 */
export async function buildGenerated(folder: string, check: boolean): Promise<readonly string[]> {
  const generated = join(folder, 'src/generated');
  const changed: string[] = [];
  const put = (name: string, source: string): void => {
    const path = join(generated, `${name}.ts`);
    if (existsSync(path) && readFileSync(path, 'utf8') === source) return;
    changed.push(name);
    if (!check) writeFileSync(path, source);
  };
  if (!check) mkdirSync(generated, { recursive: true });
  const kernels = namesIn(join(folder, 'assembly'));
  for (const name of kernels)
    put(name, kernelModule(name, await compileKernel(join(folder, 'assembly'), name)));
  const programs = namesIn(join(folder, 'src')).filter((name) => name === WORKER_PROGRAM);
  for (const name of programs) put(name, programModule(name, await bundleProgram(join(folder, 'src'), name)));
  for (const stale of namesIn(generated).filter((name) => ![...kernels, ...programs].includes(name))) {
    changed.push(stale);
    if (!check) rmSync(join(generated, `${stale}.ts`));
  }
  return changed;
}

function namesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -'.ts'.length));
}

/**
 * Turns what is imported on demand into static imports: a bundle of one file carries it anyway, and esbuild would take
 * all of every module that can be reached so, where it leaves out what a static import does not use.
 */
const staticImports: Plugin = {
  name: 'static-imports',
  setup(bundle) {
    bundle.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const imports: string[] = [];
      const contents = readFileSync(path, 'utf8').replace(
        /\bimport\(('\.[^']*')\)/g,
        (_call, specifier: string) => {
          const name = `onDemand${String(imports.length)}`;
          imports.push(`import * as ${name} from ${specifier};`);
          return `Promise.resolve(${name})`;
        },
      );
      return { contents: [...imports, contents].join('\n'), loader: 'ts' };
    });
  },
};

/** Makes one script of a module and what it imports, for workers of every kind, classic ones too. */
async function bundleProgram(source: string, name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(source, `${name}.ts`)],
    absWorkingDir: source,
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'neutral',
    target: 'es2022',
    conditions: ['@stowage/source'],
    mainFields: ['module', 'main'],
    legalComments: 'none',
    charset: 'ascii',
    plugins: [staticImports],
    write: false,
    logLevel: 'error',
  });
  return outputFiles.map(({ text }) => text.trimEnd()).join('');
}

/** Compiles one kernel. Throws what the compiler has to say where it does not compile. */
async function compileKernel(assembly: string, name: string): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const features = name.endsWith(SIMD_SUFFIX) ? ['--enable', 'simd'] : [];
  let messages = '';
  const compiler = (await import(COMPILER)) as Compiler;
  const { error } = await compiler.main(
    [`${name}.ts`, '--outFile', `${name}.wasm`, ...OPTIONS, ...features],
    {
      readFile: (path) => {
        const file = join(assembly, path);
        return existsSync(file) ? readFileSync(file, 'utf8') : null;
      },
      writeFile: (path, contents) => {
        if (path.endsWith('.wasm') && typeof contents !== 'string') binary = contents;
      },
      listFiles: () => [],
      stderr: {
        write: (chunk) => (messages += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()),
      },
    },
  );
  if (error !== null || binary === undefined) {
    throw new Error(`${name} does not compile:\n${messages}`, { cause: error });
  }
  return binary;
}

/** The source text of a generated module. */
function kernelModule(name: string, binary: Uint8Array): string {
  const constant = `${name.replaceAll('-', '_').toUpperCase()}_KERNEL`;
  return [
    `// Generated from assembly/${name}.ts by tools/build-generated.ts. Not edited by hand.`,
    '/** A WebAssembly module in base64. */',
    `export const ${constant}: string =`,
    `  '${Buffer.from(binary).toString('base64')}';`,
    '',
  ].join('\n');
}

/** The source text of a generated module. */
function programModule(name: string, script: string): string {
  const constant = name.replaceAll('-', '_').toUpperCase();
  return [
    `// Generated from src/${name}.ts by tools/build-generated.ts. Not edited by hand.`,
    '/** A script. */',
    `export const ${constant}: string =`,
    `  ${JSON.stringify(script)};`,
    '',
  ].join('\n');
}

/** `node tools/run.mjs build-generated [--check]`; answers the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const check = args.includes('--check');
  const changed = await buildGenerated(CORE, check);
  for (const name of changed) console.log(check ? `${name} is not what its source builds` : `built ${name}`);
  if (!check || changed.length === 0) console.log('everything generated is what its source builds');
  return check && changed.length > 0 ? 1 : 0;
}
