// Checks the order of the packages: a package uses packages of a lower rank only, declares what it uses and uses
// what it declares, and its main entry reaches no module of Node by static imports.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { isNodeModule, packageOf, parseImports } from './support/imports.ts';
import type { ModuleImport } from './support/imports.ts';
import {
  defaultImport,
  isTestFile,
  isUniversal,
  rankOf,
  readJson,
  readPackages,
  relativePath,
  report,
  sourceEntries,
  sourceFiles,
} from './support/workspace.ts';
import type { PackageManifest, Problem, WorkspacePackage } from './support/workspace.ts';

/** Everything in the workspace below `root` that breaks the order of the packages. */
export function checkBoundaries(root: string): readonly Problem[] {
  const workspace = new Workspace(root);
  return workspace.packages.flatMap((item) => [
    ...checkManifest(workspace, item),
    ...checkFiles(workspace, item),
    ...checkEntries(workspace, item),
  ]);
}

/** The packages by name, and the imports of their files, each parsed once. */
class Workspace {
  readonly packages: readonly WorkspacePackage[];
  readonly byName: ReadonlyMap<string, WorkspacePackage>;
  /** What tests may use without their package declaring it: the tools of the root. */
  readonly testDependencies: ReadonlySet<string>;
  readonly #root: string;
  readonly #imports = new Map<string, readonly ModuleImport[]>();

  constructor(root: string) {
    this.#root = root;
    this.packages = readPackages(root);
    this.byName = new Map(this.packages.map((item) => [item.manifest.name, item]));
    const { devDependencies = {} } = readJson(join(root, 'package.json')) as PackageManifest;
    this.testDependencies = new Set(Object.keys(devDependencies));
  }

  importsOf(file: string): readonly ModuleImport[] {
    const known = this.#imports.get(file);
    if (known !== undefined) return known;
    const found = parseImports(file, readFileSync(file, 'utf8'));
    this.#imports.set(file, found);
    return found;
  }

