import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { readPackages, relativePath, sourceEntries } from './workspace.ts';
import type { Problem, WorkspacePackage } from './workspace.ts';

/** One block of TypeScript from a docstring or a page. */
export interface Example {
  /** The folder of the package that it belongs to; `docs` for pages of the whole. */
  readonly folder: string;
  /** The exported symbol, or the page and the number of the block. */
  readonly name: string;
  /** The file that it stands in, relative to the root. */
  readonly file: string;
  /** The line of that file that the code begins in, 1-based. */
  readonly line: number;
  readonly code: string;
  /** Whether it is run; examples of pages may need a registry and are only compiled. */
  readonly runs: boolean;
}

/** What a walk over the exports of all packages found. */
export interface Documentation {
  readonly problems: readonly Problem[];
  readonly examples: readonly Example[];
}

/** The compiler options of the workspace, set to check and not to emit. */
export function readCompilerOptions(root: string): ts.CompilerOptions {
  const base = ts.parseConfigFileTextToJson('', readFileSync(join(root, 'tsconfig.base.json'), 'utf8'));
  const { compilerOptions } = base.config as { readonly compilerOptions: object };
  const checkOnly = {
    ...compilerOptions,
    types: ['node'],
    noEmit: true,
    composite: false,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
    rewriteRelativeImportExtensions: false,
    moduleDetection: 'force',
    // An example may stop at showing how a value is made.
    noUnusedLocals: false,
  };
  return ts.convertCompilerOptionsFromJson(checkOnly, root).options;
}

/**
 * Walks the exports of every entry of every package. A symbol without a docstring, and a function, class or value
 * without an example, is a problem. What is exported again from another package is described there.
 */
export function readDocumentation(root: string): Documentation {
  const packages = readPackages(root);
  const entries = packages.flatMap((item) =>
    [...sourceEntries(item.manifest).values()].map((source) => ({
      item,
      file: join(item.directory, source),
    })),
  );
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    readCompilerOptions(root),
  );
  const checker = program.getTypeChecker();
  const problems: Problem[] = [];
  const examples: Example[] = [];
  const seen = new Set<ts.Symbol>();
  for (const { item, file } of entries) {
    const module = program.getSourceFile(file);
    const symbol = module === undefined ? undefined : checker.getSymbolAtLocation(module);
    for (const exported of symbol === undefined ? [] : checker.getExportsOfModule(symbol)) {
      const target = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (seen.has(target)) continue;
      seen.add(target);
      const found = describe(root, item, exported.name, target, checker);
      problems.push(...found.problems);
      examples.push(...found.examples);
    }
  }
  return { problems, examples };
}

function describe(
  root: string,
  item: WorkspacePackage,
  name: string,
  symbol: ts.Symbol,
  checker: ts.TypeChecker,
): Documentation {
  const declarations = (symbol.declarations ?? []).filter((declaration) =>
    relativePath(root, declaration.getSourceFile().fileName).startsWith(`packages/${item.folder}/`),
  );
  const [first] = declarations;
  if (first === undefined) return { problems: [], examples: [] };

  const source = first.getSourceFile();
  const where = `${relativePath(root, source.fileName)}:${String(lineOf(source, first.getStart(source)))}`;
  const problems: Problem[] = [];
  if (ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() === '') {
    problems.push({ where, message: `${name} has no docstring` });
  }
  const tags = declarations.flatMap((declaration) =>
    ts.getJSDocTags(declaration).filter(({ tagName }) => tagName.text === 'example'),
  );
  const examples = tags.flatMap((tag) => {
    const file = tag.getSourceFile();
    return readBlocks(file.text.slice(tag.pos, tag.end)).map((block) => ({
      folder: item.folder,
      file: relativePath(root, file.fileName),
      line: lineOf(file, tag.pos) + block.line,
      code: block.code,
      runs: true,
    }));
  });
  const isValue = symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class | ts.SymbolFlags.Variable);
  if (isValue && examples.length === 0) {
    problems.push({ where, message: `${name} has no @example with a ts block` });
  }
  return { problems, examples: number(name, examples) };
}

function lineOf(source: ts.SourceFile, position: number): number {
  return source.getLineAndCharacterOfPosition(position).line + 1;
}

function number(name: string, examples: readonly Omit<Example, 'name'>[]): Example[] {
  return examples.map((example, index) => ({
    ...example,
    name: index === 0 ? name : `${name}-${String(index + 1)}`,
  }));
}

/** The examples of a page in Markdown. */
export function readPage(root: string, file: string, folder: string): readonly Example[] {
  const page = file.split('/').at(-1)?.replace(/\.md$/, '') ?? file;
  const blocks = readBlocks(readFileSync(join(root, file), 'utf8'));
  return number(
    page,
    blocks.map(({ line, code }) => ({ folder, file, line: line + 1, code, runs: false })),
  );
}

/** The ```ts blocks of a docstring or a page; `line` counts from the first line of the text, from 0. */
export function readBlocks(text: string): readonly { readonly line: number; readonly code: string }[] {
  const blocks: { line: number; code: string }[] = [];
  let open: { line: number; lines: string[] } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/^\s*\* ?/, '');
    if (open === undefined) {
      if (/^```ts\b/.test(line)) open = { line: index + 1, lines: [] };
    } else if (line.startsWith('```')) {
      blocks.push({ line: open.line, code: `${open.lines.join('\n')}\n` });
      open = undefined;
    } else {
      open.lines.push(line);
    }
  }
  return blocks;
}
