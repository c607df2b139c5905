import { RUNTIMES, findProgram } from '../../../tools/programs.mjs';

/** How a runtime is spoken to. */
export type RuntimeKind = 'node' | 'deno' | 'bun' | 'chromium';

/** A runtime that is there to run things in. */
export interface Runtime {
  /** `node` is the one that runs the tests (Node 20 in CI); the others carry their major version, or stand alone. */
  readonly name: string;
  readonly kind: RuntimeKind;
  /** The full path of its program. */
  readonly path: string;
  /** What goes between the program and the path of a script; Chromium takes pages, no scripts. */
  readonly scriptArguments: readonly string[];
}

/** Every runtime that Stowage is tested in, by name. */
export const RUNTIME_NAMES: readonly string[] = ['node', ...RUNTIMES, 'chromium'];

const SCRIPT_ARGUMENTS: Readonly<Record<RuntimeKind, readonly string[]>> = {
  node: [],
  deno: ['run', '--quiet', '--allow-all', '--no-lock'],
  bun: ['run'],
  chromium: [],
};

/** Finds the runtimes of this machine, in the order of {@link RUNTIME_NAMES}; what is missing is left out. */
export function findRuntimes(): readonly Runtime[] {
  return RUNTIME_NAMES.flatMap((name) => {
    const path = name === 'node' ? process.execPath : findProgram(name);
    if (path === undefined) return [];
    const kind = kindOf(name);
    return [{ name, kind, path, scriptArguments: SCRIPT_ARGUMENTS[kind] }];
  });
}

function kindOf(name: string): RuntimeKind {
  return name === 'deno' || name === 'bun' || name === 'chromium' ? name : 'node';
}
