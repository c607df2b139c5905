// Builds the WebAssembly kernels of the core: every packages/core/assembly/NAME.ts becomes
// packages/core/src/generated/NAME.ts, the module as one base64 string. The output is committed, so that nobody who
// uses the source needs the compiler, and is the same byte for byte on every machine; `--check` builds anew and tells
// what differs.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as asc from 'assemblyscript/asc';

const CORE = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages/core');

/** A kernel whose name ends so may use the 128-bit vector instructions. */
const SIMD_SUFFIX = '-simd';

const OPTIONS = [
  ['-O3', '--noAssert', '--converge'],
  // Kernels allocate nothing and have no objects: their memory is laid out by hand.
  ['--runtime', 'stub'],
  ['--use', 'abort='],
].flat();

/** Builds all kernels in `assembly/` of a package into its `src/generated/`. Answers the names that changed. */
export async function buildKernels(folder: string, check: boolean): Promise<readonly string[]> {
  const assembly = join(folder, 'assembly');
  const generated = join(folder, 'src/generated');
  const names = readdirSync(assembly)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -'.ts'.length));
  const changed: string[] = [];
  if (!check) mkdirSync(generated, { recursive: true });
  for (const name of names) {
    const source = kernelModule(name, await compileKernel(assembly, name));
    const path = join(generated, `${name}.ts`);
    if (existsSync(path) && readFileSync(path, 'utf8') === source) continue;
    changed.push(name);
    if (!check) writeFileSync(path, source);
  }
  for (const stale of existsSync(generated) ? readdirSync(generated) : []) {
    const name = stale.slice(0, -'.ts'.length);
    if (names.includes(name)) continue;
    changed.push(name);
    if (!check) rmSync(join(generated, stale));
  }
  return changed;
}

/** Compiles one kernel. Throws what the compiler has to say where it does not compile. */
async function compileKernel(assembly: string, name: string): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const features = name.endsWith(SIMD_SUFFIX) ? ['--enable', 'simd'] : [];
  const { error, stderr } = await asc.main(
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
    },
  );
  if (error !== null || binary === undefined) {
    throw new Error(`${name} does not compile:\n${stderr.toString()}`, { cause: error });
  }
  return binary;
}

/** The source text of a generated module. */
function kernelModule(name: string, binary: Uint8Array): string {
  const constant = `${name.replaceAll('-', '_').toUpperCase()}_KERNEL`;
  return [
    `// Generated from assembly/${name}.ts by tools/build-kernels.ts. Not edited by hand.`,
    '/** A WebAssembly module in base64. */',
    `export const ${constant}: string =`,
    `  '${Buffer.from(binary).toString('base64')}';`,
    '',
  ].join('\n');
}

/** `node tools/run.mjs build-kernels [--check]`; answers the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const check = args.includes('--check');
  const changed = await buildKernels(CORE, check);
  for (const name of changed) console.log(check ? `${name} is not what its source builds` : `built ${name}`);
  if (!check || changed.length === 0) console.log('all kernels are what their sources build');
  return check && changed.length > 0 ? 1 : 0;
}
