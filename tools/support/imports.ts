import { isBuiltin } from 'node:module';
import ts from 'typescript';

/** One mention of another module in a source file. */
export interface ModuleImport {
  readonly specifier: string;
  /** 1-based. */
  readonly line: number;
  /** `static` runs when the module is loaded, `dynamic` when it is called for, `type` never. */
  readonly kind: 'static' | 'dynamic' | 'type';
}

/** Finds every import in a TypeScript source: import, export from, `import()`, `import type`, `import('x').T`. */
export function parseImports(fileName: string, text: string): readonly ModuleImport[] {
  const source = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS);
  const found: ModuleImport[] = [];

  function add(node: ts.Node, specifier: ts.Node | undefined, kind: ModuleImport['kind']): void {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    found.push({ specifier: specifier.text, line, kind });
  }

  function visit(node: ts.Node): void {
    if (ts.isImportDeclaration(node)) {
      const isType = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
      add(node, node.moduleSpecifier, isType ? 'type' : 'static');
    } else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static');
    } else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, 'type');
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], 'dynamic');
    }
    ts.forEachChild(node, visit);
  }

  visit(source);
  return found;
}

/** The package that a specifier names, or undefined for relative paths, `#imports` and modules of Node. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('#') || isNodeModule(specifier)) return undefined;
  const [scope = '', name] = specifier.split('/');
  return scope.startsWith('@') && name !== undefined ? `${scope}/${name}` : scope;
}

/** Whether a specifier names a module of Node itself. */
export function isNodeModule(specifier: string): boolean {
  return specifier.startsWith('node:') || isBuiltin(specifier);
}
