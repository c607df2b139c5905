import { fork } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { readCompilerOptions } from './examples.ts';
import type { Example } from './examples.ts';
import { mapWithHands } from './command.ts';
import type { Problem } from './workspace.ts';

const RUNNER = fileURLToPath(new URL('./run-examples.mjs', import.meta.url));

/** How long the examples of one package may take together, in milliseconds. */
const EXAMPLES_TIMEOUT = 20_000;

/** A message of the process that runs examples. */
interface RunnerMessage {
  readonly index?: number;
  readonly error?: string;
  readonly done?: boolean;
}

/** Writes the examples to `.cache/examples/<folder>/<name>.ts`, afresh; gives the path of each. */
export function writeExamples(root: string, examples: readonly Example[]): ReadonlyMap<string, Example> {
  const directory = join(root, '.cache/examples');
  rmSync(directory, { recursive: true, force: true });
  const files = new Map<string, Example>();
  for (const example of examples) {
    const file = join(directory, example.folder, `${example.name}.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, example.code);
    files.set(file, example);
  }
  return files;
}

/** Type-checks examples in one program, as strictly as the sources. */
export function compileExamples(root: string, files: ReadonlyMap<string, Example>): readonly Problem[] {
  const program = ts.createProgram([...files.keys()], readCompilerOptions(root));
  return [...files].flatMap(([file, example]) => {
    const source = program.getSourceFile(file);
    const diagnostics = ts.getPreEmitDiagnostics(program, source);
    return diagnostics.map(({ start = 0, messageText }) => {
      const line = source?.getLineAndCharacterOfPosition(start).line ?? 0;
      const message = `the example does not compile: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
      return { where: `${example.file}:${String(example.line + line)}`, message };
    });
  });
}

/** Runs examples against the built packages: one process for each folder, two at a time, nothing printed. */
export async function runExamples(
  files: ReadonlyMap<string, Example>,
  timeout: number = EXAMPLES_TIMEOUT,
): Promise<readonly Problem[]> {
  const runnable = [...files].filter(([, { runs }]) => runs);
  const folders = new Set(runnable.map(([, { folder }]) => folder));
  const results = await mapWithHands([...folders], 2, (folder) =>
    runFolder(
      runnable.filter(([, example]) => example.folder === folder),
      timeout,
    ),
  );
  return results.flat();
}

function runFolder(entries: readonly (readonly [string, Example])[], timeout: number): Promise<Problem[]> {
  const scripts = entries.map(([file]) => transpile(file));
  const cwd = join(dirname(scripts[0] ?? '.'), 'run');
  mkdirSync(cwd, { recursive: true });

  return new Promise((resolve, reject) => {
    const problems: Problem[] = [];
    let current = 0;
    let done = false;
    let late = false;
    const child = fork(RUNNER, scripts, { cwd, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeout);

    function blame(what: string): void {
      const example = entries[current]?.[1];
      if (example === undefined) return;
      problems.push({
        where: `${example.file}:${String(example.line)}`,
        message: `the example of ${example.name} ${what}`,
      });
    }

    child.on('message', (message: RunnerMessage) => {
      current = message.index ?? current;
      done ||= message.done === true;
      if (message.error !== undefined) blame(`throws: ${message.error}`);
    });
    child.on('error', reject);
    child.on('exit', () => {
      clearTimeout(timer);
      if (late) blame(`was not over after ${String(timeout / 1000)} s; what comes after it was not run`);
      else if (!done) blame('ends the process or waits for ever; what comes after it was not run');
      resolve(problems);
    });
  });
}

function transpile(file: string): string {
  const output = file.replace(/\.ts$/, '.js');
  const source = ts.sys.readFile(file) ?? '';
  const { outputText } = ts.transpileModule(source, {
    fileName: file,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  writeFileSync(output, outputText);
  return output;
}