  path(file: string): string {
    return relativePath(this.#root, file);
  }
}

function declaredDependencies({
  dependencies,
  optionalDependencies,
  peerDependencies,
}: PackageManifest): string[] {
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
}

/** Says why a package of rank `from` may not use one of rank `to`; undefined when it may. */
function rankBreach(from: WorkspacePackage, to: WorkspacePackage): string | undefined {
  const [own, other] = [rankOf(from.manifest), rankOf(to.manifest)];
  if (own === undefined || other === undefined || other < own) return undefined;
  const relation = other === own ? 'a sibling of the same rank' : 'of a higher rank';
  return `${from.manifest.name} (rank ${String(own)}) may not use ${to.manifest.name}, ${relation} (${String(other)})`;
}

function checkManifest(workspace: Workspace, item: WorkspacePackage): Problem[] {
  const where = workspace.path(join(item.directory, 'package.json'));
  const problems: Problem[] = [];
  if (rankOf(item.manifest) === undefined)
    problems.push({ where, message: 'nx.tags has not exactly one rank:N' });

  const files = sourceFiles(item.directory).filter((file) => !isTestFile(file));
  const used = new Set(
    files.flatMap((file) => workspace.importsOf(file).map((found) => packageOf(found.specifier))),
  );
  for (const name of declaredDependencies(item.manifest)) {
    const other = workspace.byName.get(name);
    const breach = other === undefined ? undefined : rankBreach(item, other);
    if (breach !== undefined) problems.push({ where, message: `dependencies: ${breach}` });
    if (!used.has(name)) problems.push({ where, message: `${name} is a dependency but never imported` });
  }
  return problems;
}

function checkFiles(workspace: Workspace, item: WorkspacePackage): Problem[] {
  return sourceFiles(item.directory).flatMap((file) =>
    workspace.importsOf(file).flatMap((found) => {
      const message = importBreach(workspace, item, file, found);
      return message === undefined
        ? []
        : [{ where: `${workspace.path(file)}:${String(found.line)}`, message }];
    }),
  );
}

function importBreach(
  workspace: Workspace,
  item: WorkspacePackage,
  file: string,
  { specifier }: ModuleImport,
): string | undefined {
  if (specifier.startsWith('.')) {
    const target = resolve(dirname(file), specifier);
    const inside = target.startsWith(join(item.directory, 'src') + sep);
    const fixture = isTestFile(file) && workspace.path(target).startsWith('test/fixtures/');
    return inside || fixture
      ? undefined
      : `'${specifier}' leaves the package; import by the name of the other package`;
  }
  if (specifier.startsWith('#')) {
    const declared = item.manifest.imports?.[specifier] !== undefined;
    return declared ? undefined : `'${specifier}' is not in the imports of package.json`;
  }
  const name = packageOf(specifier);
  if (name === undefined) return undefined;

  if (name === item.manifest.name) {
    return isTestFile(file)
      ? undefined
      : `'${specifier}' is this package itself; import the file by its path`;
  }
  const other = workspace.byName.get(name);
  if (other !== undefined) {
    const breach = rankBreach(item, other);
    if (breach !== undefined) return breach;
    const subpath = `.${specifier.slice(name.length)}`;
    if (!sourceEntries(other.manifest).has(subpath)) return `${name} does not export '${subpath}'`;
  }
  return isDeclared(workspace, item, file, name)
    ? undefined
    : `${name} is not in the dependencies of package.json`;
}

function isDeclared(workspace: Workspace, item: WorkspacePackage, file: string, name: string): boolean {
  if (declaredDependencies(item.manifest).includes(name)) return true;
  if (!isTestFile(file)) return false;
  return item.manifest.devDependencies?.[name] !== undefined || workspace.testDependencies.has(name);
}

/** Every entry of a universal package but `./node` must load where there is no Node. */
function checkEntries(workspace: Workspace, item: WorkspacePackage): Problem[] {
  if (!isUniversal(item.manifest)) return [];
  return [...sourceEntries(item.manifest)]
    .filter(([subpath]) => subpath !== './node' && !subpath.startsWith('./node/'))
    .flatMap(([, source]) => reachNode(workspace, item, join(item.directory, source)));
}

/** Follows the static imports of an entry, `#platform` taken for its web file, and tells where they reach Node. */
function reachNode(workspace: Workspace, item: WorkspacePackage, entry: string): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>([entry]);
  const queue = [{ owner: item, file: entry, chain: workspace.path(entry) }];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (!existsSync(next.file)) continue;
    for (const { specifier, line, kind } of workspace.importsOf(next.file)) {
      if (kind !== 'static') continue;
      if (isNodeModule(specifier)) {
        const message = `static import of '${specifier}' is reachable from a main entry: ${next.chain}`;
        problems.push({ where: `${workspace.path(next.file)}:${String(line)}`, message });
        continue;
      }
      const target = resolveSource(workspace, next.owner, next.file, specifier);
      if (target === undefined || seen.has(target.file)) continue;
      seen.add(target.file);
      queue.push({ ...target, chain: `${next.chain} -> ${workspace.path(target.file)}` });
    }
  }
  return problems;
}

function resolveSource(
  workspace: Workspace,
  owner: WorkspacePackage,
  file: string,
  specifier: string,
): { readonly owner: WorkspacePackage; readonly file: string } | undefined {
  if (specifier.startsWith('.')) return { owner, file: resolve(dirname(file), specifier) };
  if (specifier.startsWith('#')) {
    const target = defaultImport(owner.manifest, specifier);
    return target === undefined ? undefined : { owner, file: join(owner.directory, target) };
  }
  const name = packageOf(specifier) ?? '';
  const other = workspace.byName.get(name);
  const source = other && sourceEntries(other.manifest).get(`.${specifier.slice(name.length)}`);
  return other && source !== undefined ? { owner: other, file: join(other.directory, source) } : undefined;
}

/** Runs the gate over the working directory. */
export function main(): number {
  return report('check-boundaries', checkBoundaries(process.cwd()));
}
