// Checks that the descriptions of the packages agree: package.json with jsr.json, with the root and with the files.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isNodeModule, packageOf, parseImports } from './support/imports.ts';
import {
  isTestFile,
  readJson,
  readPackages,
  report,
  sourceEntries,
  sourceFiles,
} from './support/workspace.ts';
import type {
  ConditionMap,
  JsrManifest,
  PackageManifest,
  Problem,
  WorkspacePackage,
} from './support/workspace.ts';

/** Conditions of an entry, in the order in which they must stand: the first that matches wins. */
const CONDITIONS = ['@stowage/source', 'types', 'default'];

/** Everything in the descriptions of the packages below `root` that does not agree. */
export function checkExports(root: string): readonly Problem[] {
  const packages = readPackages(root);
  const manifest = readJson(join(root, 'package.json')) as PackageManifest;
  const names = new Set(packages.map((item) => item.manifest.name));
  return [
    ...packages.flatMap((item) => {
      const say = (file: string, messages: readonly string[]): Problem[] =>
        messages.map((message) => ({ where: `packages/${item.folder}/${file}`, message }));
      return [
        ...say('package.json', checkManifest(manifest, item, names)),
        ...say('package.json', checkTargets(item)),
        ...say('jsr.json', item.jsr === undefined ? ['is missing'] : checkJsr(item, item.jsr, names)),
        ...say('LICENSE', sameText(join(root, 'LICENSE'), join(item.directory, 'LICENSE'))),
        ...say('README.md', existsSync(join(item.directory, 'README.md')) ? [] : ['is missing']),
      ];
    }),
    ...checkMembers(root, packages),
  ];
}

/** One message unless the two are equal. */
function same(title: string, found: unknown, wanted: unknown): string[] {
  const [is, shouldBe] = [found, wanted].map((value) =>
    value === undefined ? 'missing' : JSON.stringify(value),
  );
  return is === shouldBe ? [] : [`${title} is ${String(is)}, should be ${String(shouldBe)}`];
}

function sameText(original: string, copy: string): string[] {
  if (!existsSync(copy)) return ['is missing'];
  return readFileSync(copy, 'utf8') === readFileSync(original, 'utf8')
    ? []
    : ['differs from the one at the root'];
}

function checkManifest(root: PackageManifest, item: WorkspacePackage, names: ReadonlySet<string>): string[] {
  const { manifest } = item;
  const dependencies = Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies });
  const files = manifest.files ?? [];
  return [
    ...same('version', manifest.version, root.version),
    ...same('license', manifest.license, root.license),
    ...same('type', manifest.type, 'module'),
    ...same('sideEffects', manifest.sideEffects, false),
    ...same('engines', manifest.engines, root.engines),
    ...same('repository.directory', manifest.repository?.directory, `packages/${item.folder}`),
    ...dependencies
      .filter(([name]) => names.has(name))
      .flatMap(([name, version]) => same(`the version of ${name}`, version, root.version)),
    ...['dist', 'src', '!**/*.test.ts', '!**/*.bench.ts', '!dist/**/*.tsbuildinfo']
      .filter((pattern) => !files.includes(pattern))
      .map((pattern) => `files lacks '${pattern}'`),
    ...Object.entries(manifest.bin ?? {})
      .filter(([, target]) => !existsSync(join(item.directory, sourceOf(target))))
      .map(([name, target]) => `bin ${name} has no source ${sourceOf(target)}`),
  ];
}

