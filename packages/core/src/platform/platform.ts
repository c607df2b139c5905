import type * as nodeCrypto from 'node:crypto';
import type * as nodeZlib from 'node:zlib';

// The one file that knows which runtime this is. Nothing here runs before it is called.

interface BuiltinModules {
  'node:crypto': typeof nodeCrypto;
  'node:zlib': typeof nodeZlib;
}

interface NodeLikeProcess {
  readonly arch?: string;
  getBuiltinModule?(name: string): unknown;
}

/** The `process` of Node, Deno and Bun; `undefined` in a page. */
export function runtimeProcess(): NodeLikeProcess | undefined {
  return (globalThis as { process?: NodeLikeProcess }).process;
}

/** Whether this is Deno. */
export function isDeno(): boolean {
  return 'Deno' in globalThis;
}

/** A module of Node's where the runtime has it: Node, Deno, Bun; not a page. */
export function builtinModule<Name extends keyof BuiltinModules>(
  name: Name,
): BuiltinModules[Name] | undefined {
  return runtimeProcess()?.getBuiltinModule?.(name) as BuiltinModules[Name] | undefined;
}

/** The shortest module there is: magic number and version. */
const EMPTY_MODULE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00] as const;

/** Whether WebAssembly is there and may be compiled; a page's Content-Security-Policy can forbid it. */
export function allowsWebAssembly(): boolean {
  try {
    // validate() is let through by every policy: only compiling tells.
    return new WebAssembly.Module(Uint8Array.from(EMPTY_MODULE)) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
}
