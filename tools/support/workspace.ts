import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The targets of one condition map in package.json, conditions in the order in which they are tried. */
export interface ConditionMap {
  readonly [condition: string]: string | ConditionMap;
}

/** The parts of a package.json that the tools read. */
export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly type?: string;
  readonly sideEffects?: boolean;
  readonly engines?: Readonly<Record<string, string>>;
  readonly repository?: { readonly directory?: string };
  readonly files?: readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | ConditionMap>>;
  readonly imports?: Readonly<Record<string, string | ConditionMap>>;
  readonly nx?: { readonly tags?: readonly string[] };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The parts of a jsr.json that the tools read. */
export interface JsrManifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly exports: string | Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, string>>;
  readonly publish?: { readonly include?: readonly string[]; readonly exclude?: readonly string[] };
}

/** One package of the workspace. */
export interface WorkspacePackage {
  /** The name of its folder under `packages/`. */
  readonly folder: string;
  /** The absolute path of that folder. */
  readonly directory: string;
  readonly manifest: PackageManifest;
  readonly jsr: JsrManifest | undefined;
}

/** One thing that is wrong; `where` is a path relative to the root, with a line where there is one. */
export interface Problem {
  readonly where: string;
  readonly message: string;
}

/** Reads a JSON file without checking its shape. */
export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** The packages under `packages/`, sorted by folder. */
export function readPackages(root: string): readonly WorkspacePackage[] {
  const packages = join(root, 'packages');
  return readdirSync(packages)
    .sort()
    .filter((folder) => existsSync(join(packages, folder, 'package.json')))
    .map((folder) => {
      const directory = join(packages, folder);
      const jsr = join(directory, 'jsr.json');
      return {
        folder,
        directory,
        manifest: readJson(join(directory, 'package.json')) as PackageManifest,
        jsr: existsSync(jsr) ? (readJson(jsr) as JsrManifest) : undefined,
      };
    });
}

/** The rank of a package, from its nx tag `rank:N`; undefined unless there is exactly one. */
export function rankOf(manifest: PackageManifest): number | undefined {
  const ranks = (manifest.nx?.tags ?? []).flatMap((tag) => /^rank:(\d+)$/.exec(tag)?.[1] ?? []);
  return ranks.length === 1 ? Number(ranks[0]) : undefined;
}

/** Whether a package also runs outside Node, by its nx tag `runtime:universal`. */
export function isUniversal(manifest: PackageManifest): boolean {
  return manifest.nx?.tags?.includes('runtime:universal') === true;
}

/** The source file of each code entry of a package, by subpath: `{ '.': './src/index.ts' }`. */
export function sourceEntries(manifest: PackageManifest): ReadonlyMap<string, string> {
  const entries = Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) => {
    const source = typeof target === 'string' ? undefined : target['@stowage/source'];
    return typeof source === 'string' ? [[subpath, source] as const] : [];
  });
  return new Map(entries);
}

/** The source file of an `imports` entry (`#platform`) where no runtime is singled out: the web file. */
export function defaultImport(manifest: PackageManifest, specifier: string): string | undefined {
  return defaultTarget(manifest.imports?.[specifier]);
}

function defaultTarget(target: string | ConditionMap | undefined): string | undefined {
  if (typeof target !== 'object') return target;
  return defaultTarget(target['@stowage/source'] ?? target['default']);
}

/** Every TypeScript file below `directory/src`, generated ones included, as absolute paths in order. */
export function sourceFiles(directory: string): readonly string[] {
  const source = join(directory, 'src');
  if (!existsSync(source)) return [];
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(source, file))
    .sort();
}

/** Whether a file holds tests or benches, or helps them; such files are not published. */
export function isTestFile(path: string): boolean {
  return /\.(?:test|bench)\.[a-z.]+$|[\\/](?:test-support|testing)[\\/]/.test(path);
}

/** A path as problems name it. */
export function relativePath(root: string, path: string): string {
  return relative(root, path).replaceAll('\\', '/');
}

/** Prints the problems of a gate, or one line when there are none, and gives the exit code. */
export function report(gate: string, problems: readonly Problem[]): number {
  const lines = problems.map(({ where, message }) => `${where}: ${message}`);
  const { compare } = new Intl.Collator('en', { numeric: true });
  for (const line of lines.sort(compare)) console.log(line);
  console.log(
    problems.length === 0 ? `${gate}: nothing found` : `${gate}: ${String(problems.length)} problems`,
  );
  return problems.length === 0 ? 0 : 1;
}