/** The source of a file that tsc puts into `dist`, or the bundler into `dist-command`. */
function sourceOf(target: string): string {
  return target.replace(/^(?:\.\/)?dist(?:-command)?\//, './src/').replace(/\.js$/, '.ts');
}

function checkTargets({ manifest, directory }: WorkspacePackage): string[] {
  const { './package.json': itself, ...entries } = manifest.exports ?? {};
  return [
    ...same("exports './package.json'", itself, './package.json'),
    ...(entries['.'] === undefined ? ["exports has no '.'"] : []),
    ...Object.entries(entries).flatMap(([subpath, target]) =>
      checkTarget(`exports '${subpath}'`, target, directory),
    ),
    ...Object.entries(manifest.imports ?? {}).flatMap(([name, target]) => [
      ...checkTarget(`imports '${name}'`, target, directory),
      ...(typeof target === 'object' && Object.keys(target).at(-1) !== 'default'
        ? [`imports '${name}' does not end in default`]
        : []),
    ]),
  ];
}

/** Checks one map of conditions, or each of the maps that it holds for single runtimes. */
function checkTarget(title: string, target: string | ConditionMap, directory: string): string[] {
  if (typeof target === 'string') return [`${title} has no conditions`];
  const source = target['@stowage/source'];
  if (source === undefined) {
    return Object.entries(target).flatMap(([name, inner]) =>
      checkTarget(`${title} ${name}`, inner, directory),
    );
  }
  if (typeof source !== 'string' || !/^\.\/src\/.*\.ts$/.test(source))
    return [`${title} has a source outside src`];
  const output = source.replace('./src/', './dist/').slice(0, -'.ts'.length);
  return [
    ...same(`the conditions of ${title}`, Object.keys(target), CONDITIONS),
    ...same(`${title} types`, target['types'], `${output}.d.ts`),
    ...same(`${title} default`, target['default'], `${output}.js`),
    ...(existsSync(join(directory, source)) ? [] : [`${title} names ${source}, which is missing`]),
  ];
}

function checkJsr(item: WorkspacePackage, jsr: JsrManifest, names: ReadonlySet<string>): string[] {
  const { manifest } = item;
  const exports = typeof jsr.exports === 'string' ? { '.': jsr.exports } : jsr.exports;
  const { include = [], exclude = [] } = jsr.publish ?? {};
  return [
    ...same('name', jsr.name, jsrName(manifest.name)),
    ...same('version', jsr.version, manifest.version),
    ...same('license', jsr.license, manifest.license),
    ...same('exports', sorted(exports), sorted(Object.fromEntries(sourceEntries(manifest)))),
    ...['src/**/*.ts', 'README.md', 'LICENSE']
      .filter((pattern) => !include.includes(pattern))
      .map((pattern) => `publish.include lacks '${pattern}'`),
    ...['**/*.test.ts', '**/*.bench.ts']
      .filter((pattern) => !exclude.includes(pattern))
      .map((pattern) => `publish.exclude lacks '${pattern}'`),
    ...checkJsrImports(item, jsr.imports ?? {}, names),
  ];
}

/** JSR has scoped names only. */
function jsrName(name: string): string {
  return name.startsWith('@') ? name : `@stowage/${name}`;
}

function sorted(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => a.localeCompare(b)));
}

function checkJsrImports(
  { manifest, directory }: WorkspacePackage,
  imports: Readonly<Record<string, string>>,
  names: ReadonlySet<string>,
): string[] {
  const dependencies = { ...manifest.dependencies, ...manifest.peerDependencies };
  const used = new Set(
    sourceFiles(directory)
      .filter((file) => !isTestFile(file))
      .flatMap((file) => parseImports(file, readFileSync(file, 'utf8')).map(({ specifier }) => specifier))
      .filter((specifier) => !specifier.startsWith('.') && !isNodeModule(specifier)),
  );
  const covers = (specifier: string): boolean =>
    specifier in imports || (packageOf(specifier) ?? specifier) in imports;
  return [
    ...[...used].filter((specifier) => !covers(specifier)).map((specifier) => `imports lacks '${specifier}'`),
    ...Object.entries(imports).flatMap(([specifier, target]) => {
      if (specifier.startsWith('#')) {
        // JSR has no conditions, so one of the files stands for all runtimes.
        const sources = sourcesOf(manifest.imports?.[specifier]);
        return sources.includes(target)
          ? []
          : [`imports '${specifier}' is ${target}, none of ${sources.join(', ')}`];
      }
      const name = packageOf(specifier) ?? specifier;
      const version = dependencies[name];
      if (version === undefined) return [`imports '${specifier}', which package.json does not depend on`];
      const subpath = specifier.slice(name.length);
      const wanted = names.has(name)
        ? `jsr:${jsrName(name)}@^${version}${subpath}`
        : `npm:${name}@${version}${subpath}`;
      return same(`imports '${specifier}'`, target, wanted);
    }),
    ...Object.keys(dependencies)
      .filter((name) => !Object.keys(imports).some((specifier) => packageOf(specifier) === name))
      .map((name) => `imports lacks ${name}, a dependency in package.json`),
  ];
}

/** Every source that a map of conditions can lead to. */
function sourcesOf(target: string | ConditionMap | undefined): string[] {
  if (target === undefined || typeof target === 'string') return [];
  const source = target['@stowage/source'];
  return typeof source === 'string' ? [source] : [...new Set(Object.values(target).flatMap(sourcesOf))];
}

/** Deno's workspace and the TypeScript build must list the same packages as npm. */
function checkMembers(root: string, packages: readonly WorkspacePackage[]): Problem[] {
  const wanted = packages.map(({ folder }) => `./packages/${folder}`).sort();
  const deno = readJson(join(root, 'deno.json')) as { readonly workspace?: readonly string[] };
  const { references = [] } = readJson(join(root, 'tsconfig.json')) as {
    readonly references?: readonly { readonly path: string }[];
  };
  const built = references.map(({ path }) => path).filter((path) => path.startsWith('./packages/'));
  const say = (where: string, messages: readonly string[]): Problem[] =>
    messages.map((message) => ({ where, message }));
  return [
    ...say('deno.json', same('workspace', [...(deno.workspace ?? [])].sort(), wanted)),
    ...say('tsconfig.json', same('the list of packages', built.sort(), wanted)),
  ];
}

/** Runs the gate over the working directory. */
export function main(): number {
  return report('check-exports', checkExports(process.cwd()));
}
