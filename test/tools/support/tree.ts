import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** The root of this checkout. */
export const ROOT: string = fileURLToPath(new URL('../../../', import.meta.url));

/** What a package of a made workspace is like; everything else about it is as the gates want it. */
export interface PackageSketch {
  readonly rank?: number;
  readonly runtime?: 'universal' | 'node';
  readonly dependencies?: Readonly<Record<string, string>>;
  /** Entries beside `.`, by subpath: `{ './node': 'node' }` stands for `src/node.ts`. */
  readonly entries?: Readonly<Record<string, string>>;
  /** Replaces parts of package.json. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Replaces parts of jsr.json. */
  readonly jsr?: Readonly<Record<string, unknown>>;
  /** Files of the package, `src/index.ts` among them. */
  readonly files: Readonly<Record<string, string>>;
}

/** The conditions of one entry, as package.json has them. */
export function conditions(name: string): Readonly<Record<string, string>> {
  return {
    '@stowage/source': `./src/${name}.ts`,
    types: `./dist/${name}.d.ts`,
    default: `./dist/${name}.js`,
  };
}

/** Makes a workspace in a directory that goes when the test is over; packages are called `@made/<folder>`. */
export function makeWorkspace(sketches: Readonly<Record<string, PackageSketch>>): string {
  const root = makeTree({
    'package.json': json({
      name: 'made',
      version: '1.0.0',
      private: true,
      license: 'Apache-2.0',
      type: 'module',
      engines: { node: '>=20' },
      workspaces: ['packages/*'],
      devDependencies: { vitest: '4.1.12' },
    }),
    'deno.json': json({
      workspace: Object.keys(sketches).map((folder) => `./packages/${folder}`),
      nodeModulesDir: 'manual',
    }),
    'tsconfig.json': json({
      references: Object.keys(sketches).map((folder) => ({ path: `./packages/${folder}` })),
    }),
    LICENSE: 'The licence.\n',
  });
  cpSync(join(ROOT, 'tsconfig.base.json'), join(root, 'tsconfig.base.json'));
  mkdirSync(join(root, 'node_modules/@made'), { recursive: true });
  for (const [folder, sketch] of Object.entries(sketches)) {
    writeTree(join(root, 'packages', folder), {
      'package.json': json(manifestOf(folder, sketch)),
      'jsr.json': json(jsrOf(folder, sketch)),
      'README.md': `# @made/${folder}\n`,
      LICENSE: 'The licence.\n',
      ...sketch.files,
    });
    symlinkSync(join(root, 'packages', folder), join(root, 'node_modules/@made', folder));
  }
  return root;
}

/** Writes files into a new directory that goes when the test is over. */
export function makeTree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'stowage-tools-'));
  onTestFinished(() => {
    rmSync(root, { recursive: true, force: true });
  });
  writeTree(root, files);
  return root;
}

/** Writes files below a directory. */
export function writeTree(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function manifestOf(folder: string, sketch: PackageSketch): object {
  const entries = Object.entries({ '.': 'index', ...sketch.entries });
  return {
    name: `@made/${folder}`,
    version: '1.0.0',
    license: 'Apache-2.0',
    type: 'module',
    sideEffects: false,
    engines: { node: '>=20' },
    repository: { type: 'git', url: 'git+https://example.invalid/made.git', directory: `packages/${folder}` },
    files: ['dist', 'src', '!**/*.test.ts', '!**/*.bench.ts', '!dist/**/*.tsbuildinfo'],
    exports: {
      ...Object.fromEntries(entries.map(([subpath, name]) => [subpath, conditions(name)])),
      './package.json': './package.json',
    },
    nx: { tags: [`rank:${String(sketch.rank ?? 0)}`, `runtime:${sketch.runtime ?? 'universal'}`] },
    dependencies: sketch.dependencies,
    ...sketch.manifest,
  };
}

function jsrOf(folder: string, sketch: PackageSketch): object {
  const dependencies = Object.entries(sketch.dependencies ?? {});
  return {
    name: `@made/${folder}`,
    version: '1.0.0',
    license: 'Apache-2.0',
    exports: Object.fromEntries(
      Object.entries({ '.': 'index', ...sketch.entries }).map(([subpath, name]) => [
        subpath,
        `./src/${name}.ts`,
      ]),
    ),
    imports: Object.fromEntries(
      dependencies.map(([name, version]) => [
        name,
        name.startsWith('@made/') ? `jsr:${name}@^${version}` : `npm:${name}@${version}`,
      ]),
    ),
    publish: { include: ['src/**/*.ts', 'README.md', 'LICENSE'], exclude: ['**/*.test.ts', '**/*.bench.ts'] },
    ...sketch.jsr,
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
